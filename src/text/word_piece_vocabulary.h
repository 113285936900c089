// Reads a WordPiece vocabulary out of a Hugging Face tokenizer.json: model.vocab, added_tokens, the
// options of its BertNormalizer and what its post-processor puts around a text.
//
// What it is not: it reads no other tokeniser, and none whose steps differ from BERT's: what it
// does not know is refused by name. Hostile input is expected.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "text/vocabulary.h"

namespace rowmill {

// Whether this tokenizer.json is of the kind.
bool IsWordPieceTokenizer(const nlohmann::json& tokenizer);

// Throws ModelError naming `source` and the member that is missing or wrong.
Vocabulary ReadWordPieceVocabulary(const nlohmann::json& tokenizer, const std::string& source);

// The older form, a vocab.txt with a token per line. The special tokens are BERT's by their names.
Vocabulary ReadWordPieceList(std::string_view content, const BertNormalizerOptions& options,
                             const std::string& source);

}  // namespace rowmill
