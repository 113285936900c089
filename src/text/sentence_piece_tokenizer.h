// SentencePiece BPE (tokenizer.ggml.model "llama"; Llama 2, Gemma): characters are merged by the
// score of the token that a pair makes, spaces are part of the text, and a character without a
// token becomes the tokens of its bytes.
//
// What it is not: no Unigram model (a Viterbi search; t5), and no normaliser other than space to
// U+2581, because the models of this kind have none.
//
// The whole text is one sequence of symbols, but nearly all of it falls apart: where no token of
// the vocabulary contains a character followed by a space, no merge can ever reach across that
// boundary, so the text is cut there and words go through the piece cache. That is exact, not an
// approximation: a merged symbol is always a token.
//
// Rules are looked up by text rather than by pair of ids: a table of all splits of Gemma's 262,144
// tokens would take 32 MB and 0.1 s to build, and with the cache in front it would rarely be asked.
//
// Paper: T. Kudo, J. Richardson, arXiv:1808.06226.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace rowmill {

class SentencePieceTokenizer final : public Tokenizer {
 public:
  static std::unique_ptr<const Tokenizer> Make(Vocabulary vocabulary);

 protected:
  void EncodeFragment(std::string_view fragment, TokenizerScratch& scratch,
                      std::vector<int32_t>& out) const override;
  void EncodePiece(std::string_view piece, TokenizerScratch& scratch,
                   std::vector<int32_t>& out) const override;

 private:
  SentencePieceTokenizer(Vocabulary vocabulary, TokenTable table);

  void AppendByteTokens(std::string_view character, std::vector<int32_t>& out) const;

  std::vector<uint32_t> rank_;              // [V]: 0 for the highest score, equal for equal scores
  std::array<bool, 256> joins_next_space_;  // byte b: some token has b followed by a space
  std::array<int32_t, 128> ascii_;          // token of the character alone, or kNoToken
  std::array<int32_t, 256> byte_;           // <0x00> to <0xFF>
  bool has_all_bytes_ = false;
  int32_t unknown_ = kNoToken;  // stands for characters where there are no byte tokens
};

}  // namespace rowmill
