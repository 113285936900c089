#include "data/json_scanner.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "data/json_number.h"
#include "data/json_text.h"

namespace rowmill {
namespace {

constexpr size_t kMaxStack = 64;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Bytes that end a run of plain characters inside a string.
constexpr std::array<bool, 256> MakeStringStops() {
  std::array<bool, 256> stops = {};
  for (size_t c = 0; c < 0x20; ++c) stops[c] = true;
  stops['"'] = true;
  stops['\\'] = true;
  return stops;
}
constexpr std::array<bool, 256> kStringStops = MakeStringStops();

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Scanner {
 public:
  Scanner(Record& record, const JsonLimits& limits)
      : record_(record), text_(record.raw), limits_(limits) {}

  void Run() {
    SkipSpace();
    if (position_ == text_.size() || text_[position_] != '{') {
      record_.problem = NotAnObject();
      return;
    }
    record_.object_begin = position_;
    if (!ScanValues()) {
      record_.fields.clear();
      return;
    }
    record_.object_end = position_;
    SkipSpace();
    if (position_ != text_.size()) {
      Fail("something follows the object");
      record_.fields.clear();
      return;
    }
    record_.is_object = true;
    FindRepeatedName();
  }

 private:
  enum class Expect : uint8_t { kValue, kFirstName, kName, kFirstElement, kAfterValue };

  std::string NotAnObject() const {
    if (position_ == text_.size()) return "the line is empty";
    switch (text_[position_]) {
      case '[':
        return "the line is an array, not a JSON object";
      case '"':
        return "the line is a string, not a JSON object";
      default:
        return "the line is not a JSON object";
    }
  }

  // Keeps the first problem: it is the cause of later ones.
  bool Fail(std::string_view why) {
    if (record_.problem.empty()) {
      record_.problem = "not valid JSON at byte " + std::to_string(position_) + " of the line: ";
      record_.problem += why;
    }
    return false;
  }
  // A value out of bounds in text that is JSON all the same.
  void Note(std::string_view why) {
    if (record_.problem.empty()) record_.problem = why;
  }

  char Current() const { return position_ < text_.size() ? text_[position_] : '\0'; }
  void SkipSpace() {
    while (position_ < text_.size() && IsSpace(text_[position_])) ++position_;
  }

  bool InObject() const { return (objects_ >> (depth_ - 1) & 1) != 0; }

  bool Open(bool is_object) {
    if (depth_ == std::min(limits_.max_depth, kMaxStack)) {
      record_.problem = "nested deeper than " + std::to_string(depth_) + " levels";
      return false;
    }
    objects_ = (objects_ & ~(uint64_t{1} << depth_)) | (uint64_t{is_object} << depth_);
    ++depth_;
    ++position_;
    return true;
  }

  // From the opening brace to behind the closing one.
  bool ScanValues() {
    Expect expect = Expect::kValue;
    do {
      SkipSpace();
      if (position_ == text_.size()) return Fail("the line ends inside the object");
      if (!Step(expect)) return false;
    } while (depth_ > 0);
    return true;
  }

  bool Step(Expect& expect) {
    const char c = text_[position_];
    switch (expect) {
      case Expect::kFirstName:
      case Expect::kName:
        if (c == '}' && expect == Expect::kFirstName) return Close(expect);
        expect = Expect::kValue;
        return ScanName();
      case Expect::kAfterValue:
        if (c == (InObject() ? '}' : ']')) return Close(expect);
        if (c != ',') return Fail(InObject() ? "expected ',' or '}'" : "expected ',' or ']'");
        ++position_;
        expect = InObject() ? Expect::kName : Expect::kValue;
        return true;
      case Expect::kFirstElement:
        if (c == ']') return Close(expect);
        [[fallthrough]];
      case Expect::kValue:
        return StartValue(c, expect);
    }
    return false;
  }

  bool Close(Expect& expect) {
    if (depth_ == 1) record_.members_end = last_value_end_;
    ++position_;
    --depth_;
    EndValue();
    expect = Expect::kAfterValue;
    return true;
  }

  bool StartValue(char c, Expect& expect) {
    const FieldKind kind = KindOf(c);
    if (depth_ == 1) {
      record_.fields.back().begin = position_;
      record_.fields.back().kind = kind;
    }
    if (kind == FieldKind::kObject || kind == FieldKind::kArray) {
      expect = kind == FieldKind::kObject ? Expect::kFirstName : Expect::kFirstElement;
      if (!Open(kind == FieldKind::kObject)) return false;
      if (depth_ == 1) last_value_end_ = position_;
      return true;
    }
    expect = Expect::kAfterValue;
    if (!ScanScalar(kind)) return false;
    EndValue();
    return true;
  }

  void EndValue() {
    if (depth_ != 1) return;
    FieldSpan& field = record_.fields.back();
    field.size = position_ - field.begin;
    last_value_end_ = position_;
  }

  static FieldKind KindOf(char c) {
    switch (c) {
      case '{':
        return FieldKind::kObject;
      case '[':
        return FieldKind::kArray;
      case '"':
        return FieldKind::kString;
      case 't':
      case 'f':
        return FieldKind::kBool;
      case 'n':
        return FieldKind::kNull;
      default:
        return FieldKind::kNumber;
    }
  }

  bool ScanScalar(FieldKind kind) {
    switch (kind) {
      case FieldKind::kString: {
        bool escaped = false;
        if (!ScanString(escaped)) return false;
        if (depth_ == 1) record_.fields.back().encoded = escaped;
        return true;
      }
      case FieldKind::kBool:
        return ScanWord(text_[position_] == 't' ? "true" : "false");
      case FieldKind::kNull:
        return ScanWord("null");
      default:
        return ScanNumber();
    }
  }

  bool ScanWord(std::string_view word) {
    if (std::string_view(text_).substr(position_, word.size()) != word) {
      return Fail("expected a value");
    }
    position_ += word.size();
    return true;
  }

  bool ScanName() {
    if (text_[position_] != '"') return Fail("expected a name in quotes");
    const size_t begin = position_ + 1;
    bool escaped = false;
    if (!ScanString(escaped)) return false;
    if (depth_ == 1) {
      if (record_.fields.size() == limits_.max_members) {
        record_.problem = "more than " + std::to_string(limits_.max_members) + " names";
        return false;
      }
      FieldSpan field;
      field.name_begin = begin;
      field.name_size = position_ - 1 - begin;
      field.name_escaped = escaped;
      any_name_escaped_ = any_name_escaped_ || escaped;
      record_.fields.push_back(field);
    }
    SkipSpace();
    if (Current() != ':') return Fail("expected ':'");
    ++position_;
    return true;
  }

  // From the opening quote to behind the closing one.
  bool ScanString(bool& escaped) {
    ++position_;
    while (true) {
      while (position_ < text_.size() && !kStringStops[static_cast<uint8_t>(text_[position_])]) {
        ++position_;
      }
      if (position_ == text_.size()) return Fail("the line ends inside a string");
      if (text_[position_] == '"') break;
      if (text_[position_] != '\\') return Fail("a control character inside a string");
      escaped = true;
      if (!ScanEscape()) return false;
    }
    ++position_;
    return true;
  }

  bool ScanEscape() {
    ++position_;
    constexpr std::string_view kSimple = "\"\\/bfnrt";
    if (position_ < text_.size() && kSimple.find(text_[position_]) != std::string_view::npos) {
      ++position_;
      return true;
    }
    if (Current() != 'u') return Fail("an unknown escape inside a string");
    ++position_;
    const int code = ReadHex4();
    if (code < 0) return Fail("\\u without four hexadecimal digits");
    const size_t digits = position_;
    position_ += 4;
    if (code >= 0xD800 && code < 0xDC00 && position_ + 6 <= text_.size() &&
        text_[position_] == '\\' && text_[position_ + 1] == 'u') {
      position_ += 2;
      const int low = ReadHex4();
      if (low >= 0xDC00 && low < 0xE000) {
        position_ += 4;
        return true;
      }
      position_ -= 2;  // Another escape, which is read by itself.
    }
    if (code == 0 || (code >= 0xD800 && code < 0xE000)) {
      text_.replace(digits, 4, "fffd");
      record_.repaired = true;
    }
    return true;
  }

  // The four digits at the position, or -1.
  int ReadHex4() const {
    if (position_ + 4 > text_.size()) return -1;
    int code = 0;
    for (size_t i = 0; i < 4; ++i) {
      const int digit = HexDigit(text_[position_ + i]);
      if (digit < 0) return -1;
      code = code * 16 + digit;
    }
    return code;
  }

  void SkipDigits() {
    while (IsDigit(Current())) ++position_;
  }

  bool ScanNumber() {
    const size_t begin = position_;
    if (Current() == '-') ++position_;
    if (!IsDigit(Current())) return Fail("expected a value");
    if (Current() == '0') {
      ++position_;
    } else {
      SkipDigits();
    }
    bool is_integer = true;
    if (Current() == '.') {
      is_integer = false;
      ++position_;
      if (!IsDigit(Current())) return Fail("expected a digit behind the point");
      SkipDigits();
    }
    if (Current() == 'e' || Current() == 'E') {
      is_integer = false;
      ++position_;
      if (Current() == '+' || Current() == '-') ++position_;
      if (!IsDigit(Current())) return Fail("expected a digit in the exponent");
      SkipDigits();
    }
    const std::string_view number = std::string_view(text_).substr(begin, position_ - begin);
    if (is_integer && !JsonIntegerFits(number)) {
      Note("an integer is beyond 64 bits");
    } else if (!is_integer && !JsonFractionFits(number)) {
      Note("a number is beyond the range of a double");
    }
    return true;
  }

  std::string_view Name(const FieldSpan& field) const {
    return std::string_view(text_).substr(field.name_begin, field.name_size);
  }

  void FindRepeatedName() {
    constexpr size_t kPairwise = 8;
    const std::vector<FieldSpan>& fields = record_.fields;
    bool repeated = false;
    if (any_name_escaped_) {
      repeated = HasRepeatedDecoded();
    } else if (fields.size() <= kPairwise) {
      for (size_t i = 1; i < fields.size(); ++i) {
        for (size_t k = 0; k < i; ++k) repeated = repeated || Name(fields[i]) == Name(fields[k]);
      }
    } else {
      std::vector<std::string_view> names(fields.size());
      for (size_t i = 0; i < fields.size(); ++i) names[i] = Name(fields[i]);
      std::sort(names.begin(), names.end());
      repeated = std::adjacent_find(names.begin(), names.end()) != names.end();
    }
    if (repeated) Note("a name stands twice in the object");
  }

  bool HasRepeatedDecoded() const {
    std::vector<std::string> names(record_.fields.size());
    for (size_t i = 0; i < names.size(); ++i) {
      AppendJsonUnescaped(Name(record_.fields[i]), names[i]);
    }
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
  }

  Record& record_;
  std::string& text_;
  const JsonLimits& limits_;
  size_t position_ = 0;
  uint64_t objects_ = 0;  // bit d: whether level d is an object
  size_t depth_ = 0;
  size_t last_value_end_ = 0;
  bool any_name_escaped_ = false;
};

}  // namespace

void ScanJsonObject(Record& record, const JsonLimits& limits) { Scanner(record, limits).Run(); }

}  // namespace rowmill
