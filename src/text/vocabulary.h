// The vocabulary of a model as plain data: what a tokeniser is built from, whatever file it came
// from.
//
// What it is not: no algorithm, no look-up by text (the tokeniser builds its own tables), and no
// file format (text/gguf_vocabulary.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/bert_normalizer.h"

namespace rowmill {

inline constexpr int32_t kNoToken = -1;

// Values as in `tokenizer.ggml.token_type`.
enum class TokenType : uint8_t {
  kUndefined = 0,
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // <|im_end|>: found in text only where SpecialTokens::kParse allows it
  kUserDefined = 4,  // found in every text before anything else is looked at
  kUnused = 5,
  kByte = 6,  // <0x0A>
};

enum class TokenizerModel : uint8_t {
  kByteLevelBpe,      // "gpt2": merges over bytes, cut by a pre-tokeniser
  kSentencePieceBpe,  // "llama": merges by score over characters, bytes as fallback
  kUnigram,           // "t5": the tokens whose scores sum to the most
  kWordPiece,         // "bert": longest match within the words of a cleaned text
};

// `left` followed by `right` becomes `result`; the position in the list is the rank, lower first.
struct MergeRule {
  int32_t left = kNoToken;
  int32_t right = kNoToken;
  int32_t result = kNoToken;
};

struct Vocabulary {
  std::string source;  // names the file in error texts
  TokenizerModel model = TokenizerModel::kByteLevelBpe;
  std::string pre;  // name of the pre-tokeniser, byte-level BPE only

  BertNormalizerOptions normalizer;  // WordPiece only

  std::vector<std::string> texts;  // [V] as stored: in the byte alphabet, or with U+2581 for spaces
  std::vector<TokenType> types;    // [V]
  std::vector<float> scores;       // [V], or empty where the model has none; never NaN
  std::vector<MergeRule> merges;

  int32_t bos = kNoToken;  // begin of text
  int32_t eos = kNoToken;  // end of text
  int32_t eot = kNoToken;  // end of turn
  int32_t eom = kNoToken;  // end of message, with more to come
  int32_t unk = kNoToken;
  int32_t sep = kNoToken;
  int32_t pad = kNoToken;
  int32_t mask = kNoToken;

  bool add_bos = false;
  bool add_eos = false;
  bool add_space_prefix = false;
  bool remove_extra_spaces = false;  // at both ends, and all but one between words; Unigram only
  std::string character_map;         // bytes for CharacterMap::Parse, Unigram only
  bool normalize_nfc = false;        // byte-level BPE: texts become Unicode normal form C first

  // What ends a generation: eos, eot, eom and the tokens whose text is known to. Ascending.
  std::vector<int32_t> end_of_generation;

  size_t size() const { return texts.size(); }
  bool Contains(int64_t id) const { return id >= 0 && static_cast<uint64_t>(id) < texts.size(); }
  // Control and unknown tokens. No text becomes one by spelling it; the unknown token only stands
  // for characters that a vocabulary without byte tokens lacks.
  bool IsControl(int32_t id) const {
    return types[id] == TokenType::kControl || types[id] == TokenType::kUnknown;
  }
  bool IsEndOfGeneration(int32_t id) const;
};

// Whether a token with this text ends a generation in every model that has it (<|im_end|>, </s>,
// <end_of_turn>, ...).
bool IsEndOfGenerationText(std::string_view text);

// Fills `end_of_generation` from the ids and the known texts, and makes control tokens of those
// texts: some published files give them another type, and then text could end a row's prompt.
void FindEndOfGeneration(Vocabulary& vocabulary);

}  // namespace rowmill
