// Vocabularies small enough to read, for tests that need a tokeniser and no model.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/byte_alphabet.h"
#include "text/tokenizer.h"

namespace rowmill::testing {

// Adds tokens to a byte-level vocabulary; words are merged from the left, byte by byte.
class ByteVocabulary {
 public:
  ByteVocabulary() {
    vocabulary_.source = "tiny";
    vocabulary_.model = TokenizerModel::kByteLevelBpe;
    vocabulary_.pre = "gpt-2";
    for (int byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      Add(BytesToAlphabet({&c, 1}), TokenType::kNormal);
    }
  }

  int32_t Add(std::string text, TokenType type) {
    vocabulary_.texts.push_back(std::move(text));
    vocabulary_.types.push_back(type);
    return static_cast<int32_t>(vocabulary_.size() - 1);
  }
  int32_t AddWord(const std::string& word) {
    int32_t left = static_cast<uint8_t>(word[0]);
    for (size_t size = 2; size <= word.size(); ++size) {
      const std::string text = BytesToAlphabet(word.substr(0, size));
      int32_t result = kNoToken;
      for (size_t i = 0; i < vocabulary_.size(); ++i) {
        if (vocabulary_.texts[i] == text) result = static_cast<int32_t>(i);
      }
      if (result == kNoToken) {
        result = Add(text, TokenType::kNormal);
        vocabulary_.merges.push_back({left, static_cast<uint8_t>(word[size - 1]), result});
      }
      left = result;
    }
    return left;
  }
  Vocabulary& vocabulary() { return vocabulary_; }
  std::unique_ptr<const Tokenizer> Make() {
    FindEndOfGeneration(vocabulary_);
    return Tokenizer::Make(vocabulary_);
  }

 private:
  Vocabulary vocabulary_;
};

// Bytes (0 to 255), then <|endoftext|> 256, <|im_start|> 257, <|im_end|> 258, then the words.
inline ByteVocabulary ChatByteVocabulary(const std::vector<std::string>& words = {}) {
  ByteVocabulary builder;
  builder.Add("<|endoftext|>", TokenType::kControl);
  builder.Add("<|im_start|>", TokenType::kControl);
  builder.Add("<|im_end|>", TokenType::kControl);
  builder.vocabulary().bos = 257;
  builder.vocabulary().eos = 258;
  for (const std::string& word : words) builder.AddWord(word);
  return builder;
}

// Like Llama 2's: <unk> 0, <s> 1, </s> 2, bytes from 3, then characters and words with U+2581 for
// spaces; a space is put before each text.
inline std::unique_ptr<const Tokenizer> TinySentencePiece(const std::vector<std::string>& words) {
  Vocabulary vocabulary;
  vocabulary.source = "tiny";
  vocabulary.model = TokenizerModel::kSentencePieceBpe;
  const auto add = [&](std::string text, TokenType type, float score) {
    vocabulary.texts.push_back(std::move(text));
    vocabulary.types.push_back(type);
    vocabulary.scores.push_back(score);
  };
  add("<unk>", TokenType::kUnknown, 0.0f);
  add("<s>", TokenType::kControl, 0.0f);
  add("</s>", TokenType::kControl, 0.0f);
  for (int byte = 0; byte < 256; ++byte) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    add(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", TokenType::kByte, 0.0f);
  }
  add("\xE2\x96\x81", TokenType::kNormal, -1000.0f);
  for (char c = 'a'; c <= 'z'; ++c) add(std::string(1, c), TokenType::kNormal, -1000.0f);
  float score = -1.0f;
  for (const std::string& word : words) add(word, TokenType::kNormal, score -= 1.0f);
  vocabulary.bos = 1;
  vocabulary.eos = 2;
  vocabulary.unk = 0;
  vocabulary.add_bos = true;
  vocabulary.add_space_prefix = true;
  FindEndOfGeneration(vocabulary);
  return Tokenizer::Make(std::move(vocabulary));
}

}  // namespace rowmill::testing
