#include <array>

#include "prep/redact/context_words.h"
#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

// The end of an IPv4 address at `begin`, or `begin`. Octets have no leading zeros.
size_t Ipv4End(std::string_view text, size_t begin) {
  size_t at = begin;
  for (int octet = 0; octet < 4; ++octet) {
    if (octet > 0) {
      if (at >= text.size() || text[at] != '.') return begin;
      ++at;
    }
    uint32_t value = 0;
    const size_t digits = at;
    while (at < text.size() && at - digits < 4 && IsAsciiDigit(text[at])) {
      value = value * 10 + static_cast<uint32_t>(text[at++] - '0');
    }
    if (at == digits || at - digits > 3 || value > 255) return begin;
    if (text[digits] == '0' && at - digits > 1) return begin;
  }
  return at;
}

// "1.2.3.4.5" is a section or an object identifier, "v1.2.3.4" and "version 1.2.3.4" a version.
bool IsIpv4(std::string_view text, size_t begin, size_t end) {
  if (begin > 0 && (text[begin - 1] == '.' || text[begin - 1] == '-') &&
      (begin == 1 || IsWordCharacter(text[begin - 2]))) {
    return false;
  }
  if (!AtWordBegin(text, begin) || !AtWordEnd(text, end)) return false;
  if (end + 1 < text.size() && text[end] == '.' && IsAsciiDigit(text[end + 1])) return false;
  if (end + 1 < text.size() && text[end] == '-' && IsAsciiLetter(text[end + 1])) return false;
  constexpr std::array<std::string_view, 6> kFor = {"ip",     "address", "host",
                                                    "server", "from",    "client"};
  return ContextOf(text, begin, end, kFor) != Context::kAgainst;
}

// RFC 4291, 2.2: up to eight groups, one "::", the last two groups perhaps as IPv4.
size_t Ipv6End(std::string_view text, size_t begin) {
  size_t at = begin;
  int groups = 0;
  bool has_gap = false;
  bool has_digit = false;
  size_t end = begin;  // of what is complete so far
  while (at < text.size() && groups < 8) {
    if (text.substr(at, 2) == "::") {
      if (has_gap) break;
      has_gap = true;
      at += 2;
      end = at;
      continue;
    }
    if (groups > 0 && text[at - 1] != ':') {
      if (text[at] != ':') break;
      ++at;
    }
    const size_t v4 = groups <= 6 ? Ipv4End(text, at) : at;
    if (v4 != at) {
      groups += 2;
      has_digit = true;
      at = end = v4;
      break;
    }
    const size_t group = at;
    while (at < text.size() && at - group < 5 && IsHexDigit(text[at])) {
      has_digit = has_digit || IsAsciiDigit(text[at]);
      ++at;
    }
    if (at == group || at - group > 4) break;
    ++groups;
    end = at;
  }
  const bool is_complete = has_gap ? groups >= 1 && groups <= 7 : groups == 8;
  // C++ has names such as "dead::beef"; an address without any digit is rare.
  return is_complete && has_digit ? end : begin;
}

bool IsIpv6(std::string_view text, size_t begin, size_t end) {
  if (begin > 0 && (IsWordCharacter(text[begin - 1]) || text[begin - 1] == ':')) return false;
  if (!AtWordEnd(text, end)) return false;
  return end + 1 >= text.size() || text[end] != ':' || !IsHexDigit(text[end + 1]);
}

// Six pairs with one separator (IEEE 802), or three groups of four with dots.
size_t MacEnd(std::string_view text, size_t begin) {
  const auto groups_end = [&](size_t count, size_t size, char separator) {
    size_t at = begin;
    for (size_t group = 0; group < count; ++group) {
      if (group > 0) {
        if (at >= text.size() || text[at] != separator) return begin;
        ++at;
      }
      for (size_t i = 0; i < size; ++i, ++at) {
        if (at >= text.size() || !IsHexDigit(text[at])) return begin;
      }
    }
    return at;
  };
  for (const char separator : {':', '-'}) {
    const size_t end = groups_end(6, 2, separator);
    if (end == begin) continue;
    const bool goes_on =
        end + 1 < text.size() && text[end] == separator && IsHexDigit(text[end + 1]);
    return goes_on ? begin : end;
  }
  return groups_end(3, 4, '.');
}

bool IsMac(std::string_view text, size_t begin, size_t end) {
  if (!AtWordBegin(text, begin) || !AtWordEnd(text, end)) return false;
  if (begin > 1 && (text[begin - 1] == ':' || text[begin - 1] == '-' || text[begin - 1] == '.') &&
      IsHexDigit(text[begin - 2])) {
    return false;
  }
  // "2024.1127.0915" are three groups of digits as well; a MAC address nearly always has a letter.
  return text[begin + 4] != '.' ||
         text.substr(begin, end - begin).find_first_of("abcdefABCDEF") != std::string_view::npos;
}

}  // namespace

void FindNetworkAddresses(std::string_view text, SpanList& found) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!IsHexDigit(c) && c != ':') continue;
    if (i > 0 && IsAlnum(text[i - 1])) continue;
    if (const size_t mac = c == ':' ? i : MacEnd(text, i); mac != i && IsMac(text, i, mac)) {
      found.Add(i, mac, Entity::kMacAddress);
      i = mac - 1;
      continue;
    }
    if (const size_t v6 = Ipv6End(text, i); v6 != i && IsIpv6(text, i, v6)) {
      found.Add(i, v6, Entity::kIpAddress);
      i = v6 - 1;
      continue;
    }
    if (!IsAsciiDigit(c)) continue;
    if (const size_t v4 = Ipv4End(text, i); v4 != i && IsIpv4(text, i, v4)) {
      found.Add(i, v4, Entity::kIpAddress);
      i = v4 - 1;
    }
  }
}

}  // namespace rowmill
