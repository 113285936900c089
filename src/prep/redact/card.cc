#include <array>

#include "prep/redact/check_digits.h"
#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"
#include "prep/redact/number_groups.h"

namespace rowmill {
namespace {

uint32_t Leading(std::string_view digits, size_t count) {
  return static_cast<uint32_t>(DigitsModulo(digits.substr(0, count), 1'000'000));
}

bool Between(uint32_t value, uint32_t low, uint32_t high) { return value >= low && value <= high; }

// Issuers (ISO/IEC 7812 numbers in use) and the lengths of their cards.
bool IsIssued(std::string_view digits) {
  const size_t n = digits.size();
  const uint32_t two = Leading(digits, 2);
  const uint32_t three = Leading(digits, 3);
  const uint32_t four = Leading(digits, 4);
  if (digits[0] == '4') return n == 16 || n == 13 || n == 19;             // Visa
  if (Between(two, 51, 55) || Between(four, 2221, 2720)) return n == 16;  // Mastercard
  if (two == 34 || two == 37) return n == 15;                             // American Express
  if (four == 6011 || two == 65 || Between(three, 644, 649)) return n == 16 || n == 19;  // Discover
  if (Between(four, 3528, 3589)) return n == 16 || n == 19;                              // JCB
  if (two == 36 || two == 38 || two == 39 || Between(three, 300, 305)) {  // Diners Club
    return n == 14 || n == 16 || n == 19;
  }
  if (two == 62) return n >= 16 && n <= 19;                  // UnionPay
  if (Between(four, 2200, 2204)) return n >= 16 && n <= 19;  // Mir
  if (two == 60 || two == 81 || two == 82) return n == 16;   // RuPay
  // Maestro has had numbers from 12 digits on; the short ones are too near to other numbers.
  if (two == 50 || Between(two, 56, 58) || two == 63 || two == 67) return n >= 16 && n <= 19;
  return false;
}

// As cards are printed and typed: groups of four with a shorter last one, 4-6-5 and 4-6-4.
bool IsCardGrouping(const NumberGroups& groups, size_t count) {
  if (count == 1) return true;
  if (!groups.OneSeparator(count)) return false;
  if (count == 3 && groups.group_size(0) == 4 && groups.group_size(1) == 6) {
    return groups.group_size(2) == 4 || groups.group_size(2) == 5;
  }
  if (count == 2) return groups.group_size(0) == 8 && groups.group_size(1) == 8;
  for (size_t i = 0; i + 1 < count; ++i) {
    if (groups.group_size(i) != 4) return false;
  }
  return groups.group_size(count - 1) <= 4;
}

// Whether a group of four stands before it with the same separator: the middle of an account.
bool GoesOnBefore(std::string_view text, size_t begin, const NumberGroups& groups, size_t count) {
  if (count < 2 || begin < 5 || text[begin - 1] != groups.group(1).separator) return false;
  for (size_t i = begin - 5; i < begin - 1; ++i) {
    if (!IsAlnum(text[i])) return false;
  }
  return IsAsciiDigit(text[begin - 2]);
}

}  // namespace

void FindCreditCards(std::string_view text, SpanList& found) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsAsciiDigit(text[i]) || !NumberMayBegin(text, i)) continue;
    const NumberGroups groups(text, i, " -.");
    for (size_t count = groups.num_groups(); count > 0; --count) {
      const std::string_view digits = groups.compact(count);
      const size_t end = groups.group(count - 1).end;
      if (digits.size() < 12 || digits.size() > 19 || !AllDigits(digits)) continue;
      if (!NumberMayEnd(text, end) || !IsCardGrouping(groups, count)) continue;
      if (GoesOnBefore(text, i, groups, count)) continue;
      if (!IsIssued(digits) || !PassesLuhn(digits)) continue;
      found.Add(i, end, Entity::kCreditCard);
      i = end - 1;
      break;
    }
  }
}

}  // namespace rowmill
