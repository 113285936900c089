// Attention over keys that are all at hand, in f32, for encoders and encoder-decoders: of a text
// over itself, of a hypothesis over its source and over its own past. The arithmetic is the kernel
// attend_whole; here is who attends to what.
//
// What it is not: the attention of decoders over f16 segments (models/batch_attention.h).
//
// Shapes: H num_heads, d head_dim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernels.h"
#include "models/encoder.h"
#include "parallel/thread_team.h"

namespace rowmill {

// What a score gains by how far the key stands behind the query (T5, arXiv:1910.10683): one vector
// per head, from far before to far behind.
struct DistanceBias {
  size_t max_length = 0;      // of texts
  std::vector<float> values;  // [H, 2 * max_length - 1]: at k - q + max_length - 1; empty: none

  // Of keys 0, 1, ... for the query at `position`; that of the next query begins one before.
  const float* Of(size_t head, size_t position) const {
    if (values.empty()) return nullptr;
    return values.data() + head * (2 * max_length - 1) + max_length - 1 - position;
  }
};

// The keys of kernels::AttendWholeArgs lie in groups of so many: packed[ceil(num_keys /
// 16)][d][16].
inline constexpr size_t kKeyGroup = 16;
inline size_t PaddedKeys(size_t num_keys) {
  return (num_keys + kKeyGroup - 1) / kKeyGroup * kKeyGroup;
}
// Where the key's first element lies; the others follow kKeyGroup apart.
inline size_t PackedKeyOffset(size_t key, size_t head_dim) {
  return key / kKeyGroup * head_dim * kKeyGroup + key % kKeyGroup;
}
// Floats that the packed keys of so many positions take.
inline size_t PackedKeyFloats(size_t num_keys, size_t head_dim) {
  return PaddedKeys(num_keys) * head_dim;
}
// keys[num_keys, ldk] of one head into packed[ceil(num_keys / 16)][d][16], zeros behind the last.
struct KeysToPack {
  const float* keys;
  size_t ldk;
  size_t num_keys;
  size_t head_dim;
};
void PackKeys(const KeysToPack& from, float* packed);

// ws.attended = attention of every text of the batch over itself, of ws.q (scaled), ws.k and ws.v.
void AttendWithinTexts(const kernels::KernelTable& kernels, const EncoderShape& shape,
                       std::span<const uint32_t> lengths, const DistanceBias& bias,
                       EncoderWorkspace& ws, ThreadTeam& team);

}  // namespace rowmill
