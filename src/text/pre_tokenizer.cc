#include "text/pre_tokenizer.h"

#include <array>

#include "base/check.h"

namespace rowmill {
namespace {

struct NamedPreTokenizer {
  std::string_view name;
  PreTokenizer pre_tokenizer;
};

// Names under which converters store the same cut. `ignore_merges` belongs to the name, not to the
// pattern: dbrx and smaug-bpe split as llama-bpe does but always merge.
constexpr std::array<NamedPreTokenizer, 19> kPreTokenizers = {{
    {"gpt-2", {SplitPattern::kGpt2, false, false}},
    {"mpt", {SplitPattern::kGpt2, false, false}},
    {"olmo", {SplitPattern::kGpt2, false, false}},
    {"phi-2", {SplitPattern::kGpt2, false, false}},
    {"smollm", {SplitPattern::kSmolLm, false, false}},
    {"starcoder", {SplitPattern::kSmolLm, false, false}},
    {"refact", {SplitPattern::kSmolLm, false, false}},
    {"command-r", {SplitPattern::kSmolLm, false, false}},
    {"codeshell", {SplitPattern::kSmolLm, false, false}},
    {"exaone", {SplitPattern::kSmolLm, false, false}},
    {"llama-bpe", {SplitPattern::kLlama3, true, true}},
    {"llama3", {SplitPattern::kLlama3, true, true}},
    {"llama-v3", {SplitPattern::kLlama3, true, true}},
    {"dbrx", {SplitPattern::kLlama3, false, false}},
    {"smaug-bpe", {SplitPattern::kLlama3, false, false}},
    {"qwen2", {SplitPattern::kQwen2, false, false}},
    {"deepseek-r1-qwen", {SplitPattern::kQwen2, false, false}},
    {"stablelm2", {SplitPattern::kQwen2, false, false}},
    {"megrez", {SplitPattern::kQwen2, false, false}},
}};

// A position in valid UTF-8 with the class of the character that stands there.
class Scanner {
 public:
  Scanner(std::string_view text, const CharClassTable& classes)
      : begin_(text.data()), end_(text.data() + text.size()), at_(begin_), classes_(&classes) {
    Load();
  }

  bool AtEnd() const { return at_ == end_; }
  size_t Offset() const { return static_cast<size_t>(at_ - begin_); }
  // Whether a character of that class stands here; no class matches at the end.
  bool Is(CharClass char_class) const { return !AtEnd() && class_ == char_class; }
  bool IsByte(char byte) const { return !AtEnd() && *at_ == byte; }
  bool IsLineBreak() const { return IsByte('\n') || IsByte('\r'); }

  void Next() {
    at_ += num_bytes_;
    Load();
  }
  void Skip(CharClass char_class) {
    while (Is(char_class)) Next();
  }

