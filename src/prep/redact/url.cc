#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

constexpr size_t kMaxAuthority = 1024;

bool EndsAuthority(char c) {
  return c == '/' || c == '?' || c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '"' ||
         c == '<' || c == '>' || c == '`';
}

}  // namespace

void FindUrlCredentials(std::string_view text, SpanList& found) {
  for (size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
    if (at == 0 || !IsAlnum(text[at - 1])) continue;
    const size_t begin = at + 3;
    size_t last_at = begin;
    size_t colon = std::string_view::npos;
    size_t end = begin;
    for (; end < text.size() && end - begin < kMaxAuthority && !EndsAuthority(text[end]); ++end) {
      if (text[end] == '@') last_at = end;
      if (text[end] == ':' && colon == std::string_view::npos) colon = end;
    }
    // A user without a password says no secret, and looks like an e-mail address where it matters.
    if (colon == std::string_view::npos || colon + 1 >= last_at) continue;
    found.Add(begin, last_at, Entity::kUrlCredentials);
  }
}

}  // namespace rowmill
