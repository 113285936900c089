#include "text/tokenizer.h"

#include <utility>

#include "base/check.h"
#include "text/byte_level_tokenizer.h"
#include "text/sentence_piece_tokenizer.h"
#include "text/unigram_tokenizer.h"
#include "text/utf8.h"
#include "text/word_piece_tokenizer.h"

namespace rowmill {

std::unique_ptr<const Tokenizer> Tokenizer::Make(Vocabulary vocabulary) {
  switch (vocabulary.model) {
    case TokenizerModel::kByteLevelBpe:
      return ByteLevelTokenizer::Make(std::move(vocabulary));
    case TokenizerModel::kSentencePieceBpe:
      return SentencePieceTokenizer::Make(std::move(vocabulary));
    case TokenizerModel::kUnigram:
      return UnigramTokenizer::Make(std::move(vocabulary));
    case TokenizerModel::kWordPiece:
      return WordPieceTokenizer::Make(std::move(vocabulary));
  }
  CHECK(false);
}

Tokenizer::Tokenizer(Vocabulary vocabulary, TokenTable table)
    : vocabulary_(std::move(vocabulary)),
      table_(std::move(table)),
      user_defined_(vocabulary_, SpecialTokenMatcher::Kind::kUserDefined),
      user_defined_and_control_(vocabulary_, SpecialTokenMatcher::Kind::kUserDefinedAndControl),
      identity_(std::make_shared<char>()) {
  CHECK(vocabulary_.types.size() == vocabulary_.size() && table_.size() == vocabulary_.size());
  if (vocabulary_.add_bos && vocabulary_.bos != kNoToken) start_ids_.push_back(vocabulary_.bos);
  if (vocabulary_.add_eos && vocabulary_.eos != kNoToken) end_ids_.push_back(vocabulary_.eos);
}

void Tokenizer::Encode(std::span<const TextSpan> spans, TokenizerScratch& scratch,
                       std::vector<int32_t>& out) const {
  scratch.text.clear();
  scratch.regions.clear();
  for (const TextSpan& span : spans) {
    CHECK(span.text.size() <= kMaxTextBytes);
    const size_t begin = scratch.text.size();
    scratch.counts.num_replacements += AppendValidUtf8(span.text, scratch.text);
    CHECK(scratch.text.size() <= 3 * kMaxTextBytes);  // U+FFFD is three bytes for one
    if (span.special == SpecialTokens::kPlainText || begin == scratch.text.size()) continue;
    if (!scratch.regions.empty() && scratch.regions.back().end == begin) {
      scratch.regions.back().end = scratch.text.size();
    } else {
      scratch.regions.push_back({begin, scratch.text.size()});
    }
  }
  EncodePrepared(scratch, out);
}

void Tokenizer::Encode(std::string_view text, SpecialTokens special, TokenizerScratch& scratch,
                       std::vector<int32_t>& out) const {
  const TextSpan span{text, special};
  Encode(std::span(&span, 1), scratch, out);
}

void Tokenizer::EncodePrompt(std::span<const PromptSpan> prompt, TokenizerScratch& scratch,
                             std::vector<int32_t>& out) const {
  std::vector<TextSpan> spans;
  spans.reserve(prompt.size());
  for (const PromptSpan& span : prompt) {
    const bool is_template = span.origin == PromptSpan::Origin::kTemplate;
    spans.push_back({span.text, is_template ? SpecialTokens::kParse : SpecialTokens::kPlainText});
  }
  Encode(spans, scratch, out);
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text, SpecialTokens special) const {
  TokenizerScratch scratch(TokenizerScratch::Cache::kOff);
  std::vector<int32_t> ids;
  Encode(text, special, scratch, ids);
  return ids;
}

// Cuts scratch.text at its special tokens and encodes what lies between.
void Tokenizer::EncodePrepared(TokenizerScratch& scratch, std::vector<int32_t>& out) const {
  if (scratch.owner != identity_) {
    scratch.owner = identity_;
    scratch.cache.Clear();
  }
  const size_t size = scratch.text.size();
  scratch.counts.num_bytes += size;
  scratch.text.append(TokenizerScratch::kReadablePadding, '\0');
  const std::string_view text(scratch.text.data(), size);

  const SpecialTokenMatcher& matcher =
      scratch.regions.empty() ? user_defined_ : user_defined_and_control_;
  matcher.FindAll(text, scratch.regions, scratch.special);
  size_t begin = 0;
  for (const SpecialMatch& match : scratch.special.matches) {
    if (match.begin > begin) EncodeFragment(text.substr(begin, match.begin - begin), scratch, out);
    out.push_back(match.id);
    begin = match.begin + match.size;
  }
  if (begin < size) EncodeFragment(text.substr(begin), scratch, out);
  scratch.Trim();
}

void Tokenizer::EncodeThroughCache(std::string_view piece, TokenizerScratch& scratch,
                                   std::vector<int32_t>& out) const {
  ++scratch.counts.num_pieces;
  if (!scratch.use_cache || piece.size() > PieceCache::kMaxPieceBytes) {
    EncodePiece(piece, scratch, out);
    return;
  }
  const PieceCache::Key key = PieceCache::MakeKey(piece.data(), piece.size());
  if (const std::span<const int32_t> ids = scratch.cache.Find(key); !ids.empty()) {
    ++scratch.counts.num_cache_hits;
    out.insert(out.end(), ids.begin(), ids.end());
    return;
  }
  const size_t begin = out.size();
  const uint64_t dropped_before = scratch.counts.num_dropped_bytes;
  EncodePiece(piece, scratch, out);
  // Pieces that lose bytes are not kept, so that each loss is counted.
  if (scratch.counts.num_dropped_bytes == dropped_before) {
    scratch.cache.Insert(key, std::span(out).subspan(begin));
  }
}

void Tokenizer::AppendBytes(std::span<const int32_t> ids, DecodeOptions options,
                            std::string& out) const {
  // As llama_detokenize: only the first id is looked at for the added space, also where it is a
  // control token that has none.
  bool remove_space = vocabulary_.add_space_prefix &&
                      options.leading_space == DecodeOptions::LeadingSpace::kRemoveAdded;
  for (const int32_t id : ids) {
    CHECK(vocabulary_.Contains(id));
    if (options.control == DecodeOptions::Control::kRender || !vocabulary_.IsControl(id)) {
      std::string_view bytes = table_.BytesOf(id);
      if (remove_space && bytes.starts_with(' ')) bytes.remove_prefix(1);
      out.append(bytes);
    }
    remove_space = false;
  }
}

std::string Tokenizer::Decode(std::span<const int32_t> ids, DecodeOptions options) const {
  std::string bytes;
  AppendBytes(ids, options, bytes);
  if (ValidUtf8Prefix(bytes) == bytes.size()) return bytes;
  return MakeValidUtf8(bytes).text;
}

std::optional<size_t> Tokenizer::FindInvalidId(std::span<const int32_t> ids) const {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!vocabulary_.Contains(ids[i])) return i;
  }
  return std::nullopt;
}

}  // namespace rowmill
