#include "recipe/free_kernels.h"

#include <immintrin.h>

namespace rowmill::kernels {
namespace {

constexpr size_t kMostDimensions = 256;
constexpr size_t kTileRows = 12;

// 2^f for |f| <= 1/2 by the series of e^(f ln 2), and 2^n by VSCALEFPS, which clamps by itself.
inline __m512 FastExp(__m512 x) {
  const __m512 t = _mm512_mul_ps(x, _mm512_set1_ps(0x1.715476p+0f));
  const __m512 n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 f = _mm512_sub_ps(t, n);
  __m512 p = _mm512_set1_ps(1.3333558e-3f);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.6181291e-3f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.5504109e-2f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.4022651e-1f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.9314718e-1f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
  return _mm512_scalef_ps(p, n);
}

inline __m512 Reciprocal(__m512 x) {
  const __m512 y = _mm512_rcp14_ps(x);
  return _mm512_mul_ps(y, _mm512_fnmadd_ps(x, y, _mm512_set1_ps(2.0f)));
}

// Two times 16 floats as 32 bf16 in order: pairs of neighbours are what VDPBF16PS multiplies.
inline __m512i ToPairs(__m512 first, __m512 second) {
  return (__m512i)_mm512_cvtne2ps_pbh(second, first);
}

inline __m512 Dot(__m512 sum, __m512i pairs, uint32_t pair) {
  return _mm512_dpbf16_ps(sum, (__m512bh)pairs,
                          (__m512bh)_mm512_set1_epi32(static_cast<int32_t>(pair)));
}

inline uint16_t ToBf16(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, 4);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// keys [d/2][32][2], values [16][d][2]
void StoreKv(const float* key, const float* value, size_t head_dim, size_t slot,
             uint16_t* key_block, uint16_t* value_block) {
  for (size_t i = 0; i < head_dim; ++i) {
    key_block[(i / 2 * kKeyBlock + slot) * 2 + i % 2] = ToBf16(key[i]);
    value_block[(slot / 2 * head_dim + i) * 2 + slot % 2] = ToBf16(value[i]);
  }
}

template <size_t kRows>
struct Tile {
  float* states[kRows];
  alignas(64) uint32_t queries[kRows][kMostDimensions / 2];  // pairs of bf16
  alignas(64) uint32_t weights[kRows][kKeyBlock / 2];        // likewise
  uint32_t visible[kRows];                                   // a bit for each key of the block
};

template <size_t kRows>
void Score(const Tile<kRows>& tile, const uint16_t* keys, size_t head_dim, __m512 (*scores)[2]) {
  __m512 sums[kRows][2];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  for (size_t pair = 0; pair < head_dim / 2; ++pair) {
    const __m512i low = _mm512_loadu_si512(keys + pair * 64);
    const __m512i high = _mm512_loadu_si512(keys + pair * 64 + 32);
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) {
      sums[r][0] = Dot(sums[r][0], low, tile.queries[r][pair]);
      sums[r][1] = Dot(sums[r][1], high, tile.queries[r][pair]);
    }
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
    scores[r][0] = sums[r][0];
    scores[r][1] = sums[r][1];
  }
}

inline __m512i Weigh(const __m512* scores, uint32_t visible, float* state, size_t head_dim) {
  const __m512 nothing = _mm512_set1_ps(-__builtin_inff());
  const auto low_lanes = static_cast<__mmask16>(visible);
  const auto high_lanes = static_cast<__mmask16>(visible >> 16);
  const __m512 low = _mm512_mask_mov_ps(nothing, low_lanes, scores[0]);
  const __m512 high = _mm512_mask_mov_ps(nothing, high_lanes, scores[1]);
  float* sum = state + head_dim;
  float* max = sum + 16;
  const float block_max = _mm512_reduce_max_ps(_mm512_max_ps(low, high));
  __m512 sums = _mm512_loadu_ps(sum);
  if (block_max > *max) {
    const __m512 c = FastExp(_mm512_set1_ps(*max - block_max));
    for (size_t i = 0; i < head_dim; i += 16) {
      _mm512_storeu_ps(state + i, _mm512_mul_ps(_mm512_loadu_ps(state + i), c));
    }
    sums = _mm512_mul_ps(sums, c);
    *max = block_max;
  }
  const __m512 maximum = _mm512_set1_ps(*max);
  const __m512 p = _mm512_maskz_mov_ps(low_lanes, FastExp(_mm512_sub_ps(low, maximum)));
  const __m512 q = _mm512_maskz_mov_ps(high_lanes, FastExp(_mm512_sub_ps(high, maximum)));
  _mm512_storeu_ps(sum, _mm512_add_ps(sums, _mm512_add_ps(p, q)));
  return ToPairs(p, q);
}

template <size_t kRows, size_t kVectors>
void Fold(const Tile<kRows>& tile, const uint16_t* values, size_t head_dim, size_t i) {
  __m512 out[kRows][kVectors];
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) out[r][v] = _mm512_loadu_ps(tile.states[r] + i + 16 * v);
  }
  for (size_t pair = 0; pair < kKeyBlock / 2; ++pair) {
    __m512i value[kVectors];
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) {
      value[v] = _mm512_loadu_si512(values + (pair * head_dim + i + 16 * v) * 2);
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (size_t v = 0; v < kVectors; ++v) {
        out[r][v] = Dot(out[r][v], value[v], tile.weights[r][pair]);
      }
    }
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (size_t v = 0; v < kVectors; ++v) _mm512_storeu_ps(tile.states[r] + i + 16 * v, out[r][v]);
  }
}

