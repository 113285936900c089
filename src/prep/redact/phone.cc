#include <algorithm>
#include <array>

#include "prep/redact/context_words.h"
#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"
#include "prep/redact/number_groups.h"

namespace rowmill {
namespace {

// A country calling code (ITU-T E.164, list of assigned codes) and how many digits follow it.
struct CallingCode {
  uint16_t code;
  uint8_t min_digits;
  uint8_t max_digits;
};

constexpr std::array<CallingCode, 92> kCodes = {{
    {1, 10, 10},  {7, 10, 10}, {20, 8, 10},  {27, 9, 9},   {30, 10, 10}, {31, 9, 9},   {32, 8, 9},
    {33, 9, 9},   {34, 9, 9},  {36, 8, 9},   {39, 6, 12},  {40, 9, 9},   {41, 9, 9},   {43, 4, 13},
    {44, 9, 10},  {45, 8, 8},  {46, 7, 10},  {47, 8, 8},   {48, 9, 9},   {49, 6, 13},  {51, 8, 9},
    {52, 10, 11}, {53, 6, 8},  {54, 10, 11}, {55, 10, 11}, {56, 8, 9},   {57, 8, 10},  {58, 10, 10},
    {60, 7, 10},  {61, 9, 9},  {62, 8, 12},  {63, 8, 10},  {64, 8, 10},  {65, 8, 8},   {66, 8, 9},
    {81, 9, 10},  {82, 8, 10}, {84, 9, 10},  {86, 10, 11}, {90, 10, 10}, {91, 10, 10}, {92, 9, 10},
    {93, 9, 9},   {94, 9, 9},  {95, 7, 10},  {98, 10, 10}, {212, 9, 9},  {213, 8, 9},  {216, 8, 8},
    {218, 8, 9},  {221, 9, 9}, {233, 9, 9},  {234, 8, 10}, {237, 8, 9},  {251, 9, 9},  {254, 9, 9},
    {255, 9, 9},  {256, 9, 9}, {260, 9, 9},  {263, 9, 9},  {351, 9, 9},  {352, 6, 11}, {353, 7, 9},
    {354, 7, 9},  {355, 8, 9}, {356, 8, 8},  {357, 8, 8},  {358, 5, 12}, {359, 8, 9},  {370, 8, 8},
    {371, 8, 8},  {372, 7, 8}, {373, 8, 8},  {374, 8, 8},  {375, 9, 9},  {380, 9, 9},  {381, 8, 9},
    {385, 8, 9},  {386, 8, 8}, {387, 8, 8},  {420, 9, 9},  {421, 9, 9},  {852, 8, 8},  {880, 8, 10},
    {886, 8, 9},  {961, 7, 8}, {962, 8, 9},  {966, 9, 9},  {971, 8, 9},  {972, 8, 9},  {974, 8, 8},
    {995, 9, 9},
}};

// Of countries that are not in the table: E.164 allows 15 digits in all.
constexpr CallingCode kOtherCountry = {0, 5, 12};

// Letters that are not ASCII are \x80 here, as in the folded text.
constexpr std::array<std::string_view, 34> kPhoneWords = {
    "phone*",    "tel",      "telephone*",   "telefon*",  "t\x80l\x80phone",
    "telef*",    "telf",     "mobile*",      "mobil*",    "cell*",
    "call*",     "fax",      "whatsapp",     "sms",       "text",
    "dial",      "ring",     "handy",        "rufnummer", "contact*",
    "reach*",    "hotline",  "m\x80vil",     "movil",     "celular",
    "cellulare", "portable", "telem\x80vel", "telemovel", "landline",
    "viber",     "signal",   "voicemail",    "ph"};

// Digits with the punctuation of phone numbers between them: one of " -./" or "(...)" around a
// group, as in "+44 (0)20 7946 0018".
struct Dialled {
  static constexpr size_t kMaxDigits = 20;
  std::array<char, kMaxDigits> digits{};
  std::array<size_t, kMaxDigits> ends{};  // in the text, behind each digit
  std::array<uint8_t, kMaxDigits> group{};
  size_t num_digits = 0;
  size_t num_groups = 0;
  bool has_trunk_zero = false;  // "(0)"

