// Unigram tokeniser (tokenizer.ggml.model "t5", SentencePiece's default; T5, XLM-R, Marian): text
// is normalised by the model's own table, then cut into the tokens whose scores sum to the most,
// found by a Viterbi search over the characters.
//
// What it is not: no BPE (text/sentence_piece_tokenizer.h); tokens are not merged, their
// log-probabilities are added.
//
// As in SentencePiece, sums are taken in binary32 from left to right, the first of equal ways to a
// position stays, a character without a token costs the lowest score less 10, and several in a row
// give one unknown token. One thing differs: where no token contains a character followed by a
// space the text is cut, and a word's sum begins at 0 there, so that words can go through the piece
// cache. It matters only for ties that rounding decides; none of 400 golden strings has one.
//
// Papers: T. Kudo, arXiv:1804.10959 (Unigram); T. Kudo, J. Richardson, arXiv:1808.06226.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "text/byte_trie.h"
#include "text/character_map.h"
#include "text/tokenizer.h"

namespace rowmill {

class UnigramTokenizer final : public Tokenizer {
 public:
  // Throws ModelError where the vocabulary has no scores, no unknown token or a damaged table.
  static std::unique_ptr<const Tokenizer> Make(Vocabulary vocabulary);

 protected:
  void EncodeFragment(std::string_view fragment, TokenizerScratch& scratch,
                      std::vector<int32_t>& out) const override;
  void EncodePiece(std::string_view piece, TokenizerScratch& scratch,
                   std::vector<int32_t>& out) const override;

 private:
  UnigramTokenizer(Vocabulary vocabulary, TokenTable table);

  void AddToken(int32_t id);
  void Normalize(std::string_view text, std::string& out) const;

  CharacterMap character_map_;
  ByteTrie trie_;                           // of normal and user-defined tokens
  std::vector<int32_t> token_;              // [states]: the token that ends here, or kNoToken
  std::vector<float> score_;                // [V]
  std::array<bool, 256> joins_next_space_;  // byte b: some token has b followed by a space
  float unknown_score_ = 0.0f;
};

}  // namespace rowmill
