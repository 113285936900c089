// Remembers the token ids of short pieces of text. Words repeat: on prose more than nine pieces of
// ten are found here, and a hit costs one cache line instead of a merge.
//
// What it is not: not shared. Each caller owns one (inside its TokenizerScratch), so there is no
// lock and no line that cores pass around. It never changes a result.
//
// Direct mapped: a new piece overwrites whatever hashed to its place. Memory is fixed, and hostile
// text can only cost misses. Pieces of more than 24 bytes or 9 ids are not kept; a slot is exactly
// one cache line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "text/byte_hash.h"

namespace rowmill {

class PieceCache {
 public:
  static constexpr size_t kMaxPieceBytes = 24;
  static constexpr size_t kMaxIds = 9;
  static constexpr size_t kNumSlots = size_t{1} << 15;  // 2 MiB

  struct Key {
    uint64_t words[3];  // the bytes, padded with zeros
    uint32_t size;
    uint32_t slot;
  };

  // `bytes` is followed by at least kMaxPieceBytes readable bytes, whatever they are;
  // 1 <= size <= kMaxPieceBytes.
  static Key MakeKey(const char* bytes, size_t size) {
    Key key;
    std::memcpy(key.words, bytes, sizeof(key.words));
    key.words[0] &= Mask(size);
    key.words[1] &= Mask(size > 8 ? size - 8 : 0);
    key.words[2] &= Mask(size > 16 ? size - 16 : 0);
    key.size = static_cast<uint32_t>(size);
    const uint64_t hash = FoldedMultiply(key.words[0] ^ 0x9E3779B97F4A7C15, 0xE7037ED1A0B428DB) ^
                          FoldedMultiply(key.words[1] ^ size, key.words[2] ^ 0x8EBC6AF09C88C6E3);
    key.slot = static_cast<uint32_t>(hash >> 40 & (kNumSlots - 1));
    return key;
  }

  // The ids of the piece, which is never without any, or an empty span.
  std::span<const int32_t> Find(const Key& key) const {
    if (slots_.empty()) return {};
    const Slot& slot = slots_[key.slot];
    if (slot.size != key.size || std::memcmp(slot.words, key.words, sizeof(key.words)) != 0) {
      return {};
    }
    return {slot.ids, slot.num_ids};
  }

  // Keeps 1 to kMaxIds ids; others are silently not kept.
  void Insert(const Key& key, std::span<const int32_t> ids) {
    if (ids.empty() || ids.size() > kMaxIds) return;
    if (slots_.empty()) slots_.resize(kNumSlots);
    Slot& slot = slots_[key.slot];
    std::memcpy(slot.words, key.words, sizeof(key.words));
    slot.size = static_cast<uint8_t>(key.size);
    slot.num_ids = static_cast<uint8_t>(ids.size());
    std::memcpy(slot.ids, ids.data(), ids.size_bytes());
  }

  void Clear() { slots_.clear(); }

 private:
  struct alignas(64) Slot {
    uint64_t words[3] = {};
    uint8_t size = 0;  // 0 where the slot is empty
    uint8_t num_ids = 0;
    int32_t ids[kMaxIds] = {};
  };
  static_assert(sizeof(Slot) == 64);

  // The low `size` bytes of a word, all of them from 8 on.
  static uint64_t Mask(size_t size) {
    return size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * size)) - 1;
  }

  std::vector<Slot> slots_;  // allocated with the first piece
};

}  // namespace rowmill
