// Reads a WordPiece vocabulary out of BERT's own vocab.txt, a token per line. (Out of a
// tokenizer.json it is read by ReadHuggingFaceWordPiece, text/hugging_face_vocabulary.h.) Hostile
// input is expected.
#pragma once

#include <string>
#include <string_view>

#include "text/vocabulary.h"

namespace rowmill {

// The special tokens are BERT's by their names. Throws ModelError naming `source`.
Vocabulary ReadWordPieceList(std::string_view content, const BertNormalizerOptions& options,
                             const std::string& source);

}  // namespace rowmill
