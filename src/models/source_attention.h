// Cross-attention of a decoder's tokens over sources that were encoded before: keys and values of
// all positions of a source as a segment of key blocks (f16, models/kv_cache.h), computed once and
// read by every token and every hypothesis about it. Tokens that stand side by side and read the
// same source do so in one kernel call. A token's numbers depend on its query and source alone.
//
// Shapes: T tokens, H num_heads, d head_dim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "models/kv_cache.h"
#include "parallel/thread_team.h"

namespace rowmill {

// A source's keys and values, of all decoder layers.
struct EncodedSource {
  KvSegment* keys_values = nullptr;
  uint32_t length = 0;  // positions
};

class SourceAttention {
 public:
  SourceAttention(size_t num_heads, size_t head_dim, size_t max_tokens);
  static size_t BytesFor(size_t num_heads, size_t head_dim, size_t max_tokens);

  // Who reads which source; used by all layers of a step. `sources`: [T].
  void Plan(std::span<const EncodedSource* const> sources, const float* queries, float* outputs);
  // outputs[T, H * d] = attention of queries[T, H * d], scaled by 1 / sqrt(d), over the sources.
  void Run(const kernels::KernelTable& kernels, ThreadTeam& team, size_t layer);

 private:
  struct Group {  // tokens of one source
    const EncodedSource* source;
    size_t begin;
    size_t count;
  };

  size_t num_heads_;
  size_t head_dim_;
  AlignedBuffer<float> states_;  // [T, H, d + kStateExtra]
  std::vector<Group> groups_;
  // Per head, one after another: [H][T].
  std::vector<const float*> queries_;
  std::vector<float*> state_rows_;
  std::vector<float*> outputs_;
  std::vector<uint32_t> visible_begin_;  // [T]
  std::vector<uint32_t> visible_end_;    // [T]
};

// Puts keys and values [length, H * d] of one layer into the source's segment.
struct SourceLayer {
  size_t layer;
  const float* keys;
  const float* values;
};
void StoreSource(const kernels::KernelTable& kernels, ThreadTeam& team, const SourceLayer& from,
                 const EncodedSource& source);

}  // namespace rowmill
