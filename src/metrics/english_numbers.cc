#include "metrics/english_numbers.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rowmill {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }
// Of a word, as far as bytes say: those of other alphabets count as letters.
bool IsWordByte(char c) {
  return IsDigit(c) || IsLetter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
// Whether the text's last character is one of a word: the signs of currencies are none.
bool EndsInWord(std::string_view before) {
  for (const std::string_view symbol : {"£", "€", "¢"}) {
    if (before.ends_with(symbol)) return false;
  }
  return !before.empty() && IsWordByte(before.back());
}
bool IsSpaceByte(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

enum class Kind : uint8_t {
  kZero,
  kOne,          // 1 to 19
  kOneSuffixed,  // ones, fifth
  kTen,          // 20 to 90
  kTenSuffixed,  // twenties, twentieth
  kMultiplier,   // hundred, thousand, ...
  kMultiplierSuffixed,
  kSign,      // minus, plus: in front of a number
  kCurrency,  // dollars: behind one
  kPer,
  kPercent,
  kAnd,
  kDouble,
  kTriple,
  kPoint,
};

struct Meaning {
  Kind kind = Kind::kZero;
  int value = 0;  // of multipliers: the power of ten
  std::string suffix;
};

using Words = std::unordered_map<std::string, Meaning>;

Words MakeWords() {
  Words words;
  constexpr std::array<const char*, 19> kOnes = {
      "one",     "two",     "three",     "four",     "five",    "six",      "seven",
      "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen", "fourteen",
      "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  for (int value = 1; value <= 19; ++value) {
    const std::string name = kOnes[static_cast<size_t>(value) - 1];
    words[name] = {Kind::kOne, value, ""};
    words[name == "six" ? "sixes" : name + "s"] = {Kind::kOneSuffixed, value, "s"};
    if (value > 3 && value != 5 && value != 12) {
      words[name + (name.back() == 't' ? "h" : "th")] = {Kind::kOneSuffixed, value, "th"};
    }
  }
  words["zeroth"] = {Kind::kOneSuffixed, 0, "th"};
  words["first"] = {Kind::kOneSuffixed, 1, "st"};
  words["second"] = {Kind::kOneSuffixed, 2, "nd"};
  words["third"] = {Kind::kOneSuffixed, 3, "rd"};
  words["fifth"] = {Kind::kOneSuffixed, 5, "th"};
  words["twelfth"] = {Kind::kOneSuffixed, 12, "th"};
  constexpr std::array<const char*, 8> kTens = {"twent", "thirt",  "fort",  "fift",
                                                "sixt",  "sevent", "eight", "ninet"};
  for (int i = 0; i < 8; ++i) {
    const std::string stem = kTens[static_cast<size_t>(i)];
    const int value = 20 + 10 * i;
    words[stem + "y"] = {Kind::kTen, value, ""};
    words[stem + "ies"] = {Kind::kTenSuffixed, value, "s"};
    words[stem + "ieth"] = {Kind::kTenSuffixed, value, "th"};
  }
  constexpr std::array<std::pair<const char*, int>, 12> kMultipliers = {{{"hundred", 2},
                                                                         {"thousand", 3},
                                                                         {"million", 6},
                                                                         {"billion", 9},
                                                                         {"trillion", 12},
                                                                         {"quadrillion", 15},
                                                                         {"quintillion", 18},
                                                                         {"sextillion", 21},
                                                                         {"septillion", 24},
                                                                         {"octillion", 27},
                                                                         {"nonillion", 30},
                                                                         {"decillion", 33}}};
  for (const auto& [name, power] : kMultipliers) {
    words[name] = {Kind::kMultiplier, power, ""};
    words[std::string(name) + "s"] = {Kind::kMultiplierSuffixed, power, "s"};
    words[std::string(name) + "th"] = {Kind::kMultiplierSuffixed, power, "th"};
  }
  for (const char* name : {"o", "oh", "zero"}) words[name] = {Kind::kZero, 0, ""};
  for (const char* name : {"minus", "negative"}) words[name] = {Kind::kSign, 0, "-"};
  for (const char* name : {"plus", "positive"}) words[name] = {Kind::kSign, 0, "+"};
  for (const char* name : {"pound", "pounds"}) words[name] = {Kind::kCurrency, 0, "£"};
  for (const char* name : {"euro", "euros"}) words[name] = {Kind::kCurrency, 0, "€"};
  for (const char* name : {"dollar", "dollars"}) words[name] = {Kind::kCurrency, 0, "$"};
  for (const char* name : {"cent", "cents"}) words[name] = {Kind::kCurrency, 0, "¢"};
  words["per"] = {Kind::kPer, 0, ""};
  words["percent"] = {Kind::kPercent, 0, "%"};
  words["and"] = {Kind::kAnd, 0, ""};
  words["double"] = {Kind::kDouble, 2, ""};
  words["triple"] = {Kind::kTriple, 3, ""};
  words["point"] = {Kind::kPoint, 0, ""};
  return words;
}

const Meaning* Find(const std::string& word) {
  static const Words kWords = MakeWords();
  const auto found = kWords.find(word);
  return found == kWords.end() ? nullptr : &found->second;
}

bool Is(const std::string* word, Kind kind) {
  const Meaning* meaning = word != nullptr ? Find(*word) : nullptr;
  return meaning != nullptr && meaning->kind == kind;
}

// Digits, with or without a fraction.
bool IsNumeric(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && IsDigit(text[at])) ++at;
  if (at == 0) return false;
  if (at == text.size()) return true;
  if (text[at] != '.') return false;
  const size_t point = at++;
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at == text.size() && at > point + 1;
}

std::string WithoutLeadingZeros(std::string digits) {
  const size_t first = digits.find_first_not_of('0');
  return first == std::string::npos ? "0" : digits.substr(first);
}

// Numbers grow beyond any integer type ("decillion"), so they are digits.
std::string Sum(std::string a, std::string b) {
  if (a.size() < b.size()) std::swap(a, b);
  b.insert(0, a.size() - b.size(), '0');
  int carry = 0;
  for (size_t i = a.size(); i-- > 0;) {
    const int sum = (a[i] - '0') + (b[i] - '0') + carry;
    a[i] = static_cast<char>('0' + sum % 10);
    carry = sum / 10;
  }
  return carry > 0 ? "1" + a : a;
}

// What stands in "12.50" times a power of ten, where it is a whole number.
std::optional<std::string> Scaled(const std::string& text, int power) {
  const size_t point = text.find('.');
  std::string whole = text.substr(0, point);
  std::string fraction = point == std::string::npos ? "" : text.substr(point + 1);
  const auto all_digits = [](const std::string& part) {
    return std::all_of(part.begin(), part.end(), IsDigit);
  };
  if (whole.size() + fraction.size() == 0 || !all_digits(whole) || !all_digits(fraction)) return {};
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  const auto places = static_cast<size_t>(power);
  if (fraction.size() > places) return {};
  fraction.append(places - fraction.size(), '0');
  return WithoutLeadingZeros(whole + fraction);
}

// The number that is being put together: one that is added to, or digits that stand side by side.
struct Value {
  std::string digits;
  bool is_text = false;
  bool is_there = false;

  void Set(std::string to) { *this = {std::move(to), false, true}; }
  void SetText(std::string to) { *this = {std::move(to), true, true}; }
  bool is_zero() const { return is_there && !is_text && digits == "0"; }
  // What Python's `value or ""` is.
  std::string text() const { return !is_there || is_zero() ? "" : digits; }
  bool EndsIn(size_t zeros) const {
    if (digits == "0") return true;
    return digits.size() >= zeros && digits.find_last_not_of('0') + zeros < digits.size();
  }
};

class Reader {
 public:
  explicit Reader(const std::vector<std::string>& words) : words_(words) {}

  std::string Run() {
    for (at_ = 0; at_ < words_.size(); ++at_) {
      previous_ = at_ > 0 ? &words_[at_ - 1] : nullptr;
      next_ = at_ + 1 < words_.size() ? &words_[at_ + 1] : nullptr;
      if (skip_) {
        skip_ = false;
        continue;
      }
      Take(words_[at_]);
    }
    if (value_.is_there) Put(value_.digits);
    return out_;
  }

 private:
  void Put(const std::string& text) {
    if (!out_.empty()) out_ += ' ';
    out_ += prefix_ + text;
    prefix_.clear();
    value_ = {};
  }
  void PutValue() {
    if (value_.is_there) Put(value_.digits);
  }

  bool NextIsNumeric() const { return next_ != nullptr && IsNumeric(*next_); }
  bool NextMayBeNumber() const {
    return (next_ != nullptr && Find(*next_) != nullptr) || NextIsNumeric();
  }

  void Take(const std::string& word) {
    std::string sign;
    for (const char* symbol : {"-", "+", "£", "€", "$", "¢"}) {
      if (word.starts_with(symbol)) sign = symbol;
    }
    const std::string plain = word.substr(sign.size());
    if (IsNumeric(plain)) return TakeDigits(word, sign, plain);
    const Meaning* meaning = Find(word);
    if (meaning == nullptr) {
      PutValue();
      return Put(word);
    }
    switch (meaning->kind) {
      case Kind::kZero:
        return value_.SetText(value_.text() + "0");
      case Kind::kOne:
      case Kind::kOneSuffixed:
        return TakeOne(*meaning);
      case Kind::kTen:
      case Kind::kTenSuffixed:
        return TakeTen(*meaning);
      case Kind::kMultiplier:
      case Kind::kMultiplierSuffixed:
        return TakeMultiplier(*meaning);
      case Kind::kSign:
        PutValue();
        if (!NextMayBeNumber()) return Put(word);
        prefix_ = meaning->suffix;
        return;
      case Kind::kCurrency:
        if (!value_.is_there) return Put(word);
        prefix_ = meaning->suffix;
        return PutValue();
      case Kind::kPer:
        if (value_.is_there && next_ != nullptr && *next_ == "cent") {
          skip_ = true;
          return Put(value_.digits + "%");
        }
        PutValue();
        return Put(word);
      case Kind::kPercent:
        return Put(value_.is_there ? value_.digits + "%" : word);
      case Kind::kAnd:
      case Kind::kDouble:
      case Kind::kTriple:
      case Kind::kPoint:
        return TakeSpecial(word, *meaning);
    }
  }

  void TakeDigits(const std::string& word, const std::string& sign, const std::string& plain) {
    if (value_.is_there) {
      if (value_.is_text && value_.digits.ends_with('.')) {
        return value_.SetText(value_.digits + word);
      }
      PutValue();
    }
    if (!sign.empty()) prefix_ = sign;
    if (const std::optional<std::string> whole = Scaled(plain, 0)) {
      value_.Set(*whole);
    } else {
      value_.SetText(plain);
    }
  }

  // The value with 1 to 19 behind it: added where there is room, else side by side.
  void AppendOne(int ones) {
    const std::string digits = std::to_string(ones);
    if (!value_.is_there) return value_.Set(digits);
    if (value_.is_text || Is(previous_, Kind::kOne)) {
      if (Is(previous_, Kind::kTen) && ones < 10 && value_.digits.ends_with('0')) {
        value_.digits.pop_back();
      }
      return value_.SetText(value_.digits + digits);
    }
    if (value_.EndsIn(ones < 10 ? 1 : 2)) return value_.Set(Sum(value_.digits, digits));
    value_.SetText(value_.digits + digits);
  }

  void TakeOne(const Meaning& meaning) {
    AppendOne(meaning.value);
    if (meaning.kind == Kind::kOneSuffixed) Put(value_.digits + meaning.suffix);
  }

  void TakeTen(const Meaning& meaning) {
    const std::string digits = std::to_string(meaning.value);
    if (!value_.is_there) {
      value_.Set(digits);
    } else if (!value_.is_text && value_.EndsIn(2)) {
      value_.Set(Sum(value_.digits, digits));
    } else {
      value_.SetText(value_.digits + digits);
    }
    if (meaning.kind == Kind::kTenSuffixed) Put(value_.digits + meaning.suffix);
  }

  void TakeMultiplier(const Meaning& meaning) {
    const bool is_last = meaning.kind == Kind::kMultiplierSuffixed;
    const std::string multiplier = "1" + std::string(static_cast<size_t>(meaning.value), '0');
    if (!value_.is_there) {
      value_.Set(multiplier);
    } else if (value_.is_text || value_.is_zero()) {
      if (const std::optional<std::string> product = Scaled(value_.digits, meaning.value)) {
        value_.Set(*product);
      } else {
        PutValue();
        value_.Set(multiplier);
      }
    } else {
      // The last three digits are multiplied, what stands before them stays.
      const std::string& all = value_.digits;
      const size_t cut = all.size() > 3 ? all.size() - 3 : 0;
      const std::string before = cut > 0 ? all.substr(0, cut) + "000" : "0";
      const std::string residual = all.substr(cut) + multiplier.substr(1);
      value_.Set(WithoutLeadingZeros(Sum(before, residual)));
    }
    if (is_last) Put(value_.digits + meaning.suffix);
  }

  void TakeSpecial(const std::string& word, const Meaning& meaning) {
    if (!NextMayBeNumber()) {
      PutValue();
      return Put(word);
    }
    switch (meaning.kind) {
      case Kind::kAnd:
        if (Is(previous_, Kind::kMultiplier)) return;
        PutValue();
        return Put(word);
      case Kind::kPoint:
        // Words that may stand behind a point.
        if (Is(next_, Kind::kZero) || Is(next_, Kind::kOne) || Is(next_, Kind::kTen) ||
            NextIsNumeric()) {
          value_.SetText(value_.text() + ".");
        }
        return;
      default: {
        const bool is_one = Is(next_, Kind::kOne);
        if (!is_one && !Is(next_, Kind::kZero)) {
          PutValue();
          return Put(word);
        }
        const std::string digits = std::to_string(is_one ? Find(*next_)->value : 0);
        std::string text = value_.text();
        for (int i = 0; i < meaning.value; ++i) text += digits;
        value_.SetText(std::move(text));
        skip_ = true;
        return;
      }
    }
  }

  const std::vector<std::string>& words_;
  size_t at_ = 0;
  const std::string* previous_ = nullptr;
  const std::string* next_ = nullptr;
  bool skip_ = false;
  std::string prefix_;
  Value value_;
  std::string out_;
};

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    if (IsSpaceByte(text[at])) {
      ++at;
      continue;
    }
    const size_t begin = at;
    while (at < text.size() && !IsSpaceByte(text[at])) ++at;
    words.emplace_back(text.substr(begin, at - begin));
  }
  return words;
}

