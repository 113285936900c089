// Byte-level BPE (tokenizer.ggml.model "gpt2"): the text is cut into pieces by a pre-tokeniser, and
// the bytes of each piece are merged by rank.
//
// Papers: R. Sennrich et al., arXiv:1508.07909 (BPE); A. Radford et al., "Language Models are
// Unsupervised Multitask Learners", 2019 (bytes, pre-tokeniser).
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "text/bpe_pair_table.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace rowmill {

class ByteLevelTokenizer final : public Tokenizer {
 public:
  // Throws ModelError where the pre-tokeniser is missing or not known.
  static std::unique_ptr<const Tokenizer> Make(Vocabulary vocabulary);

 protected:
  void EncodeFragment(std::string_view fragment, TokenizerScratch& scratch,
                      std::vector<int32_t>& out) const override;
  void EncodePiece(std::string_view piece, TokenizerScratch& scratch,
                   std::vector<int32_t>& out) const override;

 private:
  ByteLevelTokenizer(Vocabulary vocabulary, TokenTable table, const PreTokenizer& pre);

  const PieceSplitter splitter_;
  const bool ignore_merges_;
  const BpePairTable pairs_;
  std::array<int32_t, 256> byte_symbol_;  // token of the byte alone, or kNoToken
};

}  // namespace rowmill