inline uint32_t VisibleKeys(const AttendArgs& args, size_t row, size_t first) {
  const size_t begin = args.visible_begin[row] > first ? args.visible_begin[row] - first : 0;
  if (args.visible_end[row] <= first) return 0;
  const size_t left = args.visible_end[row] - first;
  const size_t end = left < kKeyBlock ? left : kKeyBlock;
  if (begin >= end) return 0;
  return static_cast<uint32_t>((uint64_t{1} << end) - 1) &
         ~static_cast<uint32_t>((uint64_t{1} << begin) - 1);
}

template <size_t kRows>
void AttendRows(const AttendArgs& args, size_t row_begin) {
  constexpr size_t kVectors = kRows <= 4 ? 4 : kRows <= 8 ? 2 : 1;
  const size_t d = args.head_dim;
  Tile<kRows> tile;
  for (size_t r = 0; r < kRows; ++r) {
    tile.states[r] = args.states[row_begin + r];
    const float* query = args.queries[row_begin + r];
    for (size_t i = 0; i < d; i += 32) {
      const __m512 second = i + 16 < d ? _mm512_loadu_ps(query + i + 16) : _mm512_setzero_ps();
      _mm512_store_si512(tile.queries[r] + i / 2, ToPairs(_mm512_loadu_ps(query + i), second));
    }
  }
  for (size_t block = 0; block < args.num_blocks; ++block) {
    uint32_t any = 0;
    for (size_t r = 0; r < kRows; ++r) {
      tile.visible[r] = VisibleKeys(args, row_begin + r, block * kKeyBlock);
      any |= tile.visible[r];
    }
    if (any == 0) continue;
    __m512 scores[kRows][2];
    Score<kRows>(tile, args.keys + block * kKeyBlock * d, d, scores);
    for (size_t r = 0; r < kRows; ++r) {
      const __m512i pairs = tile.visible[r] == 0
                                ? _mm512_setzero_si512()
                                : Weigh(scores[r], tile.visible[r], tile.states[r], d);
      _mm512_store_si512(tile.weights[r], pairs);
    }
    const uint16_t* values = args.values + block * kKeyBlock * d;
    size_t i = 0;
    for (; i + 16 * kVectors <= d; i += 16 * kVectors) Fold<kRows, kVectors>(tile, values, d, i);
    for (; i < d; i += 16) Fold<kRows, 1>(tile, values, d, i);
  }
}

template <size_t kRows>
void AttendFrom(const AttendArgs& args, size_t& row) {
  for (; args.num_rows - row >= kRows; row += kRows) AttendRows<kRows>(args, row);
}

void Attend(const AttendArgs& args) {
  if (args.head_dim > kMostDimensions) __builtin_trap();
  size_t row = 0;
  AttendFrom<kTileRows>(args, row);
  AttendFrom<8>(args, row);
  AttendFrom<6>(args, row);
  AttendFrom<4>(args, row);
  AttendFrom<3>(args, row);
  AttendFrom<2>(args, row);
  AttendFrom<1>(args, row);
}

inline __mmask16 LanesLeft(size_t left) {
  return static_cast<__mmask16>(left >= 16 ? 0xffff : (1u << left) - 1);
}