// "two and a half" as "two point five".
std::vector<std::string> WithHalves(std::vector<std::string> words) {
  std::vector<std::string> out;
  for (size_t i = 0; i < words.size(); ++i) {
    const bool is_half =
        i + 2 < words.size() && words[i] == "and" && words[i + 1] == "a" && words[i + 2] == "half";
    if (!is_half) {
      out.push_back(std::move(words[i]));
      continue;
    }
    i += 2;
    if (out.empty()) continue;  // as the reference leaves it out there
    const std::string* last = &out.back();
    if (Is(last, Kind::kZero) || Is(last, Kind::kOne) || Is(last, Kind::kTen) ||
        Is(last, Kind::kMultiplier)) {
      out.insert(out.end(), {"point", "five"});
    } else {
      out.insert(out.end(), {"and", "a", "half"});
    }
  }
  return out;
}

// A space where letters and digits meet, but none before what may be a number's suffix.
std::vector<std::string> WithSuffixes(const std::vector<std::string>& words) {
  std::vector<std::string> parts;
  for (const std::string& word : words) {
    std::string part;
    for (size_t i = 0; i < word.size(); ++i) {
      const bool meet = i > 0 && ((IsLetter(word[i - 1]) && IsDigit(word[i])) ||
                                  (IsDigit(word[i - 1]) && IsLetter(word[i])));
      if (meet) parts.push_back(std::exchange(part, ""));
      part += word[i];
    }
    parts.push_back(part);
  }
  std::vector<std::string> out;
  for (std::string& part : parts) {
    size_t length = 0;
    for (const char* suffix : {"st", "nd", "rd", "th", "s"}) {
      const size_t size = std::string_view(suffix).size();
      if (part.starts_with(suffix) && (part.size() == size || !IsWordByte(part[size]))) {
        length = size;
      }
    }
    if (length > 0 && !out.empty() && IsDigit(out.back().back())) {
      out.back() += part;
    } else {
      out.push_back(std::move(part));
    }
  }
  return out;
}

