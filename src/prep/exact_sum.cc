#include "prep/exact_sum.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace rowmill {
namespace {

using Uint128 = unsigned __int128;

struct Parts {
  uint64_t mantissa;  // 53 bits
  int64_t exponent;   // of its last bit
  bool negative;
};

// IEEE 754 binary64: subnormal numbers have the exponent of the smallest normal ones and no hidden
// bit.
Parts Split(double value) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  const auto biased = static_cast<int64_t>((bits >> 52) & 0x7FF);
  CHECK(biased != 0x7FF);
  if (biased == 0) return {fraction, -1074, (bits >> 63) != 0};
  return {fraction | (uint64_t{1} << 52), biased - 1075, (bits >> 63) != 0};
}

void Trim(WideNatural& value) {
  while (!value.empty() && value.back() == 0) value.pop_back();
}

uint64_t LimbOrZero(const WideNatural& value, size_t i) { return i < value.size() ? value[i] : 0; }

}  // namespace

WideNatural Multiply(const WideNatural& a, const WideNatural& b) {
  WideNatural out(a.size() + b.size(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    uint64_t carry = 0;
    for (size_t k = 0; k < b.size(); ++k) {
      const Uint128 sum = static_cast<Uint128>(a[i]) * b[k] + out[i + k] + carry;
      out[i + k] = static_cast<uint64_t>(sum);
      carry = static_cast<uint64_t>(sum >> 64);
    }
    out[i + b.size()] = carry;
  }
  Trim(out);
  return out;
}

WideNatural Subtract(const WideNatural& a, const WideNatural& b) {
  WideNatural out(a.size(), 0);
  uint64_t borrow = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const Uint128 taken = static_cast<Uint128>(LimbOrZero(b, i)) + borrow;
    out[i] = static_cast<uint64_t>(a[i] - taken);
    borrow = a[i] < taken ? 1 : 0;
  }
  CHECK(borrow == 0 && b.size() <= a.size());
  Trim(out);
  return out;
}

double ScaledDouble::Value() const {
  constexpr int64_t kBeyond = 5000;  // Past every double in both directions.
  if (exponent > kBeyond) return std::ldexp(mantissa, static_cast<int>(kBeyond));
  if (exponent < -kBeyond) return std::ldexp(mantissa, static_cast<int>(-kBeyond));
  return std::ldexp(mantissa, static_cast<int>(exponent));
}

ScaledDouble Round(const WideNatural& value, int64_t unit_exponent) {
  WideNatural limbs = value;
  Trim(limbs);
  if (limbs.empty()) return {};
  // The leading 64 bits, and whether anything lies below them.
  const size_t top = limbs.size() - 1;
  const int shift = std::countl_zero(limbs[top]);
  uint64_t lead = limbs[top] << shift;
  bool sticky = false;
  if (top > 0 && shift > 0) lead |= limbs[top - 1] >> (64 - shift);
  if (top > 0) sticky = (limbs[top - 1] << shift) != 0;
  for (size_t i = 0; i + 1 < top; ++i) sticky = sticky || limbs[i] != 0;
  // Of these 64 a double keeps 53; the lowest of the others stands for all that lies below.
  constexpr int kDropped = 11;
  const uint64_t kept = lead >> kDropped;
  const uint64_t rest = (lead << (64 - kDropped)) | (sticky ? 1 : 0);
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  const bool up = rest > kHalf || (rest == kHalf && (kept & 1) != 0);
  const auto mantissa = static_cast<double>(kept + (up ? 1 : 0));
  const int64_t exponent =
      unit_exponent + static_cast<int64_t>(64 * top) + 63 - static_cast<int64_t>(shift);
  // 2^53 comes out of rounding 2^53 - 1 up; halving it is exact.
  const double scaled = mantissa / static_cast<double>(uint64_t{1} << 52);
  return scaled >= 2 ? ScaledDouble{scaled / 2, exponent + 1} : ScaledDouble{scaled, exponent};
}

void ExactSum::Add(double value) {
  const Parts parts = Split(value);
  AddShifted(parts.mantissa, parts.exponent, parts.negative ? Sign::kMinus : Sign::kPlus);
}

void ExactSum::AddSquare(double value) {
  const Parts parts = Split(value);
  AddShifted(static_cast<Uint128>(parts.mantissa) * parts.mantissa, 2 * parts.exponent,
             Sign::kPlus);
}

void ExactSum::AddShifted(unsigned __int128 mantissa, int64_t exponent, Sign sign) {
  const bool subtract = sign == Sign::kMinus;
  CHECK(exponent >= kUnitExponent);
  const auto position = static_cast<uint64_t>(exponent - kUnitExponent);
  const unsigned shift = position % 64;
  const auto low = static_cast<uint64_t>(mantissa);
  const auto high = static_cast<uint64_t>(mantissa >> 64);
  // The up to three limbs that the shifted mantissa covers; a shift by 64 is not defined.
  const std::array<uint64_t, 3> terms = {low << shift,
                                         (high << shift) | (shift == 0 ? 0 : low >> (64 - shift)),
                                         shift == 0 ? 0 : high >> (64 - shift)};
  uint64_t carry = 0;
  for (size_t i = position / 64, k = 0; i < kNumLimbs; ++i, ++k) {
    if (k >= terms.size() && carry == 0) break;
    const Uint128 term = static_cast<Uint128>(k < terms.size() ? terms[k] : 0) + carry;
    const uint64_t before = limbs_[i];
    limbs_[i] = static_cast<uint64_t>(subtract ? before - term : before + term);
    carry = subtract ? (before < term ? 1 : 0)
                     : static_cast<uint64_t>((static_cast<Uint128>(before) + term) >> 64);
  }
}

void ExactSum::Merge(const ExactSum& other) {
  uint64_t carry = 0;
  for (size_t i = 0; i < kNumLimbs; ++i) {
    const Uint128 sum = static_cast<Uint128>(limbs_[i]) + other.limbs_[i] + carry;
    limbs_[i] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
}

WideNatural ExactSum::Magnitude() const {
  WideNatural out(limbs_.begin(), limbs_.end());
  if (negative()) {
    uint64_t carry = 1;
    for (uint64_t& limb : out) {
      limb = ~limb + carry;
      carry = carry != 0 && limb == 0 ? 1 : 0;
    }
  }
  Trim(out);
  return out;
}

}  // namespace rowmill
