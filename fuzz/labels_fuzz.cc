// Fuzzes --labels and --labels-file: any text is refused with UsageError or gives labels that are
// not empty; those that are valid have tokens, whatever characters they are made of.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "tasks/labels.h"
#include "text/byte_alphabet.h"

namespace {

using namespace rowmill;  // NOLINT(google-build-using-namespace)

const Tokenizer& ByteTokenizer() {
  static const std::unique_ptr<const Tokenizer> kTokenizer = [] {
    Vocabulary vocabulary;
    vocabulary.source = "bytes";
    vocabulary.pre = "gpt-2";
    for (int byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      vocabulary.texts.push_back(BytesToAlphabet({&c, 1}));
      vocabulary.types.push_back(TokenType::kNormal);
    }
    return Tokenizer::Make(std::move(vocabulary));
  }();
  return *kTokenizer;
}

void Check(const std::vector<Label>& labels) {
  for (const Label& label : labels) {
    if (label.name.empty() || label.text.find(label.name) == std::string::npos) std::abort();
  }
  LabelTokenOptions options;
  options.end_tokens = {'\n'};
  for (const LabelSeam seam : {LabelSeam::kAsIs, LabelSeam::kSpace}) {
    options.seam = seam;
    try {
      const LabelTokens tokens = TokenizeLabels(labels, ByteTokenizer(), options);
      if (tokens.tokens.size() != labels.size()) std::abort();
      for (const std::vector<int32_t>& ids : tokens.tokens) {
        if (ids.empty()) std::abort();
      }
    } catch (const UsageError&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    Check(ParseLabelList(text));
  } catch (const UsageError&) {
  }
  try {
    Check(ParseLabelFile(text, "labels.txt"));
  } catch (const UsageError&) {
  }
  return 0;
}
