#include "text/jinja_string_literal.h"

#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>

#include "text/utf8.h"

namespace rowmill {
namespace {

constexpr uint32_t kLastCodePoint = 0x10FFFF;

// How many hexadecimal digits follow the letter of an escape, 0 where it takes none.
size_t HexDigits(char letter) {
  switch (letter) {
    case 'x':
      return 2;
    case 'u':
      return 4;
    case 'U':
      return 8;
    default:
      return 0;
  }
}

// The control character that a letter stands for, or '\0'.
char ControlCharacter(char letter) {
  constexpr std::string_view kLetters = "abfnrtv";
  constexpr std::string_view kControls = "\a\b\f\n\r\t\v";
  const size_t found = kLetters.find(letter);
  return found == std::string_view::npos ? '\0' : kControls[found];
}

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

class Resolver {
 public:
  Resolver(std::string_view literal, size_t offset, const JinjaSource& source)
      : literal_(literal), offset_(offset), source_(source) {}

  std::string Run() {
    while (at_ < literal_.size()) {
      if (literal_[at_] == '\\' && at_ + 1 < literal_.size()) {
        ResolveEscape();
      } else {
        out_ += literal_[at_++];
      }
    }
    return std::move(out_);
  }

 private:
  void ResolveEscape() {
    const char letter = literal_[at_ + 1];
    if (HexDigits(letter) > 0) return ResolveHex(HexDigits(letter));
    if (IsOctal(letter)) return ResolveOctal();
    if (letter == 'N') source_.Fail(offset_ + at_, "\\N{...} is not supported");
    if (letter == '\\' || letter == '\'' || letter == '"') {
      out_ += letter;
    } else if (ControlCharacter(letter) != '\0') {
      out_ += ControlCharacter(letter);
    } else if (letter != '\n') {  // a line break after a backslash is nothing
      out_ += '\\';
      out_ += letter;
    }
    at_ += 2;
  }

  void ResolveHex(size_t num_digits) {
    const std::string_view digits = literal_.substr(at_ + 2, num_digits);
    uint32_t code = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != num_digits || result.ec != std::errc() ||
        result.ptr != digits.data() + digits.size()) {
      source_.Fail(offset_ + at_,
                   "the escape needs " + std::to_string(num_digits) + " hexadecimal digits");
    }
    if (code > kLastCodePoint || (code >= 0xD800 && code <= 0xDFFF)) {
      source_.Fail(offset_ + at_, "the escape is no character");
    }
    AppendUtf8(code, out_);
    at_ += 2 + num_digits;
  }

  void ResolveOctal() {
    uint32_t code = 0;
    ++at_;
    for (size_t i = 0; i < 3 && at_ < literal_.size() && IsOctal(literal_[at_]); ++i) {
      code = code * 8 + static_cast<uint32_t>(literal_[at_++] - '0');
    }
    AppendUtf8(code, out_);
  }

  std::string_view literal_;
  size_t offset_;
  const JinjaSource& source_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string ResolveJinjaEscapes(std::string_view literal, size_t offset,
                                const JinjaSource& source) {
  return Resolver(literal, offset, source).Run();
}

}  // namespace rowmill
