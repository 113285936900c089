// The answers that a classifying task may give: their names, the text that the model is asked
// about, and the tokens of that text.
//
// What it is not: it scores nothing (decode/label_trie.h) and knows no probabilities
// (tasks/classify.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace rowmill {

struct Label {
  std::string name;  // what the output says: the text without white space around it
  std::string text;  // what the model reads; a space in front of it is kept

  bool operator==(const Label&) const = default;
};

// The value of --labels: names between commas, white space around them dropped. Throws UsageError
// for an empty name. A label that holds a comma needs a file.
std::vector<Label> ParseLabelList(std::string_view list);

// The content of --labels-file: a label per line (LF or CRLF), each line kept as it is but for its
// end, so that a label may begin with a space. A byte order mark and empty lines at the end count
// for nothing. Throws UsageError naming the line that is empty.
std::vector<Label> ParseLabelFile(std::string_view content, std::string_view file_name);

// Throws UsageError where there are fewer than two labels, or one is empty, not valid UTF-8, or has
// the same name as another.
void ValidateLabels(std::span<const Label> labels);

// "billing, bug or other": for prompts.
std::string JoinLabelNames(std::span<const Label> labels);

// When the token of what ends an answer is scored with it. kAuto: where the tokens of some label
// are the beginning of another's (`bill`, `billing`): without its end the shorter one could only
// win.
enum class LabelEnd : uint8_t { kAuto, kNone, kAlways };

// Where labels follow something that does not end in white space, a label that does not begin with
// any gets one space, as words have in running text.
enum class LabelSeam : uint8_t { kAsIs, kSpace };

struct LabelTokenOptions {
  LabelSeam seam = LabelSeam::kAsIs;
  LabelEnd end = LabelEnd::kAuto;
  std::vector<int32_t> end_tokens;  // of what ends an answer
};

struct LabelTokens {
  std::vector<std::vector<int32_t>> tokens;  // [labels]
  bool end_scored = false;                   // whether end_tokens are the last tokens of each
};

// Each label tokenised alone, as the continuation of a text, as plain text. Throws UsageError where
// two labels have the same tokens, one has none, or the end is wanted and there is none.
LabelTokens TokenizeLabels(std::span<const Label> labels, const Tokenizer& tokenizer,
                           const LabelTokenOptions& options);

// The ids of a text that continues another: tokenisers that put a space before each text leave it
// out here.
std::vector<int32_t> EncodeContinuation(const Tokenizer& tokenizer, std::string_view text);

}  // namespace rowmill
