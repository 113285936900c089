#include "text/word_piece_tokenizer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace rowmill {
namespace {

constexpr std::string_view kContinues = "##";
constexpr size_t kMaxWordCharacters = 100;  // as in the reference implementation

bool BeginsCharacter(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) != 0x80; }

TokenTable MakeTable(const Vocabulary& vocabulary) {
  TokenTable table(vocabulary.size());
  for (size_t i = 0; i < vocabulary.size(); ++i) {
    const std::string& text = vocabulary.texts[i];
    if (vocabulary.IsControl(static_cast<int32_t>(i))) {
      table.Add(text, {});
    } else if (text.starts_with(kContinues) && text.size() > kContinues.size()) {
      table.Add(std::string_view(text).substr(kContinues.size()), text);
    } else {
      // Words are written with the space that parts them from the word before.
      table.Add(" " + text, text);
    }
  }
  return table;
}

}  // namespace

std::unique_ptr<const Tokenizer> WordPieceTokenizer::Make(Vocabulary vocabulary) {
  if (vocabulary.unk == kNoToken) {
    throw ModelError(vocabulary.source +
                     ": a WordPiece vocabulary needs an unknown token, and this one names none");
  }
  TokenTable table = MakeTable(vocabulary);
  return std::unique_ptr<const Tokenizer>(
      new WordPieceTokenizer(std::move(vocabulary), std::move(table)));
}

WordPieceTokenizer::WordPieceTokenizer(Vocabulary vocabulary_in, TokenTable table_in)
    : Tokenizer(std::move(vocabulary_in), std::move(table_in)),
      normalizer_(vocabulary().normalizer) {
  for (const std::string& text : vocabulary().texts) {
    longest_key_ = std::max(longest_key_, text.size());
  }
}

void WordPieceTokenizer::EncodeFragment(std::string_view fragment, TokenizerScratch& scratch,
                                        std::vector<int32_t>& out) const {
  std::string& words = scratch.fragment;
  words.clear();
  normalizer_.AppendWords(fragment, words);
  const size_t size = words.size();
  words.append(TokenizerScratch::kReadablePadding, '\0');
  size_t begin = 0;
  while (begin < size) {
    const size_t end = words.find(' ', begin);
    EncodeThroughCache(std::string_view(words).substr(begin, end - begin), scratch, out);
    begin = end + 1;
  }
}

void WordPieceTokenizer::EncodePiece(std::string_view word, TokenizerScratch& scratch,
                                     std::vector<int32_t>& out) const {
  const size_t first_id = out.size();
  const auto give_up = [&] {
    out.resize(first_id);
    out.push_back(vocabulary().unk);
  };
  if (static_cast<size_t>(std::count_if(word.begin(), word.end(), BeginsCharacter)) >
      kMaxWordCharacters) {
    return give_up();
  }
  // "##" is written over the two bytes before what is left of the word; they have been read.
  std::string rest(kContinues);
  rest += word;
  size_t begin = kContinues.size();
  while (begin < rest.size()) {
    const size_t key_begin = begin == kContinues.size() ? begin : begin - kContinues.size();
    if (key_begin != begin) rest.replace(key_begin, kContinues.size(), kContinues);
    size_t end = std::min(rest.size(), key_begin + longest_key_);
    int32_t id = kNoToken;
    for (; end > begin; --end) {
      if (end < rest.size() && !BeginsCharacter(rest[end])) continue;
      ++scratch.merge.num_operations;
      id = table().Find(std::string_view(rest).substr(key_begin, end - key_begin));
      if (id != kNoToken) break;
    }
    if (id == kNoToken) return give_up();
    out.push_back(id);
    begin = end;
  }
}

}  // namespace rowmill
