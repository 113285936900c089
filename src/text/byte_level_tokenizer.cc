#include "text/byte_level_tokenizer.h"

#include <utility>

#include "base/error.h"
#include "formats/error_text.h"
#include "text/bpe_merge.h"
#include "text/byte_alphabet.h"
#include "text/byte_token.h"
#include "text/unicode_nfc.h"

namespace rowmill {
namespace {

// What each token stands for, and the bytes that may become it: all but control tokens, whose text
// is not written in the byte alphabet in the first place.
TokenTable MakeTable(const Vocabulary& vocabulary) {
  TokenTable table(vocabulary.size());
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const std::string& text = vocabulary.texts[i];
    const std::optional<std::string> bytes = AlphabetToBytes(text);
    const std::string_view key =
        bytes && !vocabulary.IsControl(static_cast<int32_t>(i)) ? *bytes : std::string_view();
    switch (vocabulary.types[i]) {
      case TokenType::kNormal:
        // Some files give added tokens this type and store them as they are.
        table.Add(bytes ? *bytes : text, key);
        break;
      case TokenType::kByte:
        table.Add(ByteTokenBytes(text), key);
        break;
      case TokenType::kControl:
      case TokenType::kUnknown:
      case TokenType::kUserDefined:
        table.Add(text, key);
        break;
      case TokenType::kUndefined:
      case TokenType::kUnused:
        table.Add({}, key);  // leaves nothing, as in the reference engine
        break;
    }
  }
  return table;
}

struct PairRules {
  const BpePairTable& pairs;
  MergeTarget Find(const Symbol& left, const Symbol& right) const {
    return pairs.Find(left.id, right.id);
  }
};

}  // namespace

std::unique_ptr<const Tokenizer> ByteLevelTokenizer::Make(Vocabulary vocabulary) {
  const std::optional<PreTokenizer> pre = FindPreTokenizer(vocabulary.pre);
  if (!pre) {
    throw ModelError(vocabulary.source + ": pre-tokeniser " + Quoted(vocabulary.pre) +
                     " (tokenizer.ggml.pre) is not known; known: " + KnownPreTokenizers());
  }
  TokenTable table = MakeTable(vocabulary);
  return std::unique_ptr<const Tokenizer>(
      new ByteLevelTokenizer(std::move(vocabulary), std::move(table), *pre));
}

ByteLevelTokenizer::ByteLevelTokenizer(Vocabulary vocabulary, TokenTable table,
                                       const PreTokenizer& pre)
    : Tokenizer(std::move(vocabulary), std::move(table)),
      splitter_(pre.pattern),
      ignore_merges_(pre.ignore_merges),
      pairs_(this->vocabulary()) {
  for (int byte = 0; byte < 256; ++byte) {
    const char key = static_cast<char>(byte);
    byte_symbol_[byte] = this->table().Find({&key, 1});
  }
}

void ByteLevelTokenizer::EncodeFragment(std::string_view fragment, TokenizerScratch& scratch,
                                        std::vector<int32_t>& out) const {
  if (vocabulary().normalize_nfc) {
    scratch.fragment.clear();
    AppendNfc(fragment, scratch.fragment);
    const size_t size = scratch.fragment.size();
    scratch.fragment.append(TokenizerScratch::kReadablePadding, '\0');
    fragment = std::string_view(scratch.fragment).substr(0, size);
  }
  while (!fragment.empty()) {
    const size_t size = splitter_.FirstPiece(fragment);
    EncodeThroughCache(fragment.substr(0, size), scratch, out);
    fragment.remove_prefix(size);
  }
}

void ByteLevelTokenizer::EncodePiece(std::string_view piece, TokenizerScratch& scratch,
                                     std::vector<int32_t>& out) const {
  if (ignore_merges_) {
    if (const int32_t id = table().Find(piece); id != kNoToken) {
      out.push_back(id);
      return;
    }
  }
  std::vector<Symbol>& symbols = scratch.merge.symbols;
  symbols.resize(piece.size());
  for (size_t i = 0; i < piece.size(); ++i) {
    symbols[i] = {byte_symbol_[static_cast<uint8_t>(piece[i])], static_cast<uint32_t>(i), 1};
  }
  MergeSymbols(PairRules{pairs_}, scratch.merge);
  for (const Symbol& symbol : symbols) {
    if (symbol.id != kNoToken) {
      out.push_back(symbol.id);
    } else {
      ++scratch.counts.num_dropped_bytes;  // a single byte: what has no token has no merges
    }
  }
}

}  // namespace rowmill
