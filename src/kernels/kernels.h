// The arithmetic of the engine: one table of functions per instruction set, chosen once at run
// time. Kernels work on pointers that the caller provides; they allocate nothing, start no threads,
// check no shapes and know no model. This is the only kernel header that ops/ includes.
//
// One numeric recipe for all tables. Each function below states the exact sequence of IEEE-754
// operations of every output element (which are fused, in which order sums are taken). Every table
// carries out that sequence, so all instruction sets give the same bits, and so does every batch:
// an output row depends on its own input row alone. `scalar/` is the recipe written down as plain
// loops and is the oracle of the tests. What makes it cheap: a vector lane is an output channel, a
// key or one of 16 fixed partial sums, never a split of a sum that depends on the register width.
//
// Notation: fma(a, b, c) is a * b + c rounded once; every other operation is rounded on its own;
// all are binary32, round to nearest even, denormals kept. A result that is NaN is NaN in every
// table; which of the many NaNs it is (sign, payload) is left to the CPU, since nobody may print or
// hash one.
//
//   Tree(l[16]): the sum of 16 partial sums: l[j] += l[j + 8] for j < 8, then +4, +2, +1; l[0].
//   Exp(x): x clamped to [-87.25, 88.0]; n = round-to-even(x * 0x1.715476p+0f);
//           r = fma(n, -0x1.62e400p-1f, x); r = fma(n, -0x1.7f7d1cp-20f, r);  (ln 2 in two parts)
//           Horner with fma, from the highest: c6..c0 of kExpCoefficients; result p * 2^n, the
//           power built in the exponent bits, one multiplication. Relative error below 2e-7. NaN
//           gives NaN.
//
//   Erf(x): erf(x / sqrt(2)) as x * P(x^2) / Q(x^2) with x clamped to [-5.6, 5.6]; P and Q by
//   Horner
//           with fma from the highest coefficient; (x * P) / Q; clamped to [-1, 1], which it
//           reaches before 5.6. Absolute error below 3e-7. NaN gives NaN.
//
// Shapes: M rows, N output channels, K inputs, d head_dim.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rowmill::kernels {

// 1/k! for k = 6..0: Taylor is within 1.2e-7 on |r| <= ln(2)/2 in this precision, a minimax fit
// gains nothing that survives rounding.
inline constexpr float kExpCoefficients[7] = {
    0x1.6c16c2p-10f, 0x1.111112p-7f, 0x1.555556p-5f, 0x1.555556p-3f, 0.5f, 1.0f, 1.0f};

// Of Erf, lowest power of x^2 first: a minimax fit of erf(x / sqrt(2)) on [0, 5.45] to 3.5e-8,
// below what single precision keeps.
inline constexpr float kErfNumerator[7] = {0x1.98844cp-1f,  0x1.218fd6p-4f,  0x1.250c46p-7f,
                                           0x1.592622p-12f, 0x1.ab904ep-18f, -0x1.7cac9ap-25f,
                                           0x1.f4b85cp-33f};
inline constexpr float kErfDenominator[5] = {1.0f, 0x1.05648ap-2f, 0x1.d725bap-6f, 0x1.d6fa46p-10f,
                                             0x1.fb3ba4p-15f};

// Of GELU by tanh: 2 * sqrt(2 / pi), and 0.044715 times that.
inline constexpr float kGeluLinear = 0x1.988454p+0f;
inline constexpr float kGeluCubic = 0x1.2444f2p-4f;

inline constexpr size_t kGroupChannels = 16;  // output channels that are packed side by side
inline constexpr size_t kBlockK = 32;         // activations that share a scale
inline constexpr size_t kKeyBlock = 32;       // keys that attention folds at a time

// ---- Packed weights ------------------------------------------------------------------
//
// W[N, K] is stored as ceil(N / 16) groups of 16 output channels, channels beyond N with zero
// scales. A group is a stream in the order in which the product reads it: for each block of 32
// inputs (16 for the formats that have a scale per 16) the codes of the 16 channels, then 16
// scales, then 16 minima where the format has them. A weight is  scale * (code - zero_point) +
// minimum,  code unsigned.
//
//   4-bit codes, 4 vectors of 64 bytes per 32 inputs: byte 4c+j of vector z holds channel c,
//     input 8z+j in its low and input 8z+4+j in its high nibble (j = 0..3).
//   8-bit codes, a vector of 64 bytes per 4 inputs: byte 4c+j of vector z holds channel c,
//     input 4z+j.
//
// One layout serves every instruction set: a 64-byte vector is one AVX-512, two AVX2 or four NEON
// registers whose 32-bit lanes are channels, which is what the dot-product instructions want.
enum class CodeBits : uint8_t { k4 = 4, k8 = 8 };
enum class ScaleType : uint8_t { kF16, kF32 };  // F16 only where the file's own scales are f16
enum class HasMinimum : uint8_t { kNo, kYes };

