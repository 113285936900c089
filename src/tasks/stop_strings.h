// Texts that end a generated answer: --stop. They are looked for in the bytes of the answer, so one
// may begin in one token and end in another; the answer is cut before the first of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "decode/decode_spec.h"
#include "text/tokenizer.h"

namespace rowmill {

inline constexpr size_t kMaxStopStrings = 64;
inline constexpr size_t kMaxStopBytes = 1024;

// Throws UsageError where a string is empty, too long or not valid UTF-8, or there are too many.
void ValidateStopStrings(std::span<const std::string> stops);

// Appends the bytes of an answer: control tokens leave nothing, and the space of the first word
// stays, since an answer continues its prompt.
void AppendAnswerBytes(const Tokenizer& tokenizer, std::span<const int32_t> answer,
                       std::string& out);

// Where the earliest occurrence of any of `stops` begins in `text`, text.size() where there is
// none.
size_t FindStop(std::string_view text, std::span<const std::string> stops);

class StopStringRule final : public StopRule {
 public:
  // Keeps a reference to the tokeniser. Validates the strings.
  StopStringRule(const Tokenizer& tokenizer, std::vector<std::string> stops);

  // Whether the last token completes a stop string. Looks only as far back as the longest one
  // reaches, so that the work for a whole answer is linear in its length.
  bool ShouldStop(std::span<const int32_t> generated) const override;

 private:
  const Tokenizer& tokenizer_;
  std::vector<std::string> stops_;
  size_t longest_ = 0;
};

}  // namespace rowmill
