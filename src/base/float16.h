// IEEE binary16 and bfloat16 as bit patterns, converted to and from f32 in plain integer
// arithmetic: exact one way, round to nearest even the other, subnormals kept, the same on every
// machine.
//
// A NaN keeps its sign and upper payload and becomes quiet, as the conversion instructions of x86
// (F16C) and ARM do, so that code that uses those gives the same bits. Not what VCVTNEPS2BF16 does:
// that one takes f32 subnormals as zero. Standard: IEEE 754-2019, sections 3.4 and 4.3.
#pragma once

#include <bit>
#include <cstdint>

namespace rowmill {

constexpr float F16ToF32(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 0x1f;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 0x1f) {
    const uint32_t quiet = mantissa == 0 ? 0 : 0x400000;
    return std::bit_cast<float>(sign | 0x7f800000 | quiet | (mantissa << 13));
  }
  if (exponent == 0) {
    // A subnormal is mantissa * 2^-24; both factors and the product are exact in f32.
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + (127 - 15)) << 23) | (mantissa << 13));
}

constexpr uint16_t F32ToF16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) {
    return static_cast<uint16_t>(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  }
  // 65520 is half way between the largest finite f16 and the next power of two: it rounds to
  // infinity.
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);
  uint32_t significand = magnitude & 0x7fffff;
  uint32_t shift = 13;
  uint32_t half_bits = 0;         // the result's exponent field, already in place
  if (magnitude >= 0x38800000) {  // 2^-14 and more: normal
    half_bits = ((magnitude >> 23) - (127 - 15)) << 10;
  } else {
    if (magnitude < 0x33000000) return sign;  // below 2^-25, half of the smallest subnormal
    significand |= 0x800000;
    shift = 126 - (magnitude >> 23);  // 14..24
  }
  const uint32_t kept = significand >> shift;
  const uint32_t dropped = significand & ((1U << shift) - 1);
  const uint32_t halfway = 1U << (shift - 1);
  const uint32_t round_up = dropped > halfway || (dropped == halfway && (kept & 1) != 0) ? 1 : 0;
  // A carry out of the significand moves on into the exponent, which is what rounding up means.
  return static_cast<uint16_t>(sign | (half_bits + kept + round_up));
}

constexpr float Bf16ToF32(uint16_t bf16) {
  return std::bit_cast<float>(static_cast<uint32_t>(bf16) << 16);
}

constexpr uint16_t F32ToBf16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace rowmill