// Codes of 8 bits are below 64, so that instructions which add products in 16 bits stay exact, but
// for the zero point 128 (Q8_0: any byte, blocks of 32, no minima).
struct BlockFormat {
  CodeBits code_bits = CodeBits::k8;
  ScaleType scale_type = ScaleType::kF32;
  HasMinimum has_minimum = HasMinimum::kNo;
  uint8_t block_k = 32;    // 32 or 16
  uint8_t zero_point = 0;  // 0 where the format has minima

  constexpr size_t block_bytes() const {  // of one block of one group
    const size_t scale_bytes = kGroupChannels * (scale_type == ScaleType::kF16 ? 2 : 4);
    return kGroupChannels * block_k * static_cast<size_t>(code_bits) / 8 +
           scale_bytes * (has_minimum == HasMinimum::kYes ? 2 : 1);
  }
  constexpr size_t group_bytes(size_t k) const { return k / block_k * block_bytes(); }
};

struct PackedBlocks {
  BlockFormat format;
  size_t n = 0;
  size_t k = 0;                     // a multiple of 32
  const std::byte* data = nullptr;  // 64-byte aligned, ceil(n/16) * format.group_bytes(k) bytes
};

// Float weights: groups of 16 channels, element [g][k][c], in the file's own type.
enum class FloatType : uint8_t { kF32, kF16, kBF16 };
struct PackedFloats {
  FloatType type = FloatType::kF32;
  size_t n = 0;
  size_t k = 0;  // any
  const std::byte* data = nullptr;
};

// ---- Activations ---------------------------------------------------------------------
//
// Rows quantised to 8 bits, one scale per 32 inputs:  x ~ scale * code,  |code| <= 127.
struct QuantizedRows {
  int8_t* codes = nullptr;  // [M, K]
  float* scales = nullptr;  // [M, K/32]
  int16_t* sums = nullptr;  // [M, K/16]  sums of 16 consecutive codes
};

enum class Store : uint8_t { kAssign, kAdd };  // y = result, or y = y + result (one addition)

struct BlockGemmArgs {
  const PackedBlocks* weights;
  const QuantizedRows* rows;  // of the K of the weights
  size_t m;
  size_t group_begin, group_end;  // which groups of 16 output channels to compute
  float* y;                       // [M, ldy]; only columns below weights->n are written
  size_t ldy;
  Store store;
};
struct FloatGemmArgs {
  const PackedFloats* weights;
  const float* x;  // [M, ldx]
  size_t ldx;
  size_t m;
  size_t group_begin, group_end;
  float* y;
  size_t ldy;
  Store store;
};

// ---- Attention -----------------------------------------------------------------------
//
// Keys and values of one key/value head, in blocks of 32 positions, as f16 (round to nearest even):
//   keys   [block][d][32]   a vector is one dimension of 32 (2 x 16) keys
//   values [block][32][d]
// Memory beyond the visible keys must hold finite numbers (slabs are zeroed; see
// models/kv_cache.h).
//
// The running state of one query row: out[d], then sum[16], then max: kStateExtra + d floats.
inline constexpr size_t kStateExtra = 17;

struct AttendArgs {
  const uint16_t* keys;
  const uint16_t* values;
  size_t num_blocks;
  size_t head_dim;              // a multiple of 16
  size_t num_rows;              // query rows (token, head) that read this segment
  const float* const* queries;  // [num_rows] -> [d], already scaled by 1/sqrt(d)
  float* const* states;         // [num_rows] -> [d + kStateExtra]
  const uint32_t*
      visible_begin;            // [num_rows] first and one past the last visible key, counted from
  const uint32_t* visible_end;  // [num_rows] the segment's first; nothing visible is allowed
};

// Attention of rows over keys that are all at hand (encoders, cross-attention): f32, each row's
// softmax over its whole set of keys, nothing kept from step to step. One head at a time.
//
// Keys are packed 16 side by side so that a vector is one dimension of 16 keys:
//   keys    [ceil(num_keys / 16)][d][16], zeros beyond the last key
//   values  [num_keys, ldv]
struct AttendWholeArgs {
  const float* queries;  // [num_rows, ldq], already scaled
  size_t ldq;
  size_t num_rows;
  const float* keys;
  const float* values;
  size_t ldv;
  size_t num_keys;  // at least 1
  size_t head_dim;  // a multiple of 16
  float* weights;   // scratch, kAttendWholeRows * (num_keys rounded up to 16) floats
  float* y;         // [num_rows, ldy]
  size_t ldy;
  // Added to the scores, or null. Row r's begin at bias + r * bias_stride, one for each key. A
  // stride of -1 gives every row a window of one vector by distance: relative positions.
  const float* bias = nullptr;
  ptrdiff_t bias_stride = 0;
};
inline constexpr size_t kAttendWholeRows = 12;

