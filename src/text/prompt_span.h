// A piece of text that knows where it came from. Prompts are sequences of spans, so that the
// tokeniser can parse special tokens in the text of the chat template and nowhere else:
// `<|im_end|>` in a row is five or six ordinary tokens.
//
// What it is not: a tokenisation boundary. Two spans that stand next to each other are one text;
// where no special token lies at the seam, they have to be tokenised together.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowmill {

struct PromptSpan {
  enum class Origin : uint8_t {
    kTemplate,  // the chat template's own text: the only text in which special tokens are parsed
    kPrompt,    // what the operator wrote: --prompt, --system, names of labels
    kRow,       // data
  };

  std::string text;
  Origin origin = Origin::kRow;

  bool operator==(const PromptSpan&) const = default;
};

// Appends `text`, joining it to the last span where that has the same origin. Empty text adds
// nothing.
inline void AppendSpan(std::vector<PromptSpan>& spans, std::string_view text,
                       PromptSpan::Origin origin) {
  if (text.empty()) return;
  if (!spans.empty() && spans.back().origin == origin) {
    spans.back().text += text;
  } else {
    spans.push_back({std::string(text), origin});
  }
}

// The text of all spans, one after the other.
inline std::string JoinText(std::span<const PromptSpan> spans) {
  std::string out;
  for (const PromptSpan& span : spans) out += span.text;
  return out;
}

}  // namespace rowmill
