// Reads the vocabulary out of the metadata of a GGUF file (keys `tokenizer.ggml.*`).
//
// What it is not: it builds no tokeniser (text/tokenizer.h). Hostile input is expected: whatever is
// missing, of the wrong length, out of range or not valid UTF-8 is a ModelError that names the key
// and the token or merge. Specification: ggml docs/gguf.md, section "Tokenizer".
#pragma once

#include <cstddef>

#include "formats/gguf.h"
#include "text/vocabulary.h"

namespace rowmill {

// Longer tokens are refused. The longest in a published vocabulary that we know of has 1,024 bytes
// (a run of spaces); the work per character of text grows with the longest token in places.
inline constexpr size_t kMaxTokenBytes = 16384;

// Throws ModelError.
Vocabulary ReadGgufVocabulary(const GgufFile& file);

}  // namespace rowmill
