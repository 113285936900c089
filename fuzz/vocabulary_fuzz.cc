// Any bytes as a GGUF file: a vocabulary that makes a working tokeniser, or a ModelError.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "formats/gguf.h"
#include "text/gguf_vocabulary.h"
#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowmill;
  try {
    const GgufFile file = GgufFile::Parse(std::as_bytes(std::span(data, size)), "fuzzed file");
    const auto tokenizer = Tokenizer::Make(ReadGgufVocabulary(file));
    // Its own metadata is as good a text as any: it has the vocabulary's words in it.
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const SpecialTokens special : {SpecialTokens::kPlainText, SpecialTokens::kParse}) {
      const std::vector<int32_t> ids = tokenizer->Encode(text, special);
      if (tokenizer->FindInvalidId(ids)) std::abort();
      tokenizer->Decode(ids);
      for (const int32_t id : ids) {
        const bool is_control = tokenizer->vocabulary().types[id] == TokenType::kControl;
        if (is_control && special == SpecialTokens::kPlainText) std::abort();
      }
    }
  } catch (const ModelError&) {
  }
  return 0;
}
