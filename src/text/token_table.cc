#include "text/token_table.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "text/byte_hash.h"

namespace rowmill {
namespace {

constexpr size_t kShortKeyBytes = 8;

uint64_t SlotWord(std::string_view key, uint64_t hash) {
  return key.size() <= kShortKeyBytes ? TailWord(key.data(), key.size()) : hash;
}

}  // namespace

TokenTable::TokenTable(size_t num_tokens)
    : slots_(std::bit_ceil(std::max<size_t>(2 * num_tokens, 2))) {
  entries_.reserve(num_tokens);
}

void TokenTable::Add(std::string_view bytes, std::string_view key) {
  CHECK(2 * (size() + 1) <= slots_.size());  // so that a probe ends
  CHECK(bytes.size() <= kMaxBytes && key.size() <= kMaxBytes &&
        bytes_.size() + bytes.size() + key.size() <= kMaxBytes);
  const int32_t id = static_cast<int32_t>(size());
  Entry entry;
  entry.begin = entry.key_begin = static_cast<uint32_t>(bytes_.size());
  entry.size = static_cast<uint32_t>(bytes.size());
  entry.key_size = static_cast<uint32_t>(key.size());
  bytes_.append(bytes);
  if (key != bytes) {
    entry.key_begin = static_cast<uint32_t>(bytes_.size());
    bytes_.append(key);
  }
  entries_.push_back(entry);
  if (key.empty()) return;

  max_key_bytes_ = std::max(max_key_bytes_, key.size());
  const uint64_t hash = HashBytes(key.data(), key.size());
  const uint64_t word = SlotWord(key, hash);
  Slot& slot = slots_[FindSlot(key, hash, word)];
  if (slot.id == kNoToken) slot = {word, entry.key_size, id};
}

int32_t TokenTable::Find(std::string_view key) const {
  if (key.size() > max_key_bytes_) return kNoToken;
  const uint64_t hash = HashBytes(key.data(), key.size());
  return slots_[FindSlot(key, hash, SlotWord(key, hash))].id;
}

size_t TokenTable::FindSlot(std::string_view key, uint64_t hash, uint64_t word) const {
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.id == kNoToken) return i;
    if (slot.word != word || slot.key_size != key.size()) continue;
    if (key.size() <= kShortKeyBytes || KeyOf(slot.id) == key) return i;
  }
}

}  // namespace rowmill