 private:
  void Load() {
    if (AtEnd()) return;
    const auto byte = [&](int i) { return static_cast<uint32_t>(static_cast<uint8_t>(at_[i])); };
    const uint32_t lead = byte(0);
    if (lead < 0x80) {
      num_bytes_ = 1;
      class_ = classes_->AsciiClassOf(static_cast<uint8_t>(lead));
      return;
    }
    uint32_t code_point = 0;
    if (lead < 0xE0) {
      num_bytes_ = 2;
      code_point = (lead & 0x1F) << 6 | (byte(1) & 0x3F);
    } else if (lead < 0xF0) {
      num_bytes_ = 3;
      code_point = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    } else {
      num_bytes_ = 4;
      code_point =
          (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    }
    class_ = classes_->ClassOf(code_point);
  }

  const char* begin_;
  const char* end_;
  const char* at_;
  const CharClassTable* classes_;
  int num_bytes_ = 0;
  CharClass class_ = CharClass::kOther;
};

enum class ContractionCase : uint8_t { kLower, kAny };

// Size of the contraction at the start of `text` ('s, 'll, ...), 0 where there is none.
size_t ContractionSize(std::string_view text, ContractionCase contraction_case) {
  if (text.size() < 2 || text[0] != '\'') return 0;
  // Setting bit 5 folds the ASCII letters; nothing else becomes one of those asked for below except
  // their own capitals, because '@'..'_' differs from '`'..DEL by just that bit.
  const auto letter = [&](size_t i) {
    return contraction_case == ContractionCase::kAny ? static_cast<char>(text[i] | 0x20) : text[i];
  };
  const char first = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (text.size() < 3) return 0;
  const char second = letter(2);
  const bool two = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                   (first == 'l' && second == 'l');
  return two ? 3 : 0;
}

// What ends a run of white space apart from its own end.
enum class LineBreaks : uint8_t { kPlain, kEndPiece };
enum class Digits : uint8_t { kVisible, kEndFragment };

// The white space at the scanner: \s*[\r\n]+ where `line_breaks` asks for it, then \s+(?!\S), then
// \s+. Before a visible character the last white space is left, so that a word keeps its space.
size_t WhiteSpacePiece(Scanner scanner, LineBreaks line_breaks, Digits digits) {
  size_t after_line_break = 0;
  size_t last_start = 0;
  size_t num_chars = 0;
  while (scanner.Is(CharClass::kSpace)) {
    last_start = scanner.Offset();
    const bool is_line_break = scanner.IsLineBreak();
    scanner.Next();
    if (is_line_break) after_line_break = scanner.Offset();
    ++num_chars;
  }
  DCHECK(num_chars > 0);
  if (line_breaks == LineBreaks::kEndPiece && after_line_break > 0) return after_line_break;
  const bool at_end =
      scanner.AtEnd() || (digits == Digits::kEndFragment && scanner.Is(CharClass::kNumber));
  return num_chars > 1 && !at_end ? last_start : scanner.Offset();
}

size_t Gpt2Piece(std::string_view text, const CharClassTable& classes, Digits digits) {
  if (const size_t size = ContractionSize(text, ContractionCase::kLower)) return size;
  const Scanner start(text, classes);
  Scanner scanner = start;
  if (scanner.IsByte(' ')) scanner.Next();
  if (scanner.Is(CharClass::kLetter)) {
    scanner.Skip(CharClass::kLetter);
    return scanner.Offset();
  }
  if (scanner.Is(CharClass::kNumber) && digits == Digits::kVisible) {
    scanner.Skip(CharClass::kNumber);
    return scanner.Offset();
  }
  if (scanner.Is(CharClass::kOther)) {
    scanner.Skip(CharClass::kOther);
    return scanner.Offset();
  }
  return WhiteSpacePiece(start, LineBreaks::kPlain, digits);
}

size_t SmolLmPiece(std::string_view text, const CharClassTable& classes) {
  Scanner scanner(text, classes);
  if (scanner.Is(CharClass::kNumber)) {
    scanner.Next();
    return scanner.Offset();
  }
  return Gpt2Piece(text, classes, Digits::kEndFragment);
}

size_t Llama3Piece(std::string_view text, const CharClassTable& classes, int max_digits) {
  if (const size_t size = ContractionSize(text, ContractionCase::kAny)) return size;
  const Scanner start(text, classes);
  Scanner scanner = start;
  if (scanner.Is(CharClass::kNumber)) {
    for (int i = 0; i < max_digits && scanner.Is(CharClass::kNumber); ++i) scanner.Next();
    return scanner.Offset();
  }
  if (!scanner.Is(CharClass::kLetter) && !scanner.IsLineBreak()) scanner.Next();
  if (scanner.Is(CharClass::kLetter)) {
    scanner.Skip(CharClass::kLetter);
    return scanner.Offset();
  }
  scanner = start;
  if (scanner.IsByte(' ')) scanner.Next();
  if (scanner.Is(CharClass::kOther)) {
    scanner.Skip(CharClass::kOther);
    while (scanner.IsLineBreak()) scanner.Next();
    return scanner.Offset();
  }
  return WhiteSpacePiece(start, LineBreaks::kEndPiece, Digits::kVisible);
}

}  // namespace

std::optional<PreTokenizer> FindPreTokenizer(std::string_view name) {
  for (const NamedPreTokenizer& known : kPreTokenizers) {
    if (known.name == name) return known.pre_tokenizer;
  }
  return std::nullopt;
}

std::string KnownPreTokenizers() {
  std::string names;
  for (const NamedPreTokenizer& known : kPreTokenizers) {
    if (!names.empty()) names += ", ";
    names += known.name;
  }
  return names;
}

size_t PieceSplitter::FirstPiece(std::string_view text) const {
  DCHECK(!text.empty());
  switch (pattern_) {
    case SplitPattern::kGpt2:
      return Gpt2Piece(text, classes_, Digits::kVisible);
    case SplitPattern::kSmolLm:
      return SmolLmPiece(text, classes_);
    case SplitPattern::kLlama3:
      return Llama3Piece(text, classes_, 3);
    case SplitPattern::kQwen2:
      return Llama3Piece(text, classes_, 1);
  }
  CHECK(false);
}

}  // namespace rowmill