constexpr std::array<std::string_view, 3> kMoney = {"€", "£", "$"};

// "$2 and ¢7" as "$2.07".
std::string WithCents(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    const auto* symbol = std::find_if(kMoney.begin(), kMoney.end(),
                                      [&](std::string_view s) { return rest.starts_with(s); });
    size_t digits = symbol == kMoney.end() ? 0 : symbol->size();
    const size_t begin = digits;
    while (digits > 0 && digits < rest.size() && IsDigit(rest[digits])) ++digits;
    size_t cents = digits;
    bool matches = digits > begin && rest.substr(digits).starts_with(" ");
    if (matches) {
      cents = digits + 1;
      if (rest.substr(cents).starts_with("and ")) cents += 4;
      matches = rest.substr(cents).starts_with("¢");
      cents += std::string_view("¢").size();
    }
    size_t end = cents;
    while (matches && end < rest.size() && IsDigit(rest[end])) ++end;
    matches = matches && end > cents && end - cents <= 2 &&
              (end == rest.size() || !IsWordByte(rest[end]));
    if (!matches) {
      out += text[at++];
      continue;
    }
    out += rest.substr(0, digits);
    out += end - cents == 1 ? ".0" : ".";
    out += rest.substr(cents, end - cents);
    at += end;
  }
  return out;
}

