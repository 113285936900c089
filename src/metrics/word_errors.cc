#include "metrics/word_errors.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "data/utf8.h"
#include "metrics/english_text.h"

namespace rowmill {
namespace {

struct FreeMemory {
  void operator()(utf8proc_uint8_t* memory) const { std::free(memory); }
};

std::string Nfkc(std::string_view text) {
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
      static_cast<utf8proc_ssize_t>(text.size()), &out,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT));
  const std::unique_ptr<utf8proc_uint8_t, FreeMemory> owner(out);
  CHECK(size >= 0);
  return {reinterpret_cast<const char*>(out), static_cast<size_t>(size)};
}

bool IsMarkSymbolOrPunctuation(char32_t character) {
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(character));
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_SO &&
         category != UTF8PROC_CATEGORY_ND && category != UTF8PROC_CATEGORY_NL &&
         category != UTF8PROC_CATEGORY_NO;
}

bool IsSpace(char32_t character) {
  if (character == ' ' || (character >= 9 && character <= 13)) return true;
  if (character >= 0x1C && character <= 0x1F) return true;  // as Python's \s has it
  if (character == 0x85) return true;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(character));
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

// Leaves out each piece from an opening to the nearest closing character; one that is never closed
// stays, and so does one with nothing inside where `empty` says so.
enum class Empty : uint8_t { kStays, kGoes };
std::string WithoutBrackets(const std::string& text, std::string_view open, std::string_view close,
                            Empty empty) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    const size_t begin = text.find_first_of(open, at);
    const size_t end = begin == std::string::npos ? begin : text.find_first_of(close, begin + 1);
    if (end == std::string::npos) break;
    const bool stays = empty == Empty::kStays && end == begin + 1;
    out.append(text, at, begin - at + (stays ? 1 : 0));
    at = stays ? begin + 1 : end + 1;
  }
  return out.append(text, at);
}

std::string Lowered(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    AppendCharacter(static_cast<char32_t>(
                        utf8proc_tolower(static_cast<utf8proc_int32_t>(NextCharacter(text, at)))),
                    out);
  }
  return out;
}

std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  bool is_open = false;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    const bool is_space = IsSpace(NextCharacter(text, at));
    if (is_space) {
      is_open = false;
      continue;
    }
    if (!is_open) words.emplace_back();
    is_open = true;
    words.back().append(text.substr(begin, at - begin));
  }
  return words;
}

// Levenshtein's distance of two lists of words (numbers that stand for them).
uint64_t Distance(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b) {
  std::vector<uint64_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    uint64_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const uint64_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string LowerWithoutBrackets(std::string_view text) {
  std::string out = Lowered(text);
  out = WithoutBrackets(out, "<[", ">]", Empty::kGoes);
  return WithoutBrackets(out, "(", ")", Empty::kStays);
}

std::string NormalizeTranscript(std::string_view text) {
  const std::string out = Nfkc(LowerWithoutBrackets(text));
  std::string spaced;
  for (size_t at = 0; at < out.size();) {
    const char32_t character = NextCharacter(out, at);
    AppendCharacter(IsMarkSymbolOrPunctuation(character) ? U' ' : character, spaced);
  }
  std::string words;
  for (const std::string& word : WordsOf(Lowered(spaced))) {
    if (!words.empty()) words += ' ';
    words += word;
  }
  return words;
}

void WordErrors::Add(std::string_view answer, std::string_view gold) {
  const auto formed = [&](std::string_view text) {
    switch (form_) {
      case TextForm::kNormalized:
        return NormalizeTranscript(text);
      case TextForm::kEnglish:
        return NormalizeEnglish(text);
      case TextForm::kAsIs:
        break;
    }
    return std::string(text);
  };
  std::unordered_map<std::string, uint32_t> numbers;
  const auto numbered = [&](std::string_view text) {
    std::vector<uint32_t> out;
    for (std::string& word : WordsOf(formed(text))) {
      const auto next = static_cast<uint32_t>(numbers.size());
      out.push_back(numbers.try_emplace(std::move(word), next).first->second);
    }
    return out;
  };
  const std::vector<uint32_t> gold_words = numbered(gold);
  errors_ += Distance(numbered(answer), gold_words);
  words_ += gold_words.size();
}

double WordErrors::Rate() const {
  return words_ == 0 ? 0.0 : static_cast<double>(errors_) / static_cast<double>(words_);
}

}  // namespace rowmill
