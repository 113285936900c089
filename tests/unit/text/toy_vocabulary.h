// Small vocabularies made in memory, and random text, for tests that need no model file.
#pragma once

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/byte_alphabet.h"
#include "text/utf8.h"
#include "text/vocabulary.h"

namespace rowmill::testing {

inline int32_t AddToken(Vocabulary& vocabulary, std::string_view text, TokenType type,
                        float score = 0) {
  vocabulary.texts.emplace_back(text);
  vocabulary.types.push_back(type);
  if (vocabulary.model != TokenizerModel::kByteLevelBpe) vocabulary.scores.push_back(score);
  return static_cast<int32_t>(vocabulary.size()) - 1;
}

// Ids 0 to 255 are the bytes; merges are added with AddMerge.
inline Vocabulary ByteVocabulary(std::string_view pre) {
  Vocabulary vocabulary;
  vocabulary.source = "toy";
  vocabulary.model = TokenizerModel::kByteLevelBpe;
  vocabulary.pre = pre;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    AddToken(vocabulary, BytesToAlphabet({&c, 1}), TokenType::kNormal);
  }
  return vocabulary;
}

// The next merge in rank order; its result is a new token unless `result` is given.
inline int32_t AddMerge(Vocabulary& vocabulary, int32_t left, int32_t right,
                        int32_t result = kNoToken) {
  if (result == kNoToken) {
    const std::string text = vocabulary.texts[left] + vocabulary.texts[right];
    result = AddToken(vocabulary, text, TokenType::kNormal);
  }
  vocabulary.merges.push_back({left, right, result});
  return result;
}

// All bytes, and `num_merges` merges of random tokens made mostly of `letters`.
inline Vocabulary RandomByteVocabulary(std::mt19937_64& random, std::string_view pre,
                                       std::string_view letters, int num_merges) {
  Vocabulary vocabulary = ByteVocabulary(pre);
  std::vector<int32_t> usable;
  for (const char letter : letters) usable.push_back(static_cast<uint8_t>(letter));
  std::set<std::string> texts(vocabulary.texts.begin(), vocabulary.texts.end());
  std::set<std::pair<int32_t, int32_t>> pairs;
  for (int i = 0; i < num_merges; ++i) {
    const int32_t left = usable[random() % usable.size()];
    const int32_t right = usable[random() % usable.size()];
    const std::string text = vocabulary.texts[left] + vocabulary.texts[right];
    if (!pairs.emplace(left, right).second || !texts.insert(text).second) continue;
    usable.push_back(AddMerge(vocabulary, left, right));
  }
  return vocabulary;
}

// A SentencePiece vocabulary: <unk>, <s>, </s>, 256 byte tokens, then the given texts with scores
// falling in order.
inline Vocabulary PieceVocabulary(const std::vector<std::string>& texts) {
  Vocabulary vocabulary;
  vocabulary.source = "toy";
  vocabulary.model = TokenizerModel::kSentencePieceBpe;
  vocabulary.unk = AddToken(vocabulary, "<unk>", TokenType::kUnknown);
  vocabulary.bos = AddToken(vocabulary, "<s>", TokenType::kControl);
  vocabulary.eos = AddToken(vocabulary, "</s>", TokenType::kControl);
  for (int byte = 0; byte < 256; ++byte) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    const std::string text = {'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
    AddToken(vocabulary, text, TokenType::kByte);
  }
  float score = 0;
  for (const std::string& text : texts) AddToken(vocabulary, text, TokenType::kNormal, score -= 1);
  FindEndOfGeneration(vocabulary);
  return vocabulary;
}

// A Unigram vocabulary as SentencePiece trains it by default: <unk>, <s>, </s>, then the given
// texts with their scores; a space in front, runs of spaces are one.
inline Vocabulary UnigramVocabulary(const std::vector<std::pair<std::string, float>>& texts) {
  Vocabulary vocabulary;
  vocabulary.source = "toy";
  vocabulary.model = TokenizerModel::kUnigram;
  vocabulary.unk = AddToken(vocabulary, "<unk>", TokenType::kUnknown);
  vocabulary.bos = AddToken(vocabulary, "<s>", TokenType::kControl);
  vocabulary.eos = AddToken(vocabulary, "</s>", TokenType::kControl);
  vocabulary.add_space_prefix = true;
  vocabulary.remove_extra_spaces = true;
  for (const auto& [text, score] : texts) AddToken(vocabulary, text, TokenType::kNormal, score);
  FindEndOfGeneration(vocabulary);
  return vocabulary;
}

// Characters that pre-tokenisers and byte sequences care about, and some of every script and plane.
inline uint32_t RandomCodePoint(std::mt19937_64& random) {
  static constexpr uint32_t kInteresting[] = {
      ' ',    ' ',    ' ',    '\n',   '\r',   '\t',   '\'',    '\'',    's',    'S',    't',
      'e',    'l',    'r',    'v',    'm',    'D',    'L',     'a',     'Z',    '0',    '9',
      '.',    '!',    '_',    0x0B,   0x1C,   0x85,   0xA0,    0xAD,    0xB2,   0xBD,   0x17F,
      0x130,  0x300,  0x301,  0x660,  0x1680, 0x180E, 0x2003,  0x2028,  0x200B, 0x200D, 0x202F,
      0x2160, 0x3000, 0x4E2D, 0xFEFF, 0xFFFD, 0xAC00, 0x1F600, 0x1D7D8, 0x2581, 0x212A, 0xE000};
  const uint64_t choice = random() % 16;
  if (choice < 10) return kInteresting[random() % std::size(kInteresting)];
  if (choice < 13) return static_cast<uint32_t>(random() % 0x80);
  if (choice < 15) return static_cast<uint32_t>(random() % 0x3000);
  for (;;) {
    const uint32_t code_point = static_cast<uint32_t>(random() % 0x110000);
    if (code_point < 0xD800 || code_point > 0xDFFF) return code_point;
  }
}

inline std::string RandomText(std::mt19937_64& random, size_t max_chars) {
  std::string text;
  for (size_t n = random() % (max_chars + 1); n > 0; --n) {
    const uint32_t code_point = RandomCodePoint(random);
    // Runs matter as much as neighbours.
    for (size_t k = random() % 8 == 0 ? 1 + random() % 5 : 1; k > 0; --k) {
      AppendUtf8(code_point, text);
    }
  }
  return text;
}

inline std::string RandomBytes(std::mt19937_64& random, size_t max_bytes) {
  // Lead bytes, continuation bytes and letters in like parts, so that near misses are frequent.
  static constexpr unsigned char kBytes[] = {0x00, 'a',  0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                             0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED,
                                             0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF};
  std::string bytes;
  for (size_t n = random() % (max_bytes + 1); n > 0; --n) {
    const bool any = random() % 8 == 0;
    bytes.push_back(static_cast<char>(any ? random() % 256 : kBytes[random() % sizeof(kBytes)]));
  }
  return bytes;
}

}  // namespace rowmill::testing