// ---- The table -----------------------------------------------------------------------

enum class Isa : uint8_t {
  kScalar,
  kAvx2,
  kAvx512,
  kAvx512Vnni,
  kAmx,
  kNeon,
  kNeonDotprod,
  kNeonI8mm,
};

struct KernelTable {
  Isa isa;
  const char* name;         // what --isa takes and reports print
  const char* description;  // instruction sets it needs

  // x [M, K] -> rows. Per block of 32: amax = the largest |x|, compared as integers so that NaN and
  // Inf win; amax < 1e-30: scale 0, codes 0; amax not finite: scale NaN, codes 0; otherwise scale =
  // amax / 127, inverse = 127 / amax, code = round-to-even(x * inverse). K is a multiple of 32,
  // rows contiguous.
  void (*quantize_rows)(const float* x, size_t m, size_t k, const QuantizedRows& rows);

  // y[m, n] = sum over blocks b in order: with s the activation scale of the block's 32 inputs,
  //   dot = (sum of code_w * code_x - zero_point * sum of code_x)   exact integers
  //   acc = fma(float(dot), s * scale_w, acc);  starting from 0
  //   and where the format has minima, next:  acc = fma(minimum_w, s * float(sum of code_x), acc)
  // f16 scales are widened exactly. Exact for |dot| < 2^24, which K-blocks of 32 guarantee.
  void (*gemm_blocks)(const BlockGemmArgs& args);

  // y[m, n] = acc, acc = fma(x[m, k], w[n, k], acc) for k = 0, 1, ...; from 0.
  void (*gemm_floats)(const FloatGemmArgs& args);

  // y = x / rms(x) * w for each of m rows of length n (any n): partial sum j of 16 takes
  // fma(x[i], x[i], l[j]) for i = j, j + 16, ...; mean = Tree / n; r = 1 / sqrt(mean + eps); y = (x
  // * r) * w. y may be x.
  void (*rms_norm)(const float* x, const float* w, float* y, size_t m, size_t n, float eps);

  // y = (x - mean) * r * w + b for each of m rows of length n (any n): mean = Tree / n of the plain
  // sums of x[i] by i mod 16; variance likewise of fma(x[i] - mean, x[i] - mean, l[j]); r = 1 /
  // sqrt(variance + eps); y = fma((x - mean) * r, w, b). y may be x.
  struct LayerNormArgs {
    const float* x;  // [m, n]
    const float* w;  // [n]
    const float* b;  // [n]
    float* y;        // [m, n]
    size_t m, n;
    float eps;
  };
  void (*layer_norm)(const LayerNormArgs& args);

  // Rotates `heads` vectors of `head_dim` (half-split pairs (i, i + d/2)) in place by one
  // position's table: a' = fma(a, cos, -(b * sin)), b' = fma(b, cos, a * sin). cos, sin:
  // [rotary_dim / 2]; dimensions from rotary_dim on stay as they are (rotary_dim <= head_dim, pairs
  // are (i, i + rotary_dim/2)).
  struct RopeArgs {
    float* x;  // [heads, head_dim]
    size_t heads, head_dim, rotary_dim;
    const float* cos;
    const float* sin;
  };
  void (*rope)(const RopeArgs& args);

  // y[i] = gate / (1 + Exp(-gate)) * up, in that order of operations. y may be gate.
  void (*swiglu)(const float* gate, const float* up, float* y, size_t n);

  // y = h + h * Erf(x) as fma(h, Erf(x), h), h = 0.5 * x: GELU by the error function. y may be x.
  void (*gelu_erf)(const float* x, float* y, size_t n);

  // y[i] = 0 where x[i] < 0, else x[i]: NaN stays NaN, -0 stays -0. y may be x.
  void (*relu)(const float* x, float* y, size_t n);

  // One step of n simple recurrent units (SSRU, arXiv:1908.11365):
  //   f = 1 / (1 + Exp(-forget[i]));  cell[i] = fma(f, cell[i], (1 - f) * input[i]);  y[i] = relu
  struct SsruArgs {
    const float* forget;  // [n]
    const float* input;   // [n]
    float* cell;          // [n], overwritten
    float* y;             // [n]
    size_t n;
  };
  void (*ssru)(const SsruArgs& args);

  // y[r, i] = y[r, i] + b[i] for each of m rows of length n.
  void (*add_bias)(float* y, const float* b, size_t m, size_t n);

