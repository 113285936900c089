#include "text/jinja_lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include "text/jinja_string_literal.h"
#include "text/jinja_unicode.h"

namespace rowmill {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

class Lexer {
 public:
  explicit Lexer(const JinjaSource& source) : source_(source), text_(source.text()) {}

  std::vector<JinjaToken> Run() {
    while (at_ < text_.size()) LexOutside();
    Add(JinjaToken::Kind::kEnd, at_);
    return std::move(tokens_);
  }

 private:
  // The delimiter that opens a tag.
  enum class Tag : uint8_t { kVariable, kBlock, kComment };

  char At(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  bool StartsWith(size_t position, std::string_view prefix) const {
    return text_.substr(std::min(position, text_.size())).starts_with(prefix);
  }

  JinjaToken& Add(JinjaToken::Kind kind, size_t offset, std::string_view text = {}) {
    JinjaToken& token = tokens_.emplace_back();
    token.kind = kind;
    token.offset = static_cast<uint32_t>(offset);
    token.text = text;
    return token;
  }

  void AddData(size_t begin, size_t end) {
    if (begin < end) Add(JinjaToken::Kind::kData, begin, text_.substr(begin, end - begin));
  }

  size_t SkipSpaces(size_t position) const {
    while (position < text_.size()) {
      const JinjaCharacter next = DecodeJinjaCharacter(text_, position);
      if (!IsJinjaSpace(next.code)) break;
      position += next.length;
    }
    return position;
  }

  // Where the text [begin, tag) ends once the white space that the tag eats is gone. `sign` is what
  // follows the opening delimiter.
  size_t StripBeforeTag(size_t begin, size_t tag, char sign, Tag kind) const {
    const std::string_view before = text_.substr(begin, tag - begin);
    if (sign == '-') {
      size_t end = tag;
      while (end > begin) {
        const size_t last = begin + PreviousJinjaCharacter(before, end - begin);
        if (!IsJinjaSpace(DecodeJinjaCharacter(text_, last).code)) break;
        end = last;
      }
      return end;
    }
    if (sign == '+' || kind == Tag::kVariable) return tag;
    const size_t line_break = before.rfind('\n');
    const bool begins_line =
        line_break != std::string_view::npos || begin == 0 || text_[begin - 1] == '\n';
    if (!begins_line) return tag;
    const size_t line = line_break == std::string_view::npos ? begin : begin + line_break + 1;
    return SkipSpaces(line) >= tag ? line : tag;
  }

  // Text outside tags up to and with the next opening delimiter, and all of the tag.
  void LexOutside() {
    const size_t begin = at_;
    size_t tag = begin;
    while (tag < text_.size() && !IsTagAt(tag)) ++tag;
    if (tag >= text_.size()) {
      AddData(begin, text_.size());
      at_ = text_.size();
      return;
    }
    const char opening = text_[tag + 1];
    const Tag kind =
        opening == '{' ? Tag::kVariable : (opening == '%' ? Tag::kBlock : Tag::kComment);
    const char sign = At(tag + 2) == '-' || At(tag + 2) == '+' ? text_[tag + 2] : '\0';
    AddData(begin, StripBeforeTag(begin, tag, sign, kind));
    at_ = tag + (sign == '\0' ? 2 : 3);
    if (kind == Tag::kComment) {
      LexComment(tag);
    } else if (kind != Tag::kBlock || !LexRaw(tag)) {
      LexTag(kind, tag);
    }
  }

  bool IsTagAt(size_t position) const {
    if (text_[position] != '{') return false;
    const char next = At(position + 1);
    return next == '{' || next == '%' || next == '#';
  }

  // A closing `%}` or `#}` at `position`, perhaps with a sign before it: moves behind it and what
  // it eats. False where there is none.
  bool Close(size_t position, std::string_view delimiter) {
    const char sign = At(position);
    if (sign == '-' && StartsWith(position + 1, delimiter)) {
      at_ = SkipSpaces(position + 1 + delimiter.size());
      return true;
    }
    if (sign == '+' && delimiter != "}}" && StartsWith(position + 1, delimiter)) {
      at_ = position + 1 + delimiter.size();
      return true;
    }
    if (!StartsWith(position, delimiter)) return false;
    at_ = position + delimiter.size();
    if (delimiter != "}}" && At(at_) == '\n') ++at_;
    return true;
  }

  void LexComment(size_t tag) {
    const size_t end = text_.find("#}", at_);
    if (end == std::string_view::npos) source_.Fail(tag, "the comment is not closed with `#}`");
    const bool has_sign = end > at_ && (text_[end - 1] == '-' || text_[end - 1] == '+');
    Close(has_sign ? end - 1 : end, "#}");
  }

  // `{% raw %}` up to its `{% endraw %}`. False where the tag at `tag` is another one.
  bool LexRaw(size_t tag) {
    constexpr std::string_view kRaw = "raw";
    constexpr std::string_view kEndRaw = "endraw";
    size_t position = SkipSpaces(at_);
    if (!StartsWith(position, kRaw)) return false;
    position = SkipSpaces(position + kRaw.size());
    // Unlike any other block tag, this one does not eat the line break that follows it.
    if (StartsWith(position, "-%}")) {
      position = SkipSpaces(position + 3);
    } else if (StartsWith(position, "%}")) {
      position += 2;
    } else {
      return false;
    }
    const size_t begin = position;
    for (size_t end = text_.find("{%", begin); end != std::string_view::npos;
         end = text_.find("{%", end + 1)) {
      const char sign = At(end + 2) == '-' || At(end + 2) == '+' ? text_[end + 2] : '\0';
      const size_t word = SkipSpaces(end + (sign == '\0' ? 2 : 3));
      if (!StartsWith(word, kEndRaw)) continue;
      if (!Close(SkipSpaces(word + kEndRaw.size()), "%}")) continue;
      AddData(begin, StripBeforeTag(begin, end, sign, Tag::kBlock));
      return true;
    }
    source_.Fail(tag, "`{% raw %}` is not closed with `{% endraw %}`");
  }

  void LexTag(Tag kind, size_t tag) {
    using Kind = JinjaToken::Kind;
    const bool is_block = kind == Tag::kBlock;
    Add(is_block ? Kind::kBlockBegin : Kind::kVariableBegin, tag);
    std::string closers;  // of the brackets that are open
    while (true) {
      const size_t begin = at_;
      if (closers.empty() && Close(begin, is_block ? "%}" : "}}")) {
        Add(is_block ? Kind::kBlockEnd : Kind::kVariableEnd, begin);
        return;
      }
      at_ = SkipSpaces(at_);
      if (at_ > begin) continue;
      if (at_ >= text_.size()) {
        source_.Fail(tag, is_block ? "the `{%` is not closed" : "the `{{` is not closed");
      }
      LexToken(&closers);
    }
  }

  void LexToken(std::string* closers) {
    const char c = text_[at_];
    if (IsDigit(c)) {
      LexNumber();
    } else if (IsNameStart(c)) {
      const size_t begin = at_;
      while (IsNamePart(At(at_))) ++at_;
      Add(JinjaToken::Kind::kName, begin, text_.substr(begin, at_ - begin));
    } else if (c == '\'' || c == '"') {
      LexString(c);
    } else {
      LexOperator(closers);
    }
  }

  void LexOperator(std::string* closers) {
    static constexpr std::array<std::string_view, 6> kPairs = {"//", "**", "==", "!=", ">=", "<="};
    const size_t begin = at_;
    const std::string_view pair = text_.substr(begin, 2);
    if (std::find(kPairs.begin(), kPairs.end(), pair) != kPairs.end()) {
      at_ += 2;
      Add(JinjaToken::Kind::kOperator, begin, pair);
      return;
    }
    const char c = text_[begin];
    if (std::string_view("+-/*%~[](){}><=.:|,;").find(c) == std::string_view::npos) {
      source_.Fail(begin, "a character that is not part of the template language");
    }
    if (c == '(') *closers += ')';
    if (c == '[') *closers += ']';
    if (c == '{') *closers += '}';
    if (c == ')' || c == ']' || c == '}') {
      if (closers->empty() || closers->back() != c) {
        source_.Fail(begin, std::string("`") + c + "` closes nothing that is open here");
      }
      closers->pop_back();
    }
    ++at_;
    Add(JinjaToken::Kind::kOperator, begin, text_.substr(begin, 1));
  }

  void LexString(char quote) {
    const size_t begin = at_;
    size_t end = begin + 1;
    while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size()) source_.Fail(begin, "the string is not closed");
    JinjaToken& token = Add(JinjaToken::Kind::kString, begin);
    token.text = ResolveJinjaEscapes(text_.substr(begin + 1, end - begin - 1), begin + 1, source_);
    at_ = end + 1;
  }