void SwiGlu(const float* gate, const float* up, float* y, size_t n) {
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = LanesLeft(n - i);
    const __m512 g = _mm512_maskz_loadu_ps(lanes, gate + i);
    const __m512 u = _mm512_maskz_loadu_ps(lanes, up + i);
    const __m512 e = FastExp(_mm512_sub_ps(_mm512_setzero_ps(), g));
    const __m512 r = Reciprocal(_mm512_add_ps(_mm512_set1_ps(1.0f), e));
    _mm512_mask_storeu_ps(y + i, lanes, _mm512_mul_ps(_mm512_mul_ps(g, u), r));
  }
}

float SumExp(const float* x, size_t n, float max) {
  __m512 sums = _mm512_setzero_ps();
  for (size_t i = 0; i < n; i += 16) {
    const __mmask16 lanes = LanesLeft(n - i);
    const __m512 v = _mm512_maskz_loadu_ps(lanes, x + i);
    sums = _mm512_mask_add_ps(sums, lanes, sums, FastExp(_mm512_sub_ps(v, _mm512_set1_ps(max))));
  }
  return _mm512_reduce_add_ps(sums);
}

void RmsNorm(const float* x, const float* w, float* y, size_t m, size_t n, float eps) {
  for (size_t row = 0; row < m; ++row, x += n, y += n) {
    __m512 sums[4];
    for (__m512& sum : sums) sum = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
      const __m512 v = _mm512_maskz_loadu_ps(LanesLeft(n - i), x + i);
      sums[i / 16 % 4] = _mm512_fmadd_ps(v, v, sums[i / 16 % 4]);
    }
    const __m512 sum =
        _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
    const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / static_cast<float>(n) + eps);
    __m512 inverse = _mm512_rsqrt14_ps(mean);
    const __m512 half = _mm512_mul_ps(_mm512_set1_ps(0.5f), mean);
    inverse = _mm512_mul_ps(
        inverse, _mm512_fnmadd_ps(_mm512_mul_ps(half, inverse), inverse, _mm512_set1_ps(1.5f)));
    for (size_t i = 0; i < n; i += 16) {
      const __mmask16 lanes = LanesLeft(n - i);
      const __m512 scaled = _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + i), inverse);
      _mm512_mask_storeu_ps(y + i, lanes,
                            _mm512_mul_ps(scaled, _mm512_maskz_loadu_ps(lanes, w + i)));
    }
  }
}

void QuantizeRows(const float* x, size_t m, size_t k, const QuantizedRows& rows) {
  const __m512i ones = _mm512_set1_epi8(1);
  for (size_t b = 0; b < m * k / kBlockK; ++b, x += kBlockK) {
    const __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
    const float largest =
        _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
    const float amax = largest < 1e-30f ? 1e-30f : largest;
    rows.scales[b] = amax * (1.0f / 127.0f);
    const __m512 inverse = _mm512_mul_ps(_mm512_set1_ps(127.0f), Reciprocal(_mm512_set1_ps(amax)));
    const __m128i codes_low =
        _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(low, inverse)));
    const __m128i codes_high =
        _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(_mm512_mul_ps(high, inverse)));
    const __m256i codes = _mm256_set_m128i(codes_high, codes_low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(rows.codes + b * kBlockK), codes);
    const __m256i fours =
        _mm256_dpbusd_epi32(_mm256_setzero_si256(), _mm512_castsi512_si256(ones), codes);
    const __m256i twos = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0x4e));
    const __m256i sums = _mm256_add_epi32(twos, _mm256_shuffle_epi32(twos, 0xb1));
    rows.sums[2 * b] = static_cast<int16_t>(_mm256_extract_epi32(sums, 0));
    rows.sums[2 * b + 1] = static_cast<int16_t>(_mm256_extract_epi32(sums, 4));
  }
}

}  // namespace

KernelTable FreeTable(const KernelTable& base) {
  KernelTable table = base;
  table.name = "free";
  table.description = "bound to no recipe, for measuring alone";
  table.store_kv = StoreKv;
  table.attend = Attend;
  table.swiglu = SwiGlu;
  table.sum_exp = SumExp;
  table.rms_norm = RmsNorm;
  table.quantize_rows = QuantizeRows;
  return table;
}

}  // namespace rowmill::kernels