  // y[r, i] = Clamp(y[r, i] + b[i]) for each of m rows of length n, where Clamp(x) is low where
  // x < low, high where x > high, else x: NaN stays NaN. ReLU6 has the bounds 0 and 6.
  struct BiasClampArgs {
    float* y;        // [m, n]
    const float* b;  // [n]
    size_t m, n;
    float low, high;
  };
  void (*bias_clamp)(const BiasClampArgs& args);

  // A row of a depthwise convolution: per output column x and channel c
  //   acc = b[c]; for each kernel row ky and kernel column kx, in that order, whose input lies in
  //   the image:  acc = fma(rows[ky][x * stride + kx - pad, c], w[ky, kx, c], acc);  y = Clamp(acc)
  struct DepthwiseArgs {
    const float* const* rows;    // [kernel] -> [in_width, channels]; null: outside of the image
    const float* w;              // [kernel, kernel, channels]
    const float* b;              // [channels]
    float* y;                    // [out_width, channels]
    size_t kernel, stride, pad;  // pad: columns that the kernel hangs out on the left
    size_t in_width, out_width, channels;
    float low, high;
  };
  void (*depthwise)(const DepthwiseArgs& args);

  // GELU by its tanh approximation (arXiv:1606.08415), where 0.5 * (1 + tanh(z)) is taken as
  // 1 / (1 + e^-2z):  t = x * fma(x * x, kGeluCubic, kGeluLinear);  g = x / (1 + Exp(-t)).
  // gelu_tanh: y[i] = g(x[i]).  geglu_tanh: y[i] = g(gate[i]) * up[i].  y may be x or gate.
  void (*gelu_tanh)(const float* x, float* y, size_t n);
  void (*geglu_tanh)(const float* gate, const float* up, float* y, size_t n);

  // y[i] = x[i] * a.
  void (*scale)(const float* x, float a, float* y, size_t n);

  // Converts a token's key and value (f32, [d] each) to f16 and puts them at position `slot`
  // (0..31) of a block: keys [d][32], values [32][d].
  void (*store_kv)(const float* key, const float* value, size_t head_dim, size_t slot,
                   uint16_t* key_block, uint16_t* value_block);

  // Folds the segment's blocks, in order, into each row's state. Per row and block with a visible
  // key:
  //   s_j = fma over d = 0, 1, ... of q[d] * k[d][j], from 0
  //   b = max of the visible s_j that are not NaN (-infinity where all are), plus +0 so that a zero
  //   has one sign; if b > max: c = Exp(max - b), out[d] *= c, sum[l] *= c, max = b p_j = Exp(s_j -
  //   max) sum[j mod 16] += p_j for j = 0..31 in order;  out[d] = fma(p_j, v[j][d], out[d]) for j
  //   in order
  // Keys that are not visible are skipped: folded with p = 0 they could turn an out of -0 into +0,
  // so that a row's bits would depend on which rows share its tile. States start as out = 0, sum =
  // 0, max = -infinity.
  void (*attend)(const AttendArgs& args);

  // y[d] = out[d] / Tree(sum) for each of num_rows states.
  void (*attend_finish)(const float* const* states, float* const* y, size_t num_rows,
                        size_t head_dim);

  // Per row:
  //   s_j = fma over d = 0, 1, ... of q[d] * k[d][j], from 0; with a bias: s_j = s_j + bias[j]
  //   b = max of the s_j that are not NaN (-infinity where all are), plus +0; p_j = Exp(s_j - b)
  //   sum[j mod 16] += p_j for all j in order; out[d] = fma(p_j, v[j][d], out[d]) for j in order,
  //   from 0; y[d] = out[d] / Tree(sum)
  void (*attend_whole)(const AttendWholeArgs& args);

  // Turns scores s_j [num_rows, ld] into weights, in place. Per row:
  //   b = max of the s_j that are not NaN (-infinity where all are), plus +0;  p_j = Exp(s_j - b)
  //   sums[row] = Tree of the sums of p_j by j mod 16, in order of j
  // What lies behind num_keys, up to the next multiple of 16, becomes 0. num_keys > 0; ld is at
  // least that multiple.
  void (*weigh_keys)(float* scores, size_t ld, size_t num_rows, size_t num_keys, float* sums);

  // The largest of n > 0 values, plus +0 (NaN where one is NaN), and the sum over i of Exp(x[i] -
  // max) with 16 partial sums by i mod 16 and Tree.
  float (*max_value)(const float* x, size_t n);
  float (*sum_exp)(const float* x, size_t n, float max);
};

const KernelTable& ScalarTable();

}  // namespace rowmill::kernels
