#include "models/kv_cache.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace rowmill {
namespace {

// 1, 2, 3, 4, 6, 8, 12, 16, 24, ...: at most a third is wasted, and few sizes exist to be reused.
size_t RoundUpCapacity(size_t blocks) {
  size_t power = 1;
  while (power < blocks) {
    if (power >= 2 && power + power / 2 >= blocks) return power + power / 2;
    power *= 2;
  }
  return power;
}

}  // namespace

KvSegment::KvSegment(const KvShape& shape, size_t capacity_blocks)
    : shape_(shape),
      capacity_blocks_(capacity_blocks),
      memory_(capacity_blocks * shape.block_bytes()) {}

void KvSegment::CopyBlock(const KvSegment& from, size_t from_block, size_t to_block) {
  CHECK(from.shape_ == shape_ && from_block < from.capacity_blocks_ && to_block < capacity_blocks_);
  const size_t block_bytes = shape_.head_block_bytes();
  for (size_t layer = 0; layer < shape_.num_layers; ++layer) {
    for (size_t head = 0; head < shape_.num_kv_heads; ++head) {
      std::byte* to_keys = memory_.data() + HeadOffset(layer, head) + to_block * block_bytes;
      const std::byte* from_keys =
          from.memory_.data() + from.HeadOffset(layer, head) + from_block * block_bytes;
      std::memcpy(to_keys, from_keys, block_bytes);
      std::memcpy(to_keys + HeadBytes(), from_keys + from.HeadBytes(), block_bytes);
    }
  }
}

void KvSegment::Clear() { std::memset(memory_.data(), 0, memory_.size() * sizeof(uint16_t)); }

KvSequence ForkSequence(const KvSequence& parent, uint32_t length, KvSegment* own) {
  CHECK(length <= parent.length && own != nullptr);
  constexpr uint32_t kBlock = kernels::kKeyBlock;
  const uint32_t whole = length / kBlock * kBlock;
  KvSequence child;
  child.shared_length = whole;
  child.length = length;
  child.own = own;
  uint32_t covered = 0;
  for (const KvPart& part : parent.shared) {
    const uint32_t blocks = std::min(part.num_blocks, (whole - covered) / kBlock);
    if (blocks > 0) child.shared.push_back({part.segment, blocks});
    covered += blocks * kBlock;
  }
  if (whole > covered) child.shared.push_back({parent.own, (whole - covered) / kBlock});
  if (length == whole) return child;
  // The positions after the last whole block are copied, not recomputed. The whole block is taken;
  // what lies in it beyond `length` is masked until the child overwrites it.
  uint32_t begin = 0;
  for (const KvPart& part : parent.shared) {
    if (whole < begin + part.num_blocks * kBlock) {
      own->CopyBlock(*part.segment, (whole - begin) / kBlock, 0);
      return child;
    }
    begin += part.num_blocks * kBlock;
  }
  own->CopyBlock(*parent.own, (whole - parent.shared_length) / kBlock, 0);
  return child;
}

KvSegment* KvPool::Acquire(size_t num_positions) {
  const size_t blocks = RoundUpCapacity(std::max<size_t>(1, BlocksFor(num_positions)));
  // Room for all segments to come back: Release is called while errors are handled, among them
  // that there is no memory, and must need none.
  const size_t num_segments = free_.size() + in_use_.size() + 1;
  if (free_.capacity() < num_segments) free_.reserve(2 * num_segments);
  // The smallest free segment that fits, unless it would waste more than half of itself.
  auto best = free_.end();
  for (auto it = free_.begin(); it != free_.end(); ++it) {
    const size_t capacity = (*it)->capacity_blocks();
    if (capacity < blocks || capacity > 2 * blocks) continue;
    if (best == free_.end() || capacity < (*best)->capacity_blocks()) best = it;
  }
  if (best != free_.end()) {
    in_use_.push_back(std::move(*best));
    free_.erase(best);
  } else {
    in_use_.push_back(std::make_unique<KvSegment>(shape_, blocks));
    bytes_ += blocks * shape_.block_bytes();
  }
  return in_use_.back().get();
}

void KvPool::Release(KvSegment* segment) {
  const auto it = std::find_if(in_use_.begin(), in_use_.end(),
                               [&](const auto& owned) { return owned.get() == segment; });
  CHECK(it != in_use_.end());
  free_.push_back(std::move(*it));
  in_use_.erase(it);
}

size_t KvPool::BytesFor(const KvShape& shape, size_t num_positions) {
  return RoundUpCapacity(std::max<size_t>(1, BlocksFor(num_positions))) * shape.block_bytes();
}

void KvPool::Trim() {
  for (const auto& segment : free_) bytes_ -= segment->capacity_blocks() * shape_.block_bytes();
  free_.clear();
}

}  // namespace rowmill
