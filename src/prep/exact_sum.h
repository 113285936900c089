// Sums of doubles and of their squares without any rounding, so that the order of the numbers and
// the cut of a data set into parts change nothing: a + b + c has one value however it is added up.
//
// A long fixed-point number holds every double exactly (Kulisch accumulator): the unit is 2^-2148,
// the square of the smallest double's unit, and there is room above 2^2048, the square of the
// largest, for 2^64 terms.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rowmill {

// An unsigned number of any length, limbs of 64 bits, least significant first.
using WideNatural = std::vector<uint64_t>;

WideNatural Multiply(const WideNatural& a, const WideNatural& b);
// a - b, which must not be negative.
WideNatural Subtract(const WideNatural& a, const WideNatural& b);

// mantissa * 2^exponent with mantissa in [1, 2), rounded to nearest even; 0 for zero.
struct ScaledDouble {
  double mantissa = 0;
  int64_t exponent = 0;
  // The nearest double; infinite beyond the range.
  double Value() const;
};
// `value` in units of 2^unit_exponent.
ScaledDouble Round(const WideNatural& value, int64_t unit_exponent);

class ExactSum {
 public:
  static constexpr int64_t kUnitExponent = -2148;

  // `value` is finite.
  void Add(double value);
  void AddSquare(double value);
  void Merge(const ExactSum& other);

  bool negative() const { return (limbs_.back() >> 63) != 0; }
  WideNatural Magnitude() const;

 private:
  static constexpr size_t kNumLimbs = 68;  // 2148 + 2048 + 64 bits, a sign, and some to spare

  enum class Sign : uint8_t { kPlus, kMinus };

  void AddShifted(unsigned __int128 mantissa, int64_t exponent, Sign sign);

  std::array<uint64_t, kNumLimbs> limbs_{};  // two's complement
};

}  // namespace rowmill
