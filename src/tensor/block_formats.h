// GGUF's quantised weight formats as they lie in files: blocks of 32 or 256 consecutive elements of
// one row that share scales. Plain structs of bytes and half floats with no alignment, so that a
// pointer to any byte of a file may be read as one.
//
// d, m, dmin are IEEE half floats as bits (base/float16.h). qs holds the codes, two 4-bit codes
// to a byte: of 32 elements, byte j has element j in its low and element j + 16 in its high nibble.
// Source: ggml-common.h of ggml 0.25.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace rowmill {

inline constexpr int kSmallBlock = 32;
inline constexpr int kSuperBlock = 256;

// w = d * (q - 8)
struct [[gnu::packed]] BlockQ4_0 {
  uint16_t d;
  uint8_t qs[16];
};
// w = d * q + m
struct [[gnu::packed]] BlockQ4_1 {
  uint16_t d;
  uint16_t m;
  uint8_t qs[16];
};
// w = d * (q - 16); bit e of qh, little-endian, is the fifth bit of element e
struct [[gnu::packed]] BlockQ5_0 {
  uint16_t d;
  uint8_t qh[4];
  uint8_t qs[16];
};
// w = d * q + m
struct [[gnu::packed]] BlockQ5_1 {
  uint16_t d;
  uint16_t m;
  uint8_t qh[4];
  uint8_t qs[16];
};
// w = d * q
struct [[gnu::packed]] BlockQ8_0 {
  uint16_t d;
  int8_t qs[32];
};
// 16 sub-blocks of 16: w = d * (scale & 15) * q - dmin * (scale >> 4)
struct [[gnu::packed]] BlockQ2_K {
  uint8_t scales[16];
  uint8_t qs[64];
  uint16_t d;
  uint16_t dmin;
};
// 16 sub-blocks of 16: w = d * scale * q, q in -4..3
struct [[gnu::packed]] BlockQ3_K {
  uint8_t hmask[32];
  uint8_t qs[64];
  uint8_t scales[12];
  uint16_t d;
};
// 8 sub-blocks of 32: w = d * scale * q - dmin * minimum
struct [[gnu::packed]] BlockQ4_K {
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t qs[128];
};
// The same with five bits; bit s of qh[l] is the fifth bit of element l of sub-block s
struct [[gnu::packed]] BlockQ5_K {
  uint16_t d;
  uint16_t dmin;
  uint8_t scales[12];
  uint8_t qh[32];
  uint8_t qs[128];
};
// 16 sub-blocks of 16: w = d * scale * (q - 32)
struct [[gnu::packed]] BlockQ6_K {
  uint8_t ql[128];
  uint8_t qh[64];
  int8_t scales[16];
  uint16_t d;
};

static_assert(sizeof(BlockQ4_0) == 18 && alignof(BlockQ4_0) == 1);
static_assert(sizeof(BlockQ4_1) == 20 && alignof(BlockQ4_1) == 1);
static_assert(sizeof(BlockQ5_0) == 22 && alignof(BlockQ5_0) == 1);
static_assert(sizeof(BlockQ5_1) == 24 && alignof(BlockQ5_1) == 1);
static_assert(sizeof(BlockQ8_0) == 34 && alignof(BlockQ8_0) == 1);
static_assert(sizeof(BlockQ2_K) == 84 && alignof(BlockQ2_K) == 1);
static_assert(sizeof(BlockQ3_K) == 110 && alignof(BlockQ3_K) == 1);
static_assert(sizeof(BlockQ4_K) == 144 && alignof(BlockQ4_K) == 1);
static_assert(sizeof(BlockQ5_K) == 176 && alignof(BlockQ5_K) == 1);
static_assert(sizeof(BlockQ6_K) == 210 && alignof(BlockQ6_K) == 1);

// The 6-bit scale and minimum of sub-block j = 0..7 out of the 12 bytes of Q4_K and Q5_K: the first
// four have bytes of their own, whose spare upper bits complete the nibbles of the last four.
struct ScaleAndMinimum {
  uint8_t scale;
  uint8_t minimum;
};
constexpr ScaleAndMinimum UnpackScaleAndMinimum(const uint8_t* scales, int j) {
  if (j < 4) {
    return {static_cast<uint8_t>(scales[j] & 63), static_cast<uint8_t>(scales[j + 4] & 63)};
  }
  return {static_cast<uint8_t>((scales[j + 4] & 15) | ((scales[j - 4] >> 6) << 4)),
          static_cast<uint8_t>((scales[j + 4] >> 4) | ((scales[j] >> 6) << 4))};
}

// The signed scale, -32..31, of sub-block i = 0..15 out of the 12 bytes of Q3_K.
constexpr int UnpackQ3Scale(const uint8_t* scales, int i) {
  const int low = i < 8 ? scales[i] & 15 : scales[i - 8] >> 4;
  const int high = (scales[8 + i % 4] >> (2 * (i / 4))) & 3;
  return (low | (high << 4)) - 32;
}

}  // namespace rowmill
