#include "data/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "base/check.h"
#include "data/utf8.h"

namespace rowmill {
namespace {

std::optional<uint32_t> ParseHex4(std::string_view text, size_t begin) {
  if (begin + 4 > text.size()) return std::nullopt;
  uint32_t value = 0;
  const char* first = text.data() + begin;
  const auto [end, error] = std::from_chars(first, first + 4, value, 16);
  if (error != std::errc() || end != first + 4) return std::nullopt;
  return value;
}

// Reads \uXXXX, or a pair of them, from `i` (behind the 'u'); returns the position behind.
size_t AppendUnicodeEscape(std::string_view escaped, size_t i, std::string& out) {
  const std::optional<uint32_t> first = ParseHex4(escaped, i);
  CHECK(first.has_value());  // The scanner has seen four hexadecimal digits.
  i += 4;
  if (*first >= 0xD800 && *first < 0xDC00 && escaped.substr(i, 2) == "\\u") {
    const std::optional<uint32_t> second = ParseHex4(escaped, i + 2);
    if (second.has_value() && *second >= 0xDC00 && *second < 0xE000) {
      AppendCharacter(0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00), out);
      return i + 6;
    }
  }
  const bool surrogate = *first >= 0xD800 && *first < 0xE000;
  AppendCharacter(surrogate || *first == 0 ? U'\uFFFD' : static_cast<char32_t>(*first), out);
  return i;
}

char SimpleEscape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // The quote, the backslash and the slash stand for themselves.
  }
}

void AppendControlEscape(char c, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<uint8_t>(c) >> 4];
      out += kHex[static_cast<uint8_t>(c) & 15];
  }
}

bool NeedsEscape(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }

void AppendEscapedValid(std::string_view text, std::string& out) {
  size_t run = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!NeedsEscape(text[i])) continue;
    out.append(text.substr(run, i - run));
    AppendControlEscape(text[i], out);
    run = i + 1;
  }
  out.append(text.substr(run));
}

template <typename Float>
void AppendShortest(Float value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  std::array<char, 64> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  CHECK(error == std::errc());
  out.append(digits.data(), end);
}

}  // namespace

void AppendJsonUnescaped(std::string_view escaped, std::string& out) {
  size_t i = 0;
  while (i < escaped.size()) {
    const size_t backslash = escaped.find('\\', i);
    out.append(escaped.substr(i, backslash - i));
    if (backslash == std::string_view::npos) return;
    i = backslash + 1;
    CHECK(i < escaped.size());
    const char c = escaped[i++];
    if (c == 'u') {
      i = AppendUnicodeEscape(escaped, i, out);
    } else {
      out.push_back(SimpleEscape(c));
    }
  }
}

void AppendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  if (IsCleanUtf8(text)) {
    AppendEscapedValid(text, out);
  } else {
    std::string repaired;
    AppendRepairedUtf8(text, repaired);
    AppendEscapedValid(repaired, out);
  }
  out.push_back('"');
}

void AppendJsonNumber(double value, std::string& out) { AppendShortest(value, out); }
void AppendJsonNumber(float value, std::string& out) { AppendShortest(value, out); }

}  // namespace rowmill