  std::string_view view() const { return {digits.data(), num_digits}; }
  // Whether the group of digit `last` ends with it.
  bool GroupEndsAt(size_t last) const {
    return last + 1 >= num_digits || group[last + 1] != group[last];
  }
};

bool IsPhoneSeparator(char c) { return c == ' ' || c == '-' || c == '.' || c == '/'; }

Dialled ReadDialled(std::string_view text, size_t at) {
  Dialled number;
  while (at < text.size() && number.num_digits < Dialled::kMaxDigits) {
    if (IsAsciiDigit(text[at])) {
      number.digits[number.num_digits] = text[at];
      number.group[number.num_digits] = static_cast<uint8_t>(number.num_groups);
      number.ends[number.num_digits++] = ++at;
      continue;
    }
    // At most three signs stand between two groups: ") -", " (", "-".
    size_t next = at;
    size_t separators = 0;
    bool is_sound = true;
    for (; next < text.size() && next - at < 3 && !IsAsciiDigit(text[next]); ++next) {
      const char c = text[next];
      if (IsPhoneSeparator(c)) {
        is_sound = is_sound && ++separators <= (c == ' ' ? 2 : 1);
      } else if (c == '(') {
        if (text.substr(next, 3) == "(0)") {
          number.has_trunk_zero = true;
          next += 2;
        }
      } else if (c != ')') {
        is_sound = false;
      }
    }
    if (!is_sound || next >= text.size() || !IsAsciiDigit(text[next])) break;
    ++number.num_groups;
    at = next;
  }
  if (number.num_digits > 0) ++number.num_groups;
  return number;
}

CallingCode CodeOf(std::string_view digits) {
  for (size_t size = 1; size <= 3 && size <= digits.size(); ++size) {
    uint32_t value = 0;
    for (const char c : digits.substr(0, size)) value = value * 10 + static_cast<uint32_t>(c - '0');
    const auto it = std::find_if(kCodes.begin(), kCodes.end(),
                                 [&](const CallingCode& code) { return code.code == value; });
    if (it != kCodes.end()) return *it;
  }
  return kOtherCountry;
}

size_t DigitsOf(uint32_t code) { return code < 10 ? 1 : code < 100 ? 2 : 3; }

// Where a number of `low` to `high` digits ends, the longest that ends a group; 0 where none does.
size_t EndOfDigits(std::string_view text, const Dialled& number, size_t low, size_t high) {
  for (size_t count = std::min(high, number.num_digits); count >= low && count > 0; --count) {
    if (number.GroupEndsAt(count - 1) && NumberMayEnd(text, number.ends[count - 1])) {
      return number.ends[count - 1];
    }
  }
  return 0;
}

// "+49 30 901820", "+1 (212) 555-0142"; `digits_begin` is behind the sign.
size_t InternationalEnd(std::string_view text, size_t digits_begin) {
  const Dialled number = ReadDialled(text, digits_begin);
  if (number.num_digits < 7 || number.digits[0] == '0') return 0;
  const CallingCode code = CodeOf(number.view());
  const size_t prefix = code.code == 0 ? 3 : DigitsOf(code.code);
  // Some write the trunk 0 behind the country's code although it is not dialled.
  const size_t trunk =
      number.num_digits > prefix && number.digits[prefix] == '0' && code.code != 39 ? 1 : 0;
  return EndOfDigits(text, number, std::max<size_t>(prefix + code.min_digits, 7),
                     std::min<size_t>(prefix + code.max_digits + trunk, 16));
}

bool InRange(char c, char low, char high) { return c >= low && c <= high; }

// (NPA) NXX-XXXX with N from 2 to 9, grouped 3-3-4, perhaps a 1 in front and an extension behind.
size_t NorthAmericanEnd(std::string_view text, const Dialled& number) {
  const size_t first =
      number.num_digits > 10 && number.digits[0] == '1' && number.group[0] != number.group[1] ? 1
                                                                                              : 0;
  if (number.num_digits < first + 10) return 0;
  const auto group_ends = [&](size_t digit) { return number.GroupEndsAt(first + digit); };
  if (!group_ends(2) || !group_ends(5) || !group_ends(9) || group_ends(1) || group_ends(4) ||
      group_ends(7) || group_ends(8)) {
    return 0;
  }
  if (!InRange(number.digits[first], '2', '9') || !InRange(number.digits[first + 3], '2', '9')) {
    return 0;
  }
  return NumberMayEnd(text, number.ends[first + 9]) ? number.ends[first + 9] : 0;
}

// "020 7946 0018", "01 23 45 67 89", "(030) 901820": 9 to 12 digits, the first group with its 0 is
// of 2 to 5 digits (6 in the North of England).
size_t TrunkZeroEnd(std::string_view text, const Dialled& number) {
  if (number.num_digits < 9 || number.num_digits > 13 || number.digits[0] != '0' ||
      number.digits[1] == '0') {
    return 0;
  }
  size_t first_group = 1;
  while (first_group < number.num_digits && number.group[first_group] == 0) ++first_group;
  if (first_group < 2 || first_group > 6 || first_group == number.num_digits) return 0;
  return EndOfDigits(text, number, 9, 12);
}

// "07700 900123" without a space, and other mobile numbers that are written in one piece.
bool IsBareMobile(std::string_view digits) {
  if (digits.size() != 11) return false;
  return digits.starts_with("07") || digits.starts_with("015") || digits.starts_with("016") ||
         digits.starts_with("017");
}

size_t ExtensionEnd(std::string_view text, size_t end) {
  size_t at = end;
  while (at < text.size() && (text[at] == ' ' || text[at] == ',') && at - end < 2) ++at;
  size_t word = at;
  while (word < text.size() && word - at < 9 && IsAsciiLetter(text[word])) ++word;
  const std::string_view name = text.substr(at, word - at);
  if (name != "x" && name != "ext" && name != "extension" && name != "Ext") return end;
  while (word < text.size() && word - at < 12 && (text[word] == '.' || text[word] == ' ')) ++word;
  size_t last = word;
  while (last < text.size() && last - word < 6 && IsAsciiDigit(text[last])) ++last;
  return last > word && AtWordEnd(text, last) ? last : end;
}

// Whether the groups look like a date or a time and not like something to dial.
bool LooksLikeDate(std::string_view digits, const Dialled& number) {
  if (number.num_groups != 3 || digits.size() != 8) return false;
  const bool year_first = number.GroupEndsAt(3) && number.GroupEndsAt(5);
  const bool year_last = number.GroupEndsAt(1) && number.GroupEndsAt(3);
  return year_first || year_last;
}

// "3.14159", "57.27953"
bool LooksDecimal(std::string_view text, size_t begin, const Dialled& number) {
  const size_t first = number.ends[0] - 1;
  const size_t point = text.find('.', first);
  return first == begin && number.num_groups == 2 && point != std::string_view::npos &&
         point - first <= 3 && point < number.ends[number.num_digits - 1];
}

size_t EndByContext(std::string_view text, size_t begin, const Dialled& number) {
  const size_t end = EndOfDigits(text, number, 7, 13);
  if (end == 0) return 0;
  size_t digits = 0;
  while (number.ends[digits] != end) ++digits;
  if (LooksDecimal(text, begin, number)) return 0;
  if (LooksLikeDate(number.view().substr(0, digits + 1), number)) return 0;
  return ContextOf(text, begin, end, kPhoneWords) == Context::kFor ? end : 0;
}

// The end of a number that begins with the digit or '(' at `begin`; 0 where there is none.
// `found_before` is where the last find ended.
size_t NationalEnd(std::string_view text, size_t begin, size_t found_before) {
  const size_t digits_begin = text[begin] == '(' ? begin + 1 : begin;
  if (digits_begin >= text.size() || !IsAsciiDigit(text[digits_begin])) return 0;
  const Dialled number = ReadDialled(text, digits_begin);
  if (number.num_digits < 7) return 0;
  // The later groups of a card or an account may look like a number to dial.
  if (begin > 1 && text[begin - 1] == ' ' && IsAsciiDigit(text[begin - 2]) &&
      begin - 1 != found_before) {
    return 0;
  }
  if (const size_t end = NorthAmericanEnd(text, number)) {
    if (ContextOf(text, begin, end, kPhoneWords) != Context::kAgainst) {
      return ExtensionEnd(text, end);
    }
  }
  if (number.view().starts_with("00") && number.num_digits > 9 && number.digits[2] != '0') {
    const size_t end = InternationalEnd(text, digits_begin + 2);
    const bool is_sure =
        number.num_groups > 1 || ContextOf(text, begin, begin, kPhoneWords) == Context::kFor;
    if (end != 0 && is_sure) return end;
  }
  size_t end = TrunkZeroEnd(text, number);
  if (end == 0 && number.num_groups == 1 && IsBareMobile(number.view()) &&
      NumberMayEnd(text, number.ends[10])) {
    end = number.ends[10];
  }
  if (end != 0 && ContextOf(text, begin, end, kPhoneWords) != Context::kAgainst) return end;
  return EndByContext(text, begin, number);
}

}  // namespace

void FindPhoneNumbers(std::string_view text, SpanList& found) {
  size_t found_before = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    size_t end = 0;
    if (c == '+' && i + 1 < text.size()) {
      if (i > 0 && (IsWordCharacter(text[i - 1]) || text[i - 1] == '+')) continue;
      size_t digits = i + 1;
      while (digits < text.size() && digits - i < 3 &&
             (text[digits] == ' ' || text[digits] == '(')) {
        ++digits;
      }
      if (digits < text.size() && IsAsciiDigit(text[digits])) end = InternationalEnd(text, digits);
      if (end != 0) end = ExtensionEnd(text, end);
    } else if (c == '(' || (IsAsciiDigit(c) && NumberMayBegin(text, i))) {
      if (c == '(' && !AtWordBegin(text, i)) continue;
      end = NationalEnd(text, i, found_before);
    }
    if (end == 0) continue;
    found.Add(i, end, Entity::kPhoneNumber);
    found_before = end;
    i = end - 1;
  }
}

}  // namespace rowmill
