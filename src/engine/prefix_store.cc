#include "engine/prefix_store.h"

#include <algorithm>

#include "base/check.h"

namespace rowmill {

PrefixStore::PrefixStore(std::vector<Node> nodes, TokenReader read, const KvShape& shape,
                         size_t max_bytes)
    : nodes_(std::move(nodes)), read_(std::move(read)), shape_(shape), max_bytes_(max_bytes) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    CHECK(nodes_[i].parent == kNoNode ||
          (nodes_[i].parent < nodes_.size() && nodes_[i].length > nodes_[nodes_[i].parent].length));
  }
}

std::shared_ptr<const PrefixEntry> PrefixStore::Get(uint32_t node, Compute compute) {
  CHECK(node < nodes_.size());
  std::vector<uint32_t> path;  // from the node up to its root
  for (uint32_t at = node; at != kNoNode; at = nodes_[at].parent) path.push_back(at);
  std::shared_ptr<const PrefixEntry> entry;
  for (auto it = path.rbegin(); it != path.rend(); ++it) entry = GetOne(*it, entry, compute);
  return entry;
}

std::shared_ptr<const PrefixEntry> PrefixStore::GetOne(uint32_t node,
                                                       std::shared_ptr<const PrefixEntry> parent,
                                                       Compute compute) {
  {
    std::unique_lock lock(mutex_);
    Slot& slot = slots_[node];
    // Another unit is at it: waiting is cheaper than computing it twice, and the memory is there
    // once.
    published_.wait(lock, [&] { return !slot.computing; });
    slot.last_use = ++clock_;
    if (slot.entry != nullptr) return slot.entry;
    slot.computing = true;
  }
  auto entry = std::make_shared<PrefixEntry>();
  const uint32_t length = nodes_[node].length;
  const uint32_t parent_length = parent == nullptr ? 0 : parent->kv.length;
  try {
    const uint32_t base = parent_length / kernels::kKeyBlock * kernels::kKeyBlock;
    entry->segment = std::make_unique<KvSegment>(shape_, BlocksFor(length - base));
    if (parent == nullptr) {
      entry->kv.own = entry->segment.get();
    } else {
      entry->kv = ForkSequence(parent->kv, parent_length, entry->segment.get());
      entry->parent = parent;
    }
    std::vector<int32_t> tokens;
    read_(nodes_[node].example_row, length, tokens);
    CHECK(tokens.size() == length);
    compute(std::span<const int32_t>(tokens).subspan(parent_length), entry->kv);
    CHECK(entry->kv.length == length);
  } catch (...) {
    std::lock_guard lock(mutex_);
    slots_[node].computing = false;
    published_.notify_all();
    throw;
  }
  std::lock_guard lock(mutex_);
  Slot& slot = slots_[node];
  slot.computing = false;
  slot.entry = entry;
  bytes_ += entry->segment->capacity_blocks() * shape_.block_bytes();
  peak_bytes_ = std::max(peak_bytes_, bytes_);
  computed_tokens_ += length - parent_length;
  Evict();
  published_.notify_all();
  return entry;
}

// Called with the lock held. Entries that rows or children still use stay alive through their
// shared pointers and are counted until the last of them goes, so they are not dropped here.
void PrefixStore::Evict() {
  while (bytes_ > max_bytes_) {
    uint32_t victim = kNoNode;
    for (const auto& [node, slot] : slots_) {
      if (slot.entry == nullptr || slot.computing || slot.entry.use_count() > 1) continue;
      if (victim == kNoNode || slot.last_use < slots_[victim].last_use) victim = node;
    }
    if (victim == kNoNode) return;
    Slot& slot = slots_[victim];
    bytes_ -= slot.entry->segment->capacity_blocks() * shape_.block_bytes();
    slot.entry = nullptr;
  }
}

uint64_t PrefixStore::computed_tokens() const {
  std::lock_guard lock(mutex_);
  return computed_tokens_;
}

size_t PrefixStore::peak_bytes() const {
  std::lock_guard lock(mutex_);
  return peak_bytes_;
}

}  // namespace rowmill