// "$0.07" as "¢7".
std::string WithoutZeroDollars(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    const auto* symbol = std::find_if(kMoney.begin(), kMoney.end(),
                                      [&](std::string_view s) { return rest.starts_with(s); });
    const size_t zero = symbol == kMoney.end() ? 0 : symbol->size();
    const size_t begin = zero + 2;
    size_t end = begin;
    bool matches = zero > 0 && begin < rest.size() && rest[zero] == '0';
    while (matches && end < rest.size() && IsDigit(rest[end])) ++end;
    matches = matches && end > begin && end - begin <= 2 &&
              (end == rest.size() || !IsWordByte(rest[end]));
    if (!matches) {
      out += text[at++];
      continue;
    }
    out += "¢" + WithoutLeadingZeros(std::string(rest.substr(begin, end - begin)));
    at += end;
  }
  return out;
}

// 1 and 1s in letters, for the sake of readers.
std::string WithOneInLetters(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool begins = text[at] == '1' && !EndsInWord(std::string_view(text).substr(0, at));
    const size_t end = at + (at + 1 < text.size() && text[at + 1] == 's' ? 2 : 1);
    if (begins && (end == text.size() || !IsWordByte(text[end]))) {
      out += "one";
    } else {
      out += text[at];
    }
  }
  return out;
}

}  // namespace

std::string NormalizeEnglishNumbers(const std::string& text) {
  const std::vector<std::string> words = WithSuffixes(WithHalves(Split(text)));
  return WithOneInLetters(WithoutZeroDollars(WithCents(Reader(words).Run())));
}

}  // namespace rowmill
