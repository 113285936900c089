#include "text/chat_template.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "text/jinja_parser.h"
#include "text/jinja_string.h"

namespace rowmill {
namespace {

using Origin = PromptSpan::Origin;

constexpr std::array<std::string_view, 5> kRoles = {"system", "user", "assistant", "tool",
                                                    "developer"};

// What published templates read beyond the messages: Qwen 3, SmolLM3 and others `enable_thinking`;
// DeepSeek V3.1 and Granite `thinking`; gpt-oss `reasoning_effort` and `model_identity`; Llama 3
// `date_string`. None of them is a name that this file sets itself.
constexpr std::array<std::string_view, 5> kKeywords = {
    "enable_thinking", "thinking", "reasoning_effort", "model_identity", "date_string"};

Origin RoleOrigin(std::string_view role) {
  const bool is_known = std::find(kRoles.begin(), kRoles.end(), role) != kRoles.end();
  return is_known ? Origin::kTemplate : Origin::kRow;
}

JinjaText ContentOf(const ChatMessage& message) {
  size_t size = 0;
  for (const PromptSpan& span : message.content) {
    size += span.text.size();
    CheckJinjaTextSize(size);
  }
  JinjaText content;
  for (const PromptSpan& span : message.content) {
    content.Append(span.text, span.origin == Origin::kTemplate ? Origin::kPrompt : span.origin);
  }
  return content;
}

JinjaValue MakeMessages(std::span<const ChatMessage> messages) {
  const JinjaValue role_key = JinjaValue::Text("role", Origin::kTemplate);
  const JinjaValue content_key = JinjaValue::Text("content", Origin::kTemplate);
  std::vector<JinjaValue> out;
  out.reserve(messages.size());
  JinjaBudget budget(2 * messages.size() + 16);
  for (const ChatMessage& message : messages) {
    CheckJinjaTextSize(message.role.size());
    out.push_back(
        JinjaValue::Dict({{role_key, JinjaValue::Text(message.role, RoleOrigin(message.role))},
                          {content_key, ContentOf(message)}},
                         budget));
  }
  return JinjaValue::List(std::move(out));
}

void CheckKeywords(const ChatTemplateOptions& options) {
  for (const auto& [name, value] : options.keywords) {
    if (std::find(kKeywords.begin(), kKeywords.end(), name) != kKeywords.end()) continue;
    std::string message = "`" + name + "` is not an option of chat templates; there are: ";
    for (size_t i = 0; i < kKeywords.size(); ++i) {
      message += (i == 0 ? "" : ", ") + std::string(kKeywords[i]);
    }
    throw UsageError(message);
  }
}

JinjaValue KeywordValue(const std::variant<bool, std::string>& value) {
  if (const bool* boolean = std::get_if<bool>(&value)) return *boolean;
  return JinjaValue::Text(std::get<std::string>(value), Origin::kPrompt);
}

}  // namespace

std::span<const std::string_view> ChatKeywords() { return kKeywords; }

ChatTemplate ChatTemplate::Parse(std::string_view source, std::string_view bos_token,
                                 std::string_view eos_token, ChatTemplateOptions options) {
  CheckKeywords(options);
  CheckJinjaDate(options.date);
  ChatTemplate out;
  out.program_ = std::make_shared<const JinjaProgram>(ParseJinja(source, options.name));
  out.options_ = std::move(options);
  out.bos_token_ = bos_token;
  out.eos_token_ = eos_token;
  return out;
}

std::vector<PromptSpan> ChatTemplate::Render(std::span<const ChatMessage> messages,
                                             AddGenerationPrompt add_generation_prompt) const {
  JinjaVariables variables;
  try {
    variables.emplace_back("messages", MakeMessages(messages));
  } catch (const JinjaFailure& failure) {
    throw ModelError(options_.name + ": " + failure.message);
  }
  variables.emplace_back("add_generation_prompt",
                         add_generation_prompt == AddGenerationPrompt::kYes);
  variables.emplace_back("tools", JinjaNone());
  variables.emplace_back("documents", JinjaNone());
  if (!bos_token_.empty()) {
    variables.emplace_back("bos_token", JinjaValue::Text(bos_token_, Origin::kTemplate));
  }
  if (!eos_token_.empty()) {
    variables.emplace_back("eos_token", JinjaValue::Text(eos_token_, Origin::kTemplate));
  }
  for (const auto& [name, value] : options_.keywords) {
    variables.emplace_back(name, KeywordValue(value));
  }
  return JinjaInterpreter(*program_, options_.date, options_.limits).Run(variables).Spans();
}

ChatTemplate::Rendering ChatTemplate::TryRender(std::span<const ChatMessage> messages,
                                                AddGenerationPrompt add_generation_prompt) const {
  try {
    return {Render(messages, add_generation_prompt), {}};
  } catch (const ModelError& error) {
    return {{}, error.what()};
  }
}

}  // namespace rowmill
