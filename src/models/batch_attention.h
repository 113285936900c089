// Attention of a ragged batch over shared and own keys. Rows that share a part of their past read
// it in one kernel call, so the shared prefix becomes a matrix product over all rows in flight
// (Hydragen, arXiv:2402.05099); each row's own keys follow in the same left-to-right fold. No masks
// are materialised: a row knows only up to which key it sees.
//
// Keys and values in f32 (the recipe f32, a reference) are gathered for each sequence instead, and
// each row takes one softmax over all that it sees, by the kernels of the encoders.
//
// Shapes: T tokens, H num_heads, K num_kv_heads, d head_dim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "models/token_batch.h"
#include "parallel/thread_team.h"

namespace rowmill {

struct AttentionShape {
  size_t num_heads = 0;
  size_t num_kv_heads = 0;
  size_t head_dim = 0;
  // In the layers that have a sliding window, a query sees this many keys, its own the last. 0: no
  // layer has one.
  uint32_t window = 0;
};

// How far back the queries of a layer see.
enum class AttentionReach : uint8_t { kAll, kWindow };

class BatchAttention {
 public:
  BatchAttention(const AttentionShape& shape, size_t max_tokens);
  static size_t BytesFor(const AttentionShape& shape, size_t max_tokens);
  // Besides, for each thread, where keys and values are f32.
  static size_t FloatBytesFor(size_t head_dim, size_t max_seq_len) {
    return (2 * head_dim + kernels::kAttendWholeRows + 1) * max_seq_len * sizeof(float);
  }

  // Prepares for a batch: who reads which part up to where. Once per step, used by all layers.
  void Plan(const TokenBatch& batch, const float* queries, float* outputs);

  // From now on only these tokens ask, [Q] of them, ascending: row r of queries and outputs is that
  // of tokens[r]. For the last layer, whose other rows nobody reads.
  void KeepQueries(std::span<const uint32_t> tokens);

  // The position of each of the batch's tokens, [T].
  const std::vector<uint32_t>& positions() const { return positions_; }
  // The position of each row of queries, [Q].
  const std::vector<uint32_t>& query_positions() const { return query_positions_; }

  // Stores layer `layer`'s keys and values [T, K * d] of the batch's tokens into their sequences.
  void StoreKeyValues(const kernels::KernelTable& kernels, ThreadTeam& team, size_t layer,
                      const float* keys, const float* values);
  // outputs[Q, H * d] = attention of queries[Q, H * d], which are already scaled by 1 / sqrt(d).
  void Run(const kernels::KernelTable& kernels, ThreadTeam& team, size_t layer,
           AttentionReach reach = AttentionReach::kAll);

 private:
  // The tokens that read the same part, in batch order.
  struct Group {
    const KvSegment* segment;
    size_t num_blocks;
    size_t level;      // how many parts come before it in a row's past
    size_t row_begin;  // in rows_; rows_ are (token, head of the group) pairs
    size_t num_rows;
    size_t window_block;  // the first block that a row sees through its window
  };
  // Of a thread: a sequence's keys and values one behind the other, and what its rows need.
  struct WholeScratch {
    std::vector<float> keys;     // [ceil(length / 16), d, 16]
    std::vector<float> values;   // [length, d]
    std::vector<float> weights;  // of kernels::AttendWholeArgs
    std::vector<float> bias;     // -infinity in front of the window
  };
  void StoreFloats(size_t sequence, size_t layer, const float* keys, const float* values) const;
  void RunFloats(const kernels::KernelTable& kernels, ThreadTeam& team, size_t layer,
                 AttentionReach reach);
  void AttendSequence(const kernels::KernelTable& kernels, const SequenceSpan& span,
                      std::pair<size_t, size_t> layer_and_head, AttentionReach reach,
                      WholeScratch& scratch);

  void BuildGroups();
  void AddGroup(const KvSegment* segment, size_t num_blocks, size_t level,
                const std::vector<uint32_t>& tokens, uint32_t first_position);

  AttentionShape shape_;
  const TokenBatch* batch_ = nullptr;
  AlignedBuffer<float> states_;      // [T, H, d + kStateExtra]
  std::vector<uint32_t> positions_;  // [T]
  std::vector<uint32_t> query_row_;  // [T]  the token's row of queries, or kNoRow
  // [Q], where Q is T unless KeepQueries was called
  std::vector<uint32_t> query_positions_;
  std::vector<Group> groups_;  // by level: shared parts first, the own part last
  // Per key/value head, the rows of all groups one after another: [K][num rows].
  std::vector<std::vector<const float*>> row_queries_;
  std::vector<std::vector<float*>> row_states_;
  // visible_begin and visible_end of AttendArgs, the same for all heads.
  std::vector<uint32_t> row_begin_;
  std::vector<uint32_t> row_end_;
  // The same through the window, counted from the group's window_block; empty without one.
  std::vector<uint32_t> window_begin_;
  std::vector<uint32_t> window_end_;
  std::vector<WholeScratch> scratch_;  // per thread; empty unless keys are f32
  const float* queries_ = nullptr;
  float* outputs_ = nullptr;
};

}  // namespace rowmill
