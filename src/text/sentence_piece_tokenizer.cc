#include "text/sentence_piece_tokenizer.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "text/bpe_merge.h"
#include "text/byte_token.h"
#include "text/escaped_space.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

// A token can be found by its text unless it is a control or byte token (as in SentencePiece, where
// those are reserved) or has a literal space: text has none left when merging begins.
std::string FindKey(const Vocabulary& vocabulary, size_t i) {
  const std::string& text = vocabulary.texts[i];
  const TokenType type = vocabulary.types[i];
  if (vocabulary.IsControl(static_cast<int32_t>(i)) || type == TokenType::kByte ||
      text.find(' ') != std::string::npos) {
    return {};
  }
  return UnescapeSpaces(text);
}

TokenTable MakeTable(const Vocabulary& vocabulary) {
  TokenTable table(vocabulary.size());
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const std::string& text = vocabulary.texts[i];
    const std::string key = FindKey(vocabulary, i);
    switch (vocabulary.types[i]) {
      case TokenType::kNormal:
        table.Add(UnescapeSpaces(text), key);
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

// Score order as integers, so that merging compares ranks as byte-level BPE does.
std::vector<uint32_t> RankByScore(const std::vector<float>& scores) {
  std::vector<uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return scores[a] > scores[b]; });
  std::vector<uint32_t> rank(scores.size());
  uint32_t next = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && scores[order[i]] != scores[order[i - 1]]) ++next;
    rank[order[i]] = next;
  }
  return rank;
}

struct TextRules {
  std::string_view piece;
  const TokenTable& table;
  const std::vector<uint32_t>& rank;

  MergeTarget Find(const Symbol& left, const Symbol& right) const {
    const int32_t id = table.Find(piece.substr(left.begin, left.size + right.size));
    return id == kNoToken ? MergeTarget{} : MergeTarget{rank[id], id};
  }
};

size_t CharSize(char lead) {
  const auto byte = static_cast<uint8_t>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

}  // namespace

std::unique_ptr<const Tokenizer> SentencePieceTokenizer::Make(Vocabulary vocabulary) {
  TokenTable table = MakeTable(vocabulary);
  return std::unique_ptr<const Tokenizer>(
      new SentencePieceTokenizer(std::move(vocabulary), std::move(table)));
}

SentencePieceTokenizer::SentencePieceTokenizer(Vocabulary vocabulary_in, TokenTable table_in)
    : Tokenizer(std::move(vocabulary_in), std::move(table_in)),
      rank_(RankByScore(vocabulary().scores)) {
  CHECK(vocabulary().scores.size() == vocabulary().size());
  joins_next_space_.fill(false);
  byte_.fill(kNoToken);
  for (size_t i = 0; i < vocabulary().size(); ++i) {
    const int32_t id = static_cast<int32_t>(i);
    const std::string key = FindKey(vocabulary(), i);
    for (size_t k = 1; k < key.size(); ++k) {
      if (key[k] == ' ') joins_next_space_[static_cast<uint8_t>(key[k - 1])] = true;
    }
    const std::optional<uint8_t> byte = ParseByteToken(vocabulary().texts[i]);
    if (byte && !vocabulary().IsControl(id) && byte_[*byte] == kNoToken) byte_[*byte] = id;
  }
  for (int c = 0; c < 128; ++c) {
    const char key = static_cast<char>(c);
    ascii_[c] = table().Find({&key, 1});
  }
  has_all_bytes_ = std::find(byte_.begin(), byte_.end(), kNoToken) == byte_.end();
  const int32_t unk = vocabulary().unk;
  if (unk != kNoToken && vocabulary().types[unk] == TokenType::kUnknown) unknown_ = unk;
}

void SentencePieceTokenizer::EncodeFragment(std::string_view fragment, TokenizerScratch& scratch,
                                            std::vector<int32_t>& out) const {
  if (vocabulary().add_space_prefix || fragment.find(kEscapedSpace) != std::string_view::npos) {
    scratch.fragment.clear();
    if (vocabulary().add_space_prefix) scratch.fragment.push_back(' ');
    scratch.fragment += UnescapeSpaces(fragment);
    const size_t size = scratch.fragment.size();
    scratch.fragment.append(TokenizerScratch::kReadablePadding, '\0');
    fragment = std::string_view(scratch.fragment).substr(0, size);
  }
  while (!fragment.empty()) {
    const size_t size = FirstUnjoinedSpace(fragment, joins_next_space_);
    EncodeThroughCache(fragment.substr(0, size), scratch, out);
    fragment.remove_prefix(size);
  }
}

void SentencePieceTokenizer::EncodePiece(std::string_view piece, TokenizerScratch& scratch,
                                         std::vector<int32_t>& out) const {
  std::vector<Symbol>& symbols = scratch.merge.symbols;
  symbols.clear();
  for (size_t i = 0; i < piece.size();) {
    const size_t size = CharSize(piece[i]);
    const int32_t id =
        size == 1 ? ascii_[static_cast<uint8_t>(piece[i])] : table().Find(piece.substr(i, size));
    symbols.push_back({id, static_cast<uint32_t>(i), static_cast<uint32_t>(size)});
    i += size;
  }
  MergeSymbols(TextRules{piece, table(), rank_}, scratch.merge);
  bool after_unknown = false;
  for (const Symbol& symbol : symbols) {
    const bool is_unknown = symbol.id == kNoToken;  // a single character: merged ones are tokens
    if (!is_unknown) {
      out.push_back(symbol.id);
    } else if (has_all_bytes_) {
      AppendByteTokens(piece.substr(symbol.begin, symbol.size), out);
    } else if (unknown_ == kNoToken) {
      scratch.counts.num_dropped_bytes += symbol.size;
    } else if (!after_unknown) {
      out.push_back(unknown_);  // one for a run of them, as SentencePiece does
    }
    after_unknown = is_unknown;
  }
}

void SentencePieceTokenizer::AppendByteTokens(std::string_view character,
                                              std::vector<int32_t>& out) const {
  for (const char byte : character == " " ? kEscapedSpace : character) {
    out.push_back(byte_[static_cast<uint8_t>(byte)]);
  }
}

}  // namespace rowmill
