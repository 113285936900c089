#include "base/real_math.h"

#include <bit>
#include <cmath>
#include <cstdint>

#include "base/check.h"

namespace rowmill {
namespace {

// ln 2 and pi / 2 as sums of doubles whose leading parts have trailing zero bits, so that n * part
// is exact for the n that occur (Cody and Waite, Software Manual for the Elementary Functions,
// 1980).
constexpr double kLn2High = 0x1.62e42fefa3800p-1;
constexpr double kLn2Low = 0x1.ef35793c76730p-45;
constexpr double kHalfPi1 = 0x1.921fb54400000p+0;
constexpr double kHalfPi2 = 0x1.0b4611a600000p-34;
constexpr double kHalfPi3 = 0x1.3198a2e037073p-69;

// Round to nearest integer, ties to even, for |x| < 2^51: adding 1.5 * 2^52 leaves no fraction
// bits.
double RoundToInteger(double x) {
  constexpr double kShift = 0x1.8p52;
  volatile double shifted = x + kShift;  // volatile: no compiler may cancel the two additions
  return shifted - kShift;
}

}  // namespace

double RealLog(double x) {
  CHECK(x >= 0x1p-1022 && x < INFINITY);
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  int64_t exponent = static_cast<int64_t>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000fffffffffffffULL) | 0x3ff0000000000000ULL);
  if (m > 0x1.6a09e667f3bcdp+0) {  // Above sqrt(2): keep |s| below 0.1716.
    m *= 0.5;
    ++exponent;
  }
  // ln m = 2 artanh(s) = 2 (s + s^3/3 + s^5/5 + ...), s = (m - 1) / (m + 1); s^23 is below 2^-58.
  const double s = (m - 1.0) / (m + 1.0);
  const double s2 = s * s;
  double sum = 0.0;
  for (int k = 21; k >= 3; k -= 2) sum = std::fma(sum, s2, 1.0 / k);
  const double tail = 2.0 * s * s2 * sum;
  const double n = static_cast<double>(exponent);
  return std::fma(n, kLn2High, std::fma(n, kLn2Low, tail) + 2.0 * s);
}

double RealExp(double x) {
  CHECK(x >= -700.0 && x <= 700.0);
  const double n = RoundToInteger(x * 0x1.71547652b82fep+0);
  double r = std::fma(-n, kLn2High, x);
  r = std::fma(-n, kLn2Low, r);
  double p =
      1.0;  // Horner of the Taylor series to r^14 / 14!, |r| <= 0.3466: the rest is below 2^-60.
  for (int k = 14; k >= 1; --k) p = std::fma(p, r / k, 1.0);
  const int64_t exponent = static_cast<int64_t>(n);
  return p * std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

double RealPow(double base, double y) { return RealExp(y * RealLog(base)); }

SinCos RealSinCos(double x) {
  CHECK(x >= -0x1p21 && x <= 0x1p21);
  const double n = RoundToInteger(x * 0x1.45f306dc9c883p-1);  // 2 / pi
  double r = std::fma(-n, kHalfPi1, x);
  r = std::fma(-n, kHalfPi2, r);
  r = std::fma(-n, kHalfPi3, r);
  const double r2 = r * r;
  double s = 1.0;  // sin r / r by Horner: 1 - r2/6 (1 - r2/20 (...)), |r| <= pi/4
  for (int k = 18; k >= 2; k -= 2) s = std::fma(-s * r2, 1.0 / (k * (k + 1)), 1.0);
  double c = 1.0;
  for (int k = 19; k >= 1; k -= 2) c = std::fma(-c * r2, 1.0 / (k * (k + 1)), 1.0);
  s *= r;
  switch (static_cast<int64_t>(n) & 3) {
    case 0:
      return {s, c};
    case 1:
      return {c, -s};
    case 2:
      return {-s, -c};
    default:
      return {-c, s};
  }
}

}  // namespace rowmill
