#include "text/unigram_tokenizer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "text/escaped_space.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

// SentencePiece's kUnkPenalty (src/unigram_model.cc).
constexpr float kUnknownPenalty = 10.0f;
// What SentencePiece writes for the unknown token.
constexpr std::string_view kUnknownText = " \xE2\x81\x87 ";  // U+2047 between spaces

bool IsSearched(TokenType type) {
  return type == TokenType::kNormal || type == TokenType::kUserDefined;
}

TokenTable MakeTable(const Vocabulary& vocabulary) {
  TokenTable table(vocabulary.size());
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    switch (vocabulary.types[i]) {
      case TokenType::kUnknown:
        table.Add(kUnknownText, {});
        break;
      case TokenType::kControl:
        table.Add(vocabulary.texts[i], {});
        break;
      default:
        table.Add(UnescapeSpaces(vocabulary.texts[i]), {});
    }
  }
  return table;
}

size_t MaxStates(const Vocabulary& vocabulary) {
  size_t states = 1;
  for (const std::string& text : vocabulary.texts) states += text.size();
  return states;
}

void CheckVocabulary(const Vocabulary& vocabulary) {
  if (vocabulary.scores.size() != vocabulary.size()) {
    throw ModelError(vocabulary.source +
                     ": a Unigram vocabulary needs a score for each token; get the file again");
  }
  if (vocabulary.unk == kNoToken) {
    throw ModelError(vocabulary.source +
                     ": a Unigram vocabulary needs an unknown token (unk_id); get the file again");
  }
}

}  // namespace

std::unique_ptr<const Tokenizer> UnigramTokenizer::Make(Vocabulary vocabulary) {
  CheckVocabulary(vocabulary);
  TokenTable table = MakeTable(vocabulary);
  return std::unique_ptr<const Tokenizer>(
      new UnigramTokenizer(std::move(vocabulary), std::move(table)));
}

UnigramTokenizer::UnigramTokenizer(Vocabulary vocabulary_in, TokenTable table_in)
    : Tokenizer(std::move(vocabulary_in), std::move(table_in)),
      character_map_(CharacterMap::Parse(vocabulary().source, vocabulary().character_map)),
      trie_(MaxStates(vocabulary())),
      token_(1, kNoToken),
      score_(vocabulary().scores) {
  joins_next_space_.fill(false);
  float lowest = 0.0f;
  float highest = 0.0f;
  bool is_first = true;
  for (size_t i = 0; i < vocabulary().size(); ++i) {
    if (vocabulary().types[i] == TokenType::kNormal) {
      lowest = is_first ? score_[i] : std::min(lowest, score_[i]);
      highest = is_first ? score_[i] : std::max(highest, score_[i]);
      is_first = false;
    }
  }
  unknown_score_ = lowest - kUnknownPenalty;
  for (size_t i = 0; i < vocabulary().size(); ++i) {
    const TokenType type = vocabulary().types[i];
    if (type == TokenType::kUserDefined) {
      // Better than any way to cut it; SentencePiece counts bytes here too.
      score_[i] = static_cast<float>(vocabulary().texts[i].size()) * highest - 0.1f;
    }
    if (IsSearched(type)) AddToken(static_cast<int32_t>(i));
  }
}

void UnigramTokenizer::AddToken(int32_t id) {
  const std::string_view text = TokenBytes(id);
  uint32_t state = ByteTrie::kRoot;
  for (size_t k = 0; k < text.size(); ++k) {
    state = trie_.FindOrAdd(state, static_cast<uint8_t>(text[k]));
    if (state == token_.size()) token_.push_back(kNoToken);
    if (k > 0 && text[k] == ' ') joins_next_space_[static_cast<uint8_t>(text[k - 1])] = true;
  }
  if (state != ByteTrie::kRoot && token_[state] == kNoToken) token_[state] = id;
}

// The normaliser of SentencePiece: the table, then spaces as the vocabulary wants them.
void UnigramTokenizer::Normalize(std::string_view text, std::string& out) const {
  const bool removes = vocabulary().remove_extra_spaces;
  const size_t begin = out.size();
  bool after_space = removes;
  bool is_empty = true;
  while (!text.empty()) {
    const CharacterMap::Replacement first = character_map_.First(text);
    text.remove_prefix(first.consumed);
    std::string_view replacement = first.text;
    while (after_space && replacement.starts_with(' ')) replacement.remove_prefix(1);
    if (replacement.empty()) continue;
    if (is_empty && vocabulary().add_space_prefix) out.push_back(' ');
    is_empty = false;
    out.append(replacement);
    after_space = removes && replacement.ends_with(' ');
  }
  if (removes) {
    while (out.size() > begin && out.back() == ' ') out.pop_back();
  }
}

void UnigramTokenizer::EncodeFragment(std::string_view fragment, TokenizerScratch& scratch,
                                      std::vector<int32_t>& out) const {
  scratch.fragment.clear();
  Normalize(fragment, scratch.fragment);
  if (scratch.fragment.find(kEscapedSpace) != std::string::npos) {
    scratch.fragment = UnescapeSpaces(scratch.fragment);
  }
  const size_t size = scratch.fragment.size();
  scratch.fragment.append(TokenizerScratch::kReadablePadding, '\0');
  std::string_view rest = std::string_view(scratch.fragment).substr(0, size);
  const size_t fragment_begin = out.size();
  while (!rest.empty()) {
    const size_t piece = FirstUnjoinedSpace(rest, joins_next_space_);
    const size_t before = out.size();
    EncodeThroughCache(rest.substr(0, piece), scratch, out);
    // Unknown characters across a cut are one run too.
    const int32_t unk = vocabulary().unk;
    if (before > fragment_begin && out[before - 1] == unk && out[before] == unk) {
      out.erase(out.begin() + static_cast<ptrdiff_t>(before));
    }
    rest.remove_prefix(piece);
  }
}

void UnigramTokenizer::EncodePiece(std::string_view piece, TokenizerScratch& scratch,
                                   std::vector<int32_t>& out) const {
  std::vector<BestPath>& best = scratch.best_paths;
  best.assign(piece.size() + 1, {});
  best[0].is_reached = true;
  const int32_t unk = vocabulary().unk;
  const auto offer = [&](size_t begin, size_t end, int32_t id, float score) {
    const float sum = score + best[begin].score;
    if (best[end].is_reached && !(sum > best[end].score)) return;
    best[end] = {sum, static_cast<uint32_t>(begin), id, true};
  };
  for (size_t begin = 0; begin < piece.size();) {
    const size_t character = DecodeUtf8(piece.substr(begin)).num_bytes;
    bool has_character = false;
    uint32_t state = ByteTrie::kRoot;
    for (size_t end = begin; end < piece.size();) {
      state = trie_.Find(state, static_cast<uint8_t>(piece[end]));
      if (state == ByteTrie::kRoot) break;
      ++end;
      ++scratch.merge.num_operations;
      const int32_t id = token_[state];
      if (id == kNoToken) continue;
      offer(begin, end, id, score_[static_cast<size_t>(id)]);
      has_character |= end - begin == character;
    }
    if (!has_character) offer(begin, begin + character, unk, unknown_score_);
    begin += character;
  }
  const size_t first = out.size();
  for (size_t end = piece.size(); end > 0; end = best[end].begin) {
    const bool repeats_unknown = best[end].id == unk && out.size() > first && out.back() == unk;
    if (!repeats_unknown) out.push_back(best[end].id);
  }
  std::reverse(out.begin() + static_cast<ptrdiff_t>(first), out.end());
}

}  // namespace rowmill
