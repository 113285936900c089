// A model's chat template: messages to the prompt that the model was trained on.
//
// The prompt comes out in spans that say who wrote what. Only kTemplate text may be tokenised with
// special tokens parsed: what a message says, be it the operator's or a row's, is never more than
// text,
// `<|im_end|>` included, whatever the template does to it (trim, replace, split, slice, upper,
// tojson).
//
// What it is not: a choice of template for models that have none, or a tokeniser. Tools and
// documents are None, as they are in Transformers where a caller passes none. Specification: the
// templates' language is the subset of Jinja 3.1 in text/jinja_*.h, under the settings of
// Transformers' apply_chat_template (trim_blocks, lstrip_blocks, sandbox, loop controls).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "text/jinja_ast.h"
#include "text/jinja_date.h"
#include "text/jinja_interpreter.h"
#include "text/prompt_span.h"

namespace rowmill {

struct ChatMessage {
  // `system`, `user`, `assistant`, `tool` and `developer` are taken for the template's own words.
  // Any other role has come from data and has the origin kRow.
  std::string role;
  // A span of origin kTemplate is taken for kPrompt: a message cannot speak for the template.
  std::vector<PromptSpan> content;
};

// Whether the prompt ends with the words that open the assistant's answer.
enum class AddGenerationPrompt : uint8_t { kNo, kYes };

struct ChatTemplateOptions {
  // What error texts call the template; better "the chat template of MODEL".
  std::string name = "the chat template";
  // What strftime_now() says: text/jinja_date.h.
  JinjaDate date;
  // Further variables that some models' templates read. Only those of ChatKeywords() can be set.
  std::vector<std::pair<std::string, std::variant<bool, std::string>>> keywords;
  JinjaLimits limits;
};

// The names that ChatTemplateOptions::keywords may hold.
std::span<const std::string_view> ChatKeywords();

class ChatTemplate {
 public:
  // Throws ModelError where the template is broken or uses what is not supported, and UsageError
  // where an option is not one. A token that the model does not have is an empty string, and
  // undefined in the template. Const from then on and used by all units at once.
  static ChatTemplate Parse(std::string_view source, std::string_view bos_token,
                            std::string_view eos_token, ChatTemplateOptions options = {});

  // Neighbouring spans differ in origin. Throws ModelError where the template refuses the messages
  // (roles that do not alternate, a system message that the model does not have) or a limit is hit.
  std::vector<PromptSpan> Render(std::span<const ChatMessage> messages,
                                 AddGenerationPrompt add_generation_prompt) const;

  // The same for rows that were made elsewhere, where a refusal spoils one row only: `error` is
  // what Render would throw, empty where all is well.
  struct Rendering {
    std::vector<PromptSpan> spans;
    std::string error;
  };
  Rendering TryRender(std::span<const ChatMessage> messages,
                      AddGenerationPrompt add_generation_prompt) const;

 private:
  ChatTemplate() = default;

  std::shared_ptr<const JinjaProgram> program_;
  ChatTemplateOptions options_;
  std::string bos_token_;
  std::string eos_token_;
};

}  // namespace rowmill
