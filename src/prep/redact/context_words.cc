#include "prep/redact/context_words.h"

#include <algorithm>
#include <array>

#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

constexpr size_t kBefore = 48;
constexpr size_t kDenyBefore = 24;
constexpr size_t kBehind = 24;

constexpr std::array<std::string_view, 53> kAgainst = {
    "order*",  "invoice*",   "ticket*",      "tracking", "parcel*",   "shipment*", "reference*",
    "ref",     "refs",       "version*",     "release*", "build*",    "isbn",      "issn",
    "serial*", "sku",        "skus",         "part",     "parts",     "batch*",    "lot",
    "lots",    "model*",     "item*",        "product*", "article*",  "case",      "booking*",
    "commit*", "revision*",  "row",          "rows",     "page",      "barcode*",  "ean",
    "upc",     "imei",       "coordinates",  "latitude", "longitude", "price*",    "amount*",
    "total*",  "timestamp*", "transaction*", "firmware", "bestell*",  "rechnung*", "commande*",
    "line",    "lines",      "size",         "pi"};

bool Matches(std::string_view word, std::string_view lower) {
  if (word.ends_with('*')) return lower.starts_with(word.substr(0, word.size() - 1));
  return word == lower;
}

bool MatchesAny(std::string_view lower, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return Matches(word, lower); });
}

Context Judge(std::string_view word, std::span<const std::string_view> words) {
  std::array<char, 24> lower{};
  if (word.size() > lower.size()) return Context::kNone;
  std::transform(word.begin(), word.end(), lower.begin(), ToAsciiLower);
  const std::string_view text(lower.data(), word.size());
  if (MatchesAny(text, words)) return Context::kFor;
  if (MatchesAny(text, kAgainst)) return Context::kAgainst;
  return Context::kNone;
}

// A word for this purpose: letters, of any script.
bool InWord(char c) { return IsAsciiLetter(c) || c == FoldedText::kLetter; }

// Whether a sentence or a line ends between two words.
bool HasBreak(std::string_view between) {
  for (size_t i = 0; i < between.size(); ++i) {
    const char c = between[i];
    if (c == '\n' || c == ';' || c == '!' || c == '?') return true;
    if (c == '.' && i + 1 < between.size() && between[i + 1] == ' ') return true;
  }
  return false;
}

}  // namespace

ContextFind FindContext(std::string_view text, size_t begin, size_t end,
                        std::span<const std::string_view> words) {
  const size_t first = begin > kBefore ? begin - kBefore : 0;
  bool may_deny = true;
  for (size_t at = begin; at > first;) {
    size_t word_end = at;
    while (word_end > first && !InWord(text[word_end - 1])) --word_end;
    size_t word_begin = word_end;
    while (word_begin > first && InWord(text[word_begin - 1])) --word_begin;
    // "no. 12" ends no sentence, "cold. 12" does.
    const bool is_abbreviation = word_end - word_begin <= 3;
    may_deny = may_deny && begin - word_end <= kDenyBefore &&
               (is_abbreviation || !HasBreak(text.substr(word_end, at - word_end)));
    const Context context = Judge(text.substr(word_begin, word_end - word_begin), words);
    if (context == Context::kFor || (context == Context::kAgainst && may_deny)) {
      return {context, begin - word_end};
    }
    at = word_begin;
  }
  const size_t last = std::min(text.size(), end + kBehind);
  for (size_t at = end; at < last;) {
    size_t word_begin = at;
    while (word_begin < last && !InWord(text[word_begin])) ++word_begin;
    size_t word_end = word_begin;
    while (word_end < last && InWord(text[word_end])) ++word_end;
    if (Judge(text.substr(word_begin, word_end - word_begin), words) == Context::kFor) {
      return {Context::kFor, word_begin - end};
    }
    at = word_end;
  }
  return {};
}

}  // namespace rowmill
