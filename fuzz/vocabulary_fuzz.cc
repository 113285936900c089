// Any bytes as a GGUF file: a vocabulary that makes a working tokeniser, or a ModelError.
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "formats/gguf.h"
#include "text/gguf_vocabulary.h"
#include "tokenizer_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowmill;
  try {
    const GgufFile file = GgufFile::Parse(std::as_bytes(std::span(data, size)), "fuzzed file");
    // Its own metadata is as good a text as any: it has the vocabulary's words in it.
    CheckTokenizer(*Tokenizer::Make(ReadGgufVocabulary(file)),
                   {reinterpret_cast<const char*>(data), size});
  } catch (const ModelError&) {
  }
  return 0;
}
