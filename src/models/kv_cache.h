// Keys and values of past positions, as segments of whole key blocks (32 positions each), f16, or
// f32 in the recipe of that name.
//
// A sequence sees a chain of shared parts, immutable and possibly used by thousands of rows, and
// then its own segment, to which it appends. The shared parts cover whole blocks from position 0
// on; the own segment starts at the block boundary where they end. Tokens of a shared prefix after
// its last whole block are copied into the own segment. So attention, which folds blocks of fixed
// absolute positions from left to right, does the very same operations whether a block is shared or
// not (design, section 4.1).
//
// Shapes: L num_layers, K num_kv_heads, d head_dim, B blocks of 32 positions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/check.h"
#include "kernels/kernels.h"

namespace rowmill {

enum class KvType : uint8_t { kF16, kF32 };

struct KvShape {
  size_t num_layers = 0;
  size_t num_kv_heads = 0;
  size_t head_dim = 0;
  KvType type = KvType::kF16;

  size_t element_bytes() const { return type == KvType::kF32 ? sizeof(float) : sizeof(uint16_t); }
  // Of one head's keys, or values, in one key block.
  size_t head_block_bytes() const { return head_dim * kernels::kKeyBlock * element_bytes(); }
  // Of one key block over all layers and heads, keys and values.
  size_t block_bytes() const { return num_layers * num_kv_heads * 2 * head_block_bytes(); }
  bool operator==(const KvShape&) const = default;
};

inline size_t BlocksFor(size_t num_positions) {
  return (num_positions + kernels::kKeyBlock - 1) / kernels::kKeyBlock;
}

// Memory for `capacity_blocks` blocks, zeroed (masked keys must be finite). Layer-major, then head,
// so that one head's blocks lie together. As the kernels read them: f16 keys [L, K, B, d, 32], f32
// keys [L, K, 2 B, d, 16]; values [L, K, B, 32, d].
class KvSegment {
 public:
  KvSegment(const KvShape& shape, size_t capacity_blocks);

  const KvShape& shape() const { return shape_; }
  size_t capacity_blocks() const { return capacity_blocks_; }
  // T is uint16_t or float, as the shape's type says.
  template <typename T>
  T* keys(size_t layer, size_t kv_head) {
    return reinterpret_cast<T*>(CheckedMemory<T>() + HeadOffset(layer, kv_head));
  }
  template <typename T>
  T* values(size_t layer, size_t kv_head) {
    return reinterpret_cast<T*>(CheckedMemory<T>() + HeadOffset(layer, kv_head) + HeadBytes());
  }
  template <typename T>
  const T* keys(size_t layer, size_t kv_head) const {
    return const_cast<KvSegment*>(this)->keys<T>(layer, kv_head);
  }
  template <typename T>
  const T* values(size_t layer, size_t kv_head) const {
    return const_cast<KvSegment*>(this)->values<T>(layer, kv_head);
  }
  // Copies block `from_block` of `from`, all layers and heads, to block `to_block` of this segment.
  void CopyBlock(const KvSegment& from, size_t from_block, size_t to_block);
  // Zeroes everything: after a row with numbers that are not finite, so that the slab can be used
  // again.
  void Clear();

 private:
  template <typename T>
  std::byte* CheckedMemory() {
    DCHECK(sizeof(T) == shape_.element_bytes());
    return memory_.data();
  }
  size_t HeadBytes() const { return shape_.head_block_bytes() * capacity_blocks_; }
  size_t HeadOffset(size_t layer, size_t kv_head) const {
    return (layer * shape_.num_kv_heads + kv_head) * 2 * HeadBytes();
  }

  KvShape shape_;
  size_t capacity_blocks_;
  AlignedBuffer<std::byte> memory_;
};

// The first `num_blocks` blocks of a segment that somebody else keeps alive.
struct KvPart {
  const KvSegment* segment = nullptr;
  uint32_t num_blocks = 0;
};

// What one sequence has seen so far.
struct KvSequence {
  std::vector<KvPart> shared;  // whole blocks from position 0
  uint32_t shared_length = 0;  // positions in `shared`, a multiple of 32
  KvSegment* own = nullptr;    // positions from shared_length on
  uint32_t length = 0;         // positions so far, shared and own; Forward appends

  uint32_t own_length() const { return length - shared_length; }
  // How many positions fit.
  uint32_t capacity() const {
    return shared_length +
           (own == nullptr ? 0
                           : static_cast<uint32_t>(own->capacity_blocks() * kernels::kKeyBlock));
  }
};

// Makes `child` continue `parent` at `length` positions (at most the parent's): whole blocks are
// shared, the rest of the last block is copied into `own`, which must have room for at least one
// block.
KvSequence ForkSequence(const KvSequence& parent, uint32_t length, KvSegment* own);

// Segments for the rows of one execution unit, reused as rows come and go. Not thread-safe: each
// unit has its own.
class KvPool {
 public:
  explicit KvPool(const KvShape& shape) : shape_(shape) {}
  // A segment with room for at least `num_positions`. Capacities are rounded up to 1, 2, 3, 4, 6,
  // 8, 12, ... blocks, so that a freed segment fits the next row of about the same length.
  KvSegment* Acquire(size_t num_positions);
  void Release(KvSegment* segment);
  // Memory of all segments, free or in use.
  size_t bytes() const { return bytes_; }
  // What Acquire(num_positions) would take at most.
  static size_t BytesFor(const KvShape& shape, size_t num_positions);
  // Frees the segments that nobody uses.
  void Trim();

 private:
  KvShape shape_;
  size_t bytes_ = 0;
  std::vector<std::unique_ptr<KvSegment>> in_use_;
  std::vector<std::unique_ptr<KvSegment>> free_;
};

}  // namespace rowmill
