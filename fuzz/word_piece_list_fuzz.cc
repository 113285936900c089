// Any bytes as BERT's vocab.txt: a vocabulary that makes a working tokeniser, or a ModelError. The
// first byte says which of the normaliser's steps are done.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/word_piece_vocabulary.h"
#include "tokenizer_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace rowmill;
  if (size == 0) return 0;
  BertNormalizerOptions options;
  if (data[0] & 1) options.letter_case = BertNormalizerOptions::Case::kKeep;
  if (data[0] & 2) options.accents = BertNormalizerOptions::Accents::kKeep;
  if (data[0] & 4) options.controls = BertNormalizerOptions::Controls::kKeep;
  if (data[0] & 8) options.ideographs = BertNormalizerOptions::Ideographs::kKeep;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  // What most inputs would lack, so that more than refusals are seen.
  for (const char* specials : {"", "[CLS]\n[SEP]\n[UNK]\n"}) {
    try {
      const auto tokenizer =
          Tokenizer::Make(ReadWordPieceList(specials + std::string(text), options, "fuzz"));
      CheckTokenizer(*tokenizer, text);
    } catch (const ModelError&) {
    }
  }
  return 0;
}
