#include <algorithm>
#include <array>

#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

constexpr size_t kMaxLocal = 64;    // RFC 5321, 4.5.3.1.1
constexpr size_t kMaxDomain = 255;  // RFC 5321, 4.5.3.1.2

// RFC 5322 allows more, but its '=', '/', '?' and quotes are far more often the text around an
// address than a part of it.
bool IsLocalCharacter(char c) {
  return IsWordCharacter(c) || c == '.' || c == '+' || c == '-' || c == '%' || c == '\'' ||
         c == '~' || c == '&' || c == '!' || c == '*' || c == '^';
}

bool IsDomainCharacter(char c) {
  return IsAlnum(c) || c == FoldedText::kLetter || c == '.' || c == '-';
}

// What ends names of files ("icon@2x.png") and of hosts that no mail reaches.
bool IsNoTopLevel(std::string_view label) {
  constexpr std::array<std::string_view, 22> kNone = {
      "png", "jpg",   "jpeg",     "gif", "svg",       "webp",       "css",  "js",
      "ts",  "json",  "html",     "pdf", "txt",       "yml",        "yaml", "xml",
      "zip", "local", "internal", "lan", "localhost", "localdomain"};
  std::array<char, 12> lower{};
  if (label.size() > lower.size()) return false;
  std::transform(label.begin(), label.end(), lower.begin(), ToAsciiLower);
  return std::find(kNone.begin(), kNone.end(), std::string_view(lower.data(), label.size())) !=
         kNone.end();
}

// The end of the domain that begins at `begin`; `begin` where there is none.
size_t DomainEnd(std::string_view text, size_t begin) {
  size_t end = begin;
  while (end < text.size() && end - begin < kMaxDomain && IsDomainCharacter(text[end])) {
    if (text[end] == '.' && end > begin && text[end - 1] == '.') break;
    ++end;
  }
  while (end > begin && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
  if (end == begin || text[begin] == '.' || text[begin] == '-') return begin;
  // "...example.org.Thanks": a label that begins a sentence is taken in, which hides too much
  // rather than too little.
  const std::string_view domain = text.substr(begin, end - begin);
  const size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos) return begin;
  const std::string_view top = domain.substr(dot + 1);
  const bool is_punycode = top.size() > 4 && ToAsciiLower(top[0]) == 'x' && top[2] == '-';
  const bool is_letters = std::all_of(
      top.begin(), top.end(), [](char c) { return IsAsciiLetter(c) || c == FoldedText::kLetter; });
  if (top.size() < 2 || (!is_letters && !is_punycode) || IsNoTopLevel(top)) return begin;
  return end;
}

// Whether the '@' at `at` ends the user:password of a URL, which is another detector's find.
bool IsInUrlCredentials(std::string_view text, size_t at) {
  constexpr size_t kLookBack = 256;
  bool has_colon = false;
  for (size_t i = at; i > 0 && at - i < kLookBack; --i) {
    const char c = text[i - 1];
    if (c == ' ' || c == '\n' || c == '"' || c == '<' || c == '/') {
      return c == '/' && has_colon && i >= 3 && text.substr(i - 3, 3) == "://";
    }
    has_colon = has_colon || c == ':';
  }
  return false;
}

}  // namespace

void FindEmailAddresses(std::string_view text, SpanList& found) {
  for (size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    size_t begin = at;
    while (begin > 0 && at - begin < kMaxLocal && IsLocalCharacter(text[begin - 1])) --begin;
    while (begin < at && (text[begin] == '.' || text[begin] == '\'' || text[begin] == '-' ||
                          text[begin] == '*')) {
      ++begin;
    }
    size_t local_end = at;
    // "name"@example.org
    if (begin == at && at > 1 && text[at - 1] == '"') {
      const size_t limit = at - 1 > kMaxLocal ? at - 1 - kMaxLocal : 0;
      size_t quote = at - 1;
      while (quote > limit && text[quote - 1] != '"' && text[quote - 1] != '\n') --quote;
      if (quote > limit && text[quote - 1] == '"') begin = quote - 1;
    } else {
      while (local_end > begin && text[local_end - 1] == '.') --local_end;
    }
    if (begin == at || local_end != at) continue;
    const size_t end = DomainEnd(text, at + 1);
    if (end == at + 1) continue;
    const bool is_remote = end + 1 < text.size() && text[end] == ':' &&
                           (IsAsciiLetter(text[end + 1]) || text[end + 1] == '~') &&
                           text.substr(begin, at - begin) == "git";
    if (!is_remote && !IsInUrlCredentials(text, at)) found.Add(begin, end, Entity::kEmailAddress);
  }
}

}  // namespace rowmill
