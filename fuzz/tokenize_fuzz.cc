// Any bytes as text, cut into spans that are parsed or not: each tokeniser gives ids of its
// vocabulary, no control token out of plain text, the same with and without its cache, and
// byte-level BPE gives the text back.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/byte_alphabet.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

int32_t Add(Vocabulary& vocabulary, std::string_view text, TokenType type, float score) {
  vocabulary.texts.emplace_back(text);
  vocabulary.types.push_back(type);
  vocabulary.scores.push_back(score);
  return static_cast<int32_t>(vocabulary.size()) - 1;
}

void AddSpecials(Vocabulary& vocabulary) {
  Add(vocabulary, "<|e|>", TokenType::kControl, 0);
  Add(vocabulary, "<|", TokenType::kUserDefined, 0);
  Add(vocabulary, "\n\n", TokenType::kUserDefined, 0);
  Add(vocabulary, "<|e|><|e|>", TokenType::kControl, 0);
}

std::unique_ptr<const Tokenizer> MakeByteLevel(std::string_view pre) {
  Vocabulary vocabulary;
  vocabulary.pre = pre;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    Add(vocabulary, BytesToAlphabet({&c, 1}), TokenType::kNormal, 0);
  }
  constexpr std::array<std::array<int32_t, 2>, 12> kPairs = {{{'a', 'a'},
                                                              {256, 256},
                                                              {257, 257},
                                                              {' ', 'a'},
                                                              {'e', '|'},
                                                              {'|', '>'},
                                                              {260, 261},
                                                              {'<', '|'},
                                                              {0xC3, 0xA9},
                                                              {' ', ' '},
                                                              {265, 265},
                                                              {'\n', '\n'}}};
  for (const auto& [left, right] : kPairs) {
    const std::string text = vocabulary.texts[left] + vocabulary.texts[right];
    const int32_t result = Add(vocabulary, text, TokenType::kNormal, 0);
    vocabulary.merges.push_back({left, right, result});
  }
  AddSpecials(vocabulary);
  FindEndOfGeneration(vocabulary);
  return Tokenizer::Make(std::move(vocabulary));
}

enum class AddedSpace : uint8_t { kNo, kYes };

std::unique_ptr<const Tokenizer> MakeSentencePiece(AddedSpace added_space) {
  Vocabulary vocabulary;
  vocabulary.model = TokenizerModel::kSentencePieceBpe;
  vocabulary.add_space_prefix = added_space == AddedSpace::kYes;
  for (int byte = 0; byte < 256; ++byte) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    const char text[] = {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
    Add(vocabulary, {text, sizeof(text)}, TokenType::kByte, 0);
  }
  float score = 0;
  for (const char* text : {"aa",
                           "\xE2\x96\x81"
                           "a",
                           "aaaa", "a", "e|", "|>", "e|>", "<|", "e", "|", ">", "<", "\xC3\xA9",
                           "a\xE2\x96\x81", "\xE2\x96\x81", "\xE2\x96\x81\xE2\x96\x81"}) {
    Add(vocabulary, text, TokenType::kNormal, score -= 1);
  }
  AddSpecials(vocabulary);
  FindEndOfGeneration(vocabulary);
  return Tokenizer::Make(std::move(vocabulary));
}

void Require(bool condition) {
  if (!condition) std::abort();
}

// The first byte of each part says how it is read and how long it is.
std::vector<TextSpan> CutSpans(std::string_view data) {
  std::vector<TextSpan> spans;
  while (!data.empty()) {
    const uint8_t head = static_cast<uint8_t>(data[0]);
    data.remove_prefix(1);
    const std::string_view text = data.substr(0, head >> 1);
    spans.push_back({text, head & 1 ? SpecialTokens::kParse : SpecialTokens::kPlainText});
    data.remove_prefix(text.size());
  }
  return spans;
}

void CheckSpans(const Tokenizer& tokenizer, const std::vector<TextSpan>& spans) {
  static TokenizerScratch cached;
  TokenizerScratch uncached(TokenizerScratch::Cache::kOff);
  std::vector<int32_t> first;
  std::vector<int32_t> second;
  tokenizer.Encode(spans, cached, first);
  tokenizer.Encode(spans, uncached, second);
  Require(first == second);
  Require(!tokenizer.FindInvalidId(first));
  const std::string decoded = tokenizer.Decode(first);
  Require(ValidUtf8Prefix(decoded) == decoded.size());
  if (tokenizer.vocabulary().model != TokenizerModel::kByteLevelBpe) return;
  std::string expected;
  for (const TextSpan& span : spans) AppendValidUtf8(span.text, expected);
  Require(decoded == expected);
}

void CheckPlain(const Tokenizer& tokenizer, std::string_view text) {
  for (const int32_t id : tokenizer.Encode(text, SpecialTokens::kPlainText)) {
    Require(!tokenizer.vocabulary().IsControl(id));
  }
}

}  // namespace
}  // namespace rowmill

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowmill;
  static const std::array<std::unique_ptr<const Tokenizer>, 6> tokenizers = {
      MakeByteLevel("gpt-2"),
      MakeByteLevel("smollm"),
      MakeByteLevel("llama-bpe"),
      MakeByteLevel("qwen2"),
      MakeSentencePiece(AddedSpace::kNo),
      MakeSentencePiece(AddedSpace::kYes)};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<TextSpan> spans = CutSpans(text);
  for (const auto& tokenizer : tokenizers) {
    CheckSpans(*tokenizer, spans);
    CheckPlain(*tokenizer, text);
  }
  return 0;
}
