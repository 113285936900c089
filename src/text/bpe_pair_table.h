// The merges of a byte-level BPE vocabulary: pair of token ids -> rank and the token they become.
//
// Open addressing with linear probing, at most half full: one cache line for nearly every look-up,
// found or not (most are not). A table keyed by the pair of texts, as the format has them, would
// hash and compare strings in the innermost loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "text/bpe_merge.h"
#include "text/vocabulary.h"

namespace rowmill {

class BpePairTable {
 public:
  // Ranks are positions in `merges`. Rules whose result `vocabulary` calls a control token are left
  // out: no text may become one.
  explicit BpePairTable(const Vocabulary& vocabulary);

  // Negative ids have no rules.
  MergeTarget Find(int32_t left, int32_t right) const {
    const uint64_t key = Key(left, right);
    for (size_t i = Start(key);; i = (i + 1) & mask_) {
      const Slot& slot = slots_[i];
      if (slot.key == key) return {slot.rank, slot.result};
      if (slot.key == kEmpty) return {};
    }
  }

 private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};  // the pair (-1, -1), which has no rule
  struct Slot {
    uint64_t key = kEmpty;
    uint32_t rank = kNoRank;
    int32_t result = kNoToken;
  };

  static uint64_t Key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  size_t Start(uint64_t key) const {
    // Fibonacci hashing of both halves; the high bits are the mixed ones.
    return static_cast<size_t>((key ^ key >> 29) * 0x9E3779B97F4A7C15 >> shift_);
  }

  std::vector<Slot> slots_;
  size_t mask_ = 0;
  int shift_ = 0;
};

}  // namespace rowmill
