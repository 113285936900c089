// What a person says about prompts, the same for all tasks that have one. Filled by the command
// line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "prep/clean_options.h"

namespace rowmill {

class ChatTemplate;
class Encoder;
class EncoderDecoder;
class ImageModel;
class Redactor;
class Tokenizer;
class Whisper;

// What a task needs of a loaded model. The owner (tasks/loaded_model.h) outlives the task.
struct TaskModel {
  const Tokenizer* tokenizer = nullptr;
  const ChatTemplate* chat_template = nullptr;      // null where the model has none
  std::string chat_template_error;                  // why the model has one that cannot be used
  size_t max_seq_len = 0;                           // positions
  const Encoder* encoder = nullptr;                 // null where the model is no encoder
  std::string sha256;                               // of the model
  const EncoderDecoder* encoder_decoder = nullptr;  // null where it is none
  const ImageModel* image_model = nullptr;          // null where it is none; it has no tokeniser
  const Whisper* whisper = nullptr;                 // likewise
};

enum class PromptMode : uint8_t {
  kAuto,  // kChat where the model has a chat template, unless the task's own prompt is a raw one
  kChat,  // the prompt is the user's message in the model's chat template
  kRaw,   // the prompt is what the model continues
};

// What happens to a row whose prompt is too long.
enum class Overflow : uint8_t {
  kError,  // it is not run
  kHead,   // the beginning of the row's text is left out
  kTail,   // the end of the row's text is left out
};

// A message of a chat that comes before the prompt.
struct PromptTurn {
  std::string role;    // system, user or assistant
  std::string source;  // a prompt template
};

struct PromptOptions {
  // --text: the column that {{text}} stands for. Empty: the column `text`.
  std::string text_column;
  // A name that prompts may use besides columns: the task puts its value into
  // PrepareScratch::supplied. Empty: none.
  std::string supplied_column;
  // --prompt or the content of --prompt-file; nothing: the task's own prompt.
  std::optional<std::string> prompt;
  std::string prompt_name = "--prompt";  // what error texts call it: the option or the file
  std::optional<std::string> system;     // --system
  std::vector<PromptTurn> history;       // behind the system message, before the prompt
  PromptMode mode = PromptMode::kAuto;   // --raw-prompt: kRaw
  CleanOptions clean;                    // --clean
  // --redact: what it finds is replaced after cleaning; null where nothing is asked for.
  std::shared_ptr<const Redactor> redactor;
  Overflow overflow = Overflow::kError;
  size_t max_context = 0;  // tokens, prompt and answer; 0: what the model was trained for
};

}  // namespace rowmill
