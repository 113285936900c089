#include "prep/redact/check_digits.h"

#include <algorithm>
#include <array>

#include "prep/redact/folded_text.h"

namespace rowmill {
namespace {

uint32_t Value(char digit) { return static_cast<uint32_t>(digit - '0'); }

}  // namespace

bool PassesLuhn(std::string_view digits) {
  if (!AllDigits(digits)) return false;
  uint32_t sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    uint32_t value = Value(digits[digits.size() - 1 - i]);
    if (i % 2 == 1) value = value > 4 ? 2 * value - 9 : 2 * value;
    sum += value;
  }
  return sum % 10 == 0;
}

bool PassesIbanMod97(std::string_view compact) {
  if (compact.size() < 5 || !std::all_of(compact.begin(), compact.end(), IsAlnum)) return false;
  uint32_t remainder = 0;
  for (size_t i = 0; i < compact.size(); ++i) {
    const char c = ToAsciiUpper(compact[(i + 4) % compact.size()]);
    remainder = IsAsciiDigit(c) ? remainder * 10 + Value(c)
                                : remainder * 100 + static_cast<uint32_t>(c - 'A' + 10);
    remainder %= 97;
  }
  return remainder == 1;
}

bool PassesMod11And10(std::string_view digits) {
  if (!AllDigits(digits)) return false;
  uint32_t product = 10;
  for (size_t i = 0; i + 1 < digits.size(); ++i) {
    uint32_t sum = (Value(digits[i]) + product) % 10;
    if (sum == 0) sum = 10;
    product = 2 * sum % 11;
  }
  return (product + Value(digits.back())) % 10 == 1;
}

bool PassesVerhoeff(std::string_view digits) {
  if (!AllDigits(digits)) return false;
  // Multiplication in the dihedral group D5, and the permutation (1 5 8 9 4 2 7 0)(3 6).
  constexpr uint8_t kProduct[10][10] = {
      {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
      {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
      {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
      {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
      {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}};
  constexpr uint8_t kPermutation[10] = {1, 5, 7, 6, 2, 8, 3, 0, 9, 4};
  uint8_t check = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    uint8_t value = static_cast<uint8_t>(Value(digits[digits.size() - 1 - i]));
    for (size_t round = 0; round < i % 8; ++round) value = kPermutation[value];
    check = kProduct[check][value];
  }
  return check == 0;
}

uint32_t WeightedSum(std::string_view digits, std::span<const uint8_t> weights) {
  uint32_t sum = 0;
  for (size_t i = 0; i < std::min(digits.size(), weights.size()); ++i) {
    sum += Value(digits[i]) * weights[i];
  }
  return sum;
}

uint64_t DigitsModulo(std::string_view digits, uint64_t modulus) {
  uint64_t remainder = 0;
  for (const char c : digits) remainder = (remainder * 10 + Value(c)) % modulus;
  return remainder;
}

bool IsDate(std::string_view year, std::string_view month, std::string_view day) {
  constexpr std::array<uint32_t, 12> kDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const uint64_t m = DigitsModulo(month, 100);
  const uint64_t d = DigitsModulo(day, 100);
  const uint64_t y = DigitsModulo(year, 10000);
  if (m < 1 || m > 12 || d < 1 || d > kDays[m - 1]) return false;
  const bool is_century = year.size() == 4 && y % 100 == 0 && y % 400 != 0;
  return m != 2 || d != 29 || (y % 4 == 0 && !is_century);
}

}  // namespace rowmill