  // Digits with single underscores between them, without those; moves behind them.
  std::string TakeDigits(std::string_view allowed) {
    std::string digits;
    const auto is_allowed = [&](char c) {
      return c != '\0' && allowed.find(c) != std::string_view::npos;
    };
    while (true) {
      if (is_allowed(At(at_))) {
        digits += text_[at_++];
      } else if (At(at_) == '_' && is_allowed(At(at_ + 1))) {
        ++at_;
      } else {
        return digits;
      }
    }
  }

  void LexNumber() {
    constexpr std::string_view kDecimal = "0123456789";
    const size_t begin = at_;
    const char marker = At(at_ + 1);
    if (text_[at_] == '0' && marker != '\0') {
      const size_t base_kind = std::string_view("bBoOxX").find(marker);
      if (base_kind != std::string_view::npos) {
        static constexpr std::array<int, 3> kBases = {2, 8, 16};
        static constexpr std::array<std::string_view, 3> kDigits = {"01", "01234567",
                                                                    "0123456789abcdefABCDEF"};
        at_ += 2;
        return AddInteger(begin, TakeDigits(kDigits[base_kind / 2]), kBases[base_kind / 2]);
      }
    }
    std::string digits = TakeDigits(kDecimal);
    bool is_float = false;
    if (At(at_) == '.' && IsDigit(At(at_ + 1))) {
      is_float = true;
      ++at_;
      digits += '.';
      digits += TakeDigits(kDecimal);
    }
    const size_t exponent = At(at_ + 1) == '+' || At(at_ + 1) == '-' ? at_ + 2 : at_ + 1;
    if ((At(at_) == 'e' || At(at_) == 'E') && IsDigit(At(exponent))) {
      is_float = true;
      digits += At(exponent - 1) == '-' ? "e-" : "e";
      at_ = exponent;
      digits += TakeDigits(kDecimal);
    }
    if (!is_float) return AddInteger(begin, digits, 10);
    double value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec != std::errc()) source_.Fail(begin, "the number is out of range");
    Add(JinjaToken::Kind::kFloat, begin).real = value;
  }

  void AddInteger(size_t begin, const std::string& digits, int base) {
    int64_t value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (result.ec != std::errc()) source_.Fail(begin, "the number does not fit 64 bits");
    Add(JinjaToken::Kind::kInteger, begin).integer = value;
  }

  const JinjaSource& source_;
  std::string_view text_;
  size_t at_ = 0;
  std::vector<JinjaToken> tokens_;
};

}  // namespace

std::vector<JinjaToken> TokenizeJinja(const JinjaSource& source) { return Lexer(source).Run(); }

}  // namespace rowmill
