#include "text/sentence_splitter.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "text/unicode.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

// Abbreviations that stand before a name or a number, so that a capital or a digit behind them
// begins no sentence. Of English, Portuguese, Spanish, French, German and Italian; lower case, with
// neither spaces nor the full stop itself.
constexpr std::array<std::string_view, 62> kAbbreviations = {
    "adm",  "al",   "approx", "art", "av",   "bd",    "brig", "bros", "bzw", "ca",  "cap",
    "capt", "cf",   "co",     "col", "corp", "d.h",   "dr",   "dra",  "ed",  "e.g", "eng",
    "exmo", "ex",   "fig",    "gen", "gov",  "hon",   "hr",   "i.e",  "inc", "ing", "jr",
    "lt",   "ltd",  "maj",    "mgr", "mme",  "mr",    "mrs",  "ms",   "no",  "nr",  "núm",
    "op",   "p.ej", "pág",    "pp",  "prof", "profa", "ref",  "rep",  "rev", "sen", "sgt",
    "sr",   "sra",  "srta",   "st",  "vol",  "vs",    "z.b"};

struct Char {
  uint32_t code_point;
  size_t offset;
  size_t num_bytes;
};

bool IsSpace(uint32_t c) { return CharClassTable::Get().ClassOf(c) == CharClass::kSpace; }

// . ! ? and the ellipsis, also of Arabic and Devanagari.
bool IsEndMark(uint32_t c) {
  return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x061F || c == 0x0964;
}
bool IsWideEndMark(uint32_t c) { return c == 0x3002 || c == 0xFF01 || c == 0xFF1F; }

// What may stand between the mark and the space: quotation marks and brackets that close.
bool IsClosing(uint32_t c) {
  if (c == '"' || c == '\'') return true;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category == UTF8PROC_CATEGORY_PE || category == UTF8PROC_CATEGORY_PF;
}

bool CanBeginSentence(uint32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PI:
      return true;
    default:
      return c == '"' || c == '\'' || c == 0x00BF || c == 0x00A1 || c == 0x2014 || c == '-';
  }
}

std::vector<Char> Characters(std::string_view text) {
  std::vector<Char> characters;
  for (size_t at = 0; at < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    characters.push_back({c.code_point, at, c.num_bytes});
    at += c.num_bytes;
  }
  return characters;
}

std::string Lower(std::string_view word) {
  std::string lower;
  for (const Char& c : Characters(word)) {
    AppendUtf8(static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c.code_point))),
               lower);
  }
  return lower;
}

class LineSplitter {
 public:
  explicit LineSplitter(std::string_view line) : line_(line), chars_(Characters(line)) {}

  std::vector<std::string_view> Split() {
    std::vector<std::string_view> sentences;
    size_t begin = 0;
    for (size_t i = 0; i < chars_.size(); ++i) {
      const size_t end = EndOfSentence(i, begin);
      if (end == 0) continue;
      AddTrimmed(begin, end, sentences);
      begin = end;
      i = end - 1;
    }
    AddTrimmed(begin, chars_.size(), sentences);
    return sentences;
  }

 private:
  // One past the sentence that ends with the mark at `i`, or 0 where none does.
  size_t EndOfSentence(size_t i, size_t begin) const {
    const uint32_t mark = chars_[i].code_point;
    if (!IsEndMark(mark) && !IsWideEndMark(mark)) return 0;
    size_t end = i + 1;
    while (end < chars_.size() &&
           (IsEndMark(chars_[end].code_point) || IsWideEndMark(chars_[end].code_point))) {
      ++end;
    }
    const bool is_single_stop = mark == '.' && end == i + 1;
    const bool is_wide = IsWideEndMark(chars_[end - 1].code_point);
    while (end < chars_.size() && IsClosing(chars_[end].code_point)) ++end;
    if (is_wide) return end;
    if (end == chars_.size() || !IsSpace(chars_[end].code_point)) return 0;
    size_t next = end;
    while (next < chars_.size() && IsSpace(chars_[next].code_point)) ++next;
    if (next == chars_.size() || !CanBeginSentence(chars_[next].code_point)) return 0;
    return is_single_stop && IsAbbreviation(begin, i) ? 0 : end;
  }

  // Whether the word before the full stop at `stop` is one that no sentence ends with.
  bool IsAbbreviation(size_t begin, size_t stop) const {
    size_t word = stop;
    while (word > begin && !IsSpace(chars_[word - 1].code_point) &&
           !IsOpening(chars_[word - 1].code_point)) {
      --word;
    }
    if (word == stop) return false;
    const size_t letters = stop - word;
    const CharClass first = CharClassTable::Get().ClassOf(chars_[word].code_point);
    if (letters == 1 && first == CharClass::kLetter && IsCapital(word)) return true;  // an initial
    bool all_numbers = true;
    for (size_t i = word; i < stop; ++i) {
      all_numbers =
          all_numbers && CharClassTable::Get().ClassOf(chars_[i].code_point) == CharClass::kNumber;
    }
    // "1. Open the lid": the number of an item, where nothing stands before it.
    if (all_numbers) return AllSpace(begin, word);
    // "U.S. troops", "J.R. Smith": capitals with full stops between them.
    if (letters == 3 && IsCapital(word) && chars_[word + 1].code_point == '.' &&
        IsCapital(word + 2)) {
      return true;
    }
    const std::string lower =
        Lower(line_.substr(chars_[word].offset, chars_[stop].offset - chars_[word].offset));
    return std::find(kAbbreviations.begin(), kAbbreviations.end(), lower) != kAbbreviations.end();
  }

  static bool IsOpening(uint32_t c) {
    const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
    return c == '"' || c == '\'' || category == UTF8PROC_CATEGORY_PS ||
           category == UTF8PROC_CATEGORY_PI;
  }
  bool IsCapital(size_t i) const {
    return utf8proc_category(static_cast<utf8proc_int32_t>(chars_[i].code_point)) ==
           UTF8PROC_CATEGORY_LU;
  }
  bool AllSpace(size_t begin, size_t end) const {
    for (size_t i = begin; i < end; ++i) {
      if (!IsSpace(chars_[i].code_point)) return false;
    }
    return true;
  }
  void AddTrimmed(size_t begin, size_t end, std::vector<std::string_view>& sentences) const {
    while (begin < end && IsSpace(chars_[begin].code_point)) ++begin;
    while (begin < end && IsSpace(chars_[end - 1].code_point)) --end;
    if (begin == end) return;
    const size_t first = chars_[begin].offset;
    sentences.push_back(
        line_.substr(first, chars_[end - 1].offset + chars_[end - 1].num_bytes - first));
  }

  std::string_view line_;
  std::vector<Char> chars_;
};

}  // namespace

std::vector<SplitLine> SplitSentences(std::string_view text) {
  std::vector<SplitLine> lines;
  size_t begin = 0;
  while (true) {
    const size_t end = std::min(text.find_first_of("\r\n", begin), text.size());
    SplitLine line;
    line.sentences = LineSplitter(text.substr(begin, end - begin)).Split();
    if (!line.sentences.empty()) {
      const char* first = line.sentences.front().data();
      const std::string_view last = line.sentences.back();
      line.text = {first, static_cast<size_t>(last.data() + last.size() - first)};
    }
    lines.push_back(std::move(line));
    if (end == text.size()) return lines;
    begin = end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
  }
}

}  // namespace rowmill
