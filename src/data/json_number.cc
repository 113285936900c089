#include "data/json_number.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <system_error>

namespace rowmill {

bool JsonIntegerFits(std::string_view number) {
  if (number.size() <= 18) return true;  // 18 digits fit with either sign.
  int64_t negative = 0;
  uint64_t positive = 0;
  const auto result = number.front() == '-'
                          ? std::from_chars(number.data(), number.data() + number.size(), negative)
                          : std::from_chars(number.data(), number.data() + number.size(), positive);
  return result.ec == std::errc();
}

// from_chars says only that a number is out of range, not on which side, so the decimal magnitude
// decides.
bool JsonFractionFits(std::string_view number) {
  const size_t e = number.find_first_of("eE");
  // 300 characters without exponent are always in range.
  if (e == std::string_view::npos && number.size() <= 300) return true;
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc::result_out_of_range) return true;
  const std::string_view digits = number.substr(0, e).substr(number.front() == '-' ? 1 : 0);
  int64_t exponent = 0;
  if (e != std::string_view::npos) {
    std::string_view text = number.substr(e + 1);
    const bool negative = text.front() == '-';
    if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (parsed.ec != std::errc()) return negative;
    if (negative) exponent = -exponent;
  }
  const size_t point = std::min(digits.find('.'), digits.size());
  const size_t first = digits.find_first_of("123456789");
  if (first == std::string_view::npos) return true;
  const int64_t magnitude = static_cast<int64_t>(point) - static_cast<int64_t>(first);
  // Both are far from the range of int64: a line has fewer than 2^62 bytes, and an exponent that
  // near to the limit was only parsed, never computed.
  const int64_t limit = std::numeric_limits<int64_t>::max() / 2;
  return std::clamp(exponent, -limit, limit) + magnitude <= 0;
}

}  // namespace rowmill
