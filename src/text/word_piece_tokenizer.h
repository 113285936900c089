// WordPiece (tokenizer.ggml.model "bert"; BERT, MiniLM, bge, e5): the text is cleaned and cut into
// words (text/bert_normalizer.h), and each word into the longest tokens of the vocabulary from left
// to right. A word that cannot be spelled to its end, or of more than 100 characters, is one
// unknown token.
//
// In the vocabulary a token that begins a word is its text and one that continues a word has "##"
// before it, as in Hugging Face's files; text/gguf_vocabulary.cc brings GGUF's spelling to this.
//
// Time: each step looks at most at as many bytes as the longest token has, whatever the text.
//
// Paper: M. Schuster, K. Nakajima, "Japanese and Korean voice search", ICASSP 2012.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "text/bert_normalizer.h"
#include "text/tokenizer.h"

namespace rowmill {

class WordPieceTokenizer final : public Tokenizer {
 public:
  // Throws ModelError where the vocabulary has no unknown token.
  static std::unique_ptr<const Tokenizer> Make(Vocabulary vocabulary);

 protected:
  void EncodeFragment(std::string_view fragment, TokenizerScratch& scratch,
                      std::vector<int32_t>& out) const override;
  void EncodePiece(std::string_view piece, TokenizerScratch& scratch,
                   std::vector<int32_t>& out) const override;

 private:
  WordPieceTokenizer(Vocabulary vocabulary, TokenTable table);

  BertNormalizer normalizer_;
  size_t longest_key_ = 0;  // bytes, "##" included
};

}  // namespace rowmill
