#include "text/jinja_unicode.h"

#include <utf8proc.h>

#include <array>
#include <cstdint>
#include <span>

#include "text/utf8.h"

namespace rowmill {
namespace {

constexpr char32_t kInvalidByteBase = 0xDC00;
constexpr char32_t kCapitalSigma = 0x3A3;
constexpr char32_t kFinalSigma = 0x3C2;
constexpr char32_t kSmallSigma = 0x3C3;
constexpr char32_t kCapitalDottedI = 0x130;

bool IsInvalidByte(char32_t code) {
  return code >= kInvalidByteBase && code < kInvalidByteBase + 256;
}

utf8proc_category_t Category(char32_t code) {
  if (IsInvalidByte(code)) return UTF8PROC_CATEGORY_CN;
  return utf8proc_category(static_cast<utf8proc_int32_t>(code));
}

// Unicode's Case_Ignorable, by category and the word-break letters that have no category of their
// own.
bool IsCaseIgnorable(char32_t code) {
  switch (Category(code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return code == '\'' || code == '.' || code == ':' || code == 0xB7 || code == 0x2018 ||
             code == 0x2019 || code == 0x2024 || code == 0x2027;
  }
}

// A sigma is final where a cased letter comes before it and none follows, case-ignorable characters
// being skipped on both sides (Unicode 3.13, Final_Sigma).
bool IsFinalSigma(std::string_view text, size_t position) {
  size_t before = position;
  bool cased_before = false;
  while (before > 0) {
    before = PreviousJinjaCharacter(text, before);
    const char32_t code = DecodeJinjaCharacter(text, before).code;
    if (IsCaseIgnorable(code)) continue;
    cased_before = IsJinjaCased(code);
    break;
  }
  if (!cased_before) return false;
  size_t after = position + DecodeJinjaCharacter(text, position).length;
  while (after < text.size()) {
    const JinjaCharacter next = DecodeJinjaCharacter(text, after);
    if (!IsCaseIgnorable(next.code)) return !IsJinjaCased(next.code);
    after += next.length;
  }
  return true;
}

// A character, or the several that its case folding is.
struct Folding {
  std::array<utf8proc_int32_t, 8> codes = {};
  size_t length = 1;

  std::span<const utf8proc_int32_t> parts() const { return {codes.data(), length}; }
};

// utf8proc's case mappings are one to one, its case folding is the full one. Wherever a character
// folds to several, the simple upper cases of those are its full upper case: with that, equal to
// Python's str.upper for every code point of Unicode 14. (Of title case, 9 Greek letters and ŉ
// differ.)
Folding FoldFully(char32_t code) {
  Folding out;
  if (Category(code) != UTF8PROC_CATEGORY_LU) {
    int boundary = 0;
    const auto length = utf8proc_decompose_char(
        static_cast<utf8proc_int32_t>(code), out.codes.data(),
        static_cast<utf8proc_ssize_t>(out.codes.size()), UTF8PROC_CASEFOLD, &boundary);
    if (length > 1 && length <= static_cast<utf8proc_ssize_t>(out.codes.size())) {
      out.length = static_cast<size_t>(length);
      return out;
    }
  }
  out.codes[0] = static_cast<utf8proc_int32_t>(code);
  return out;
}

void AppendCode(std::string& out, utf8proc_int32_t code) {
  AppendJinjaCharacter(out, static_cast<char32_t>(code));
}

}  // namespace

JinjaCharacter DecodeJinjaCharacter(std::string_view text, size_t position) {
  const auto first = static_cast<uint8_t>(text[position]);
  if (first < 0x80) return {first, 1};
  const DecodedChar decoded = DecodeUtf8(text.substr(position));
  if (decoded.status != Utf8Status::kValid) return {kInvalidByteBase + first, 1};
  return {static_cast<char32_t>(decoded.code_point), decoded.num_bytes};
}

size_t CountJinjaCharacters(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) at += DecodeJinjaCharacter(text, at).length;
  return count;
}

size_t JinjaCharacterOffset(std::string_view text, size_t index) {
  size_t at = 0;
  for (; at < text.size() && index > 0; --index) at += DecodeJinjaCharacter(text, at).length;
  return at;
}

size_t PreviousJinjaCharacter(std::string_view text, size_t end) {
  for (size_t length = 2; length <= 4 && length <= end; ++length) {
    if (DecodeJinjaCharacter(text.substr(0, end), end - length).length == length) {
      return end - length;
    }
  }
  return end - 1;
}

void AppendJinjaCharacter(std::string& out, char32_t code) {
  if (IsInvalidByte(code)) {
    out += static_cast<char>(code - kInvalidByteBase);
  } else {
    AppendUtf8(code, out);
  }
}

bool IsJinjaSpace(char32_t code) {
  if (code <= 0x20) return code == 0x20 || (code >= 0x09 && code <= 0x0D) || code >= 0x1C;
  return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
         code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bool IsJinjaCased(char32_t code) {
  const utf8proc_category_t category = Category(code);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ||
         category == UTF8PROC_CATEGORY_LT;
}

bool IsJinjaPrintable(char32_t code) {
  if (code < 0x80) return code >= 0x20 && code != 0x7F;
  switch (Category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

void AppendUpper(std::string& out, char32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code >= 'a' && code <= 'z' ? code - 'a' + 'A' : code);
    return;
  }
  if (IsInvalidByte(code)) return AppendJinjaCharacter(out, code);
  const Folding folding = FoldFully(code);
  for (const utf8proc_int32_t part : folding.parts()) AppendCode(out, utf8proc_toupper(part));
}

void AppendTitle(std::string& out, char32_t code) {
  if (IsInvalidByte(code)) return AppendJinjaCharacter(out, code);
  const auto value = static_cast<utf8proc_int32_t>(code);
  if (utf8proc_totitle(value) != value) return AppendCode(out, utf8proc_totitle(value));
  const Folding folding = FoldFully(code);
  if (folding.length == 1) return AppendCode(out, value);
  AppendCode(out, utf8proc_toupper(folding.codes[0]));
  for (const utf8proc_int32_t part : folding.parts().subspan(1)) AppendCode(out, part);
}

void AppendLower(std::string& out, std::string_view text, size_t position) {
  const char32_t code = DecodeJinjaCharacter(text, position).code;
  if (code < 0x80) {
    out += static_cast<char>(code >= 'A' && code <= 'Z' ? code - 'A' + 'a' : code);
  } else if (IsInvalidByte(code)) {
    AppendJinjaCharacter(out, code);
  } else if (code == kCapitalSigma) {
    AppendJinjaCharacter(out, IsFinalSigma(text, position) ? kFinalSigma : kSmallSigma);
  } else if (code == kCapitalDottedI) {
    out += "i\u0307";  // the only character whose lower case is two
  } else {
    AppendCode(out, utf8proc_tolower(static_cast<utf8proc_int32_t>(code)));
  }
}

}  // namespace rowmill
