#include "text/token_table.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "text/byte_hash.h"

namespace rowmill {

TokenTable::TokenTable(size_t num_tokens) : slots_(std::bit_ceil(2 * num_tokens + 2)) {
  entries_.reserve(num_tokens);
}

void TokenTable::Add(std::string_view bytes, std::string_view key) {
  CHECK(2 * (size() + 1) <= slots_.size());
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
  const size_t mask = slots_.size() - 1;
  size_t i = hash & mask;
  for (; slots_[i].id != kNoToken; i = (i + 1) & mask) {
    if (KeyOf(slots_[i].id) == key) return;
  }
  slots_[i] = {static_cast<uint32_t>(hash >> 32), id};
}

int32_t TokenTable::Find(std::string_view key) const {
  if (key.size() > max_key_bytes_) return kNoToken;
  const uint64_t hash = HashBytes(key.data(), key.size());
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask; slots_[i].id != kNoToken; i = (i + 1) & mask) {
    if (slots_[i].hash == static_cast<uint32_t>(hash >> 32) && KeyOf(slots_[i].id) == key) {
      return slots_[i].id;
    }
  }
  return kNoToken;
}

}  // namespace rowmill
