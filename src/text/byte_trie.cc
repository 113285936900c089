#include "text/byte_trie.h"

#include <bit>

#include "base/check.h"

namespace rowmill {
namespace {

uint64_t KeyOf(uint32_t state, uint8_t byte) { return static_cast<uint64_t>(state) << 8 | byte; }

}  // namespace

ByteTrie::ByteTrie(size_t max_states) {
  CHECK(max_states < size_t{1} << 31);
  transitions_.resize(std::bit_ceil(2 * max_states + 1));
}

size_t ByteTrie::FindSlot(uint64_t key) const {
  const size_t mask = transitions_.size() - 1;
  size_t i = key * 0x9E3779B97F4A7C15 >> 20 & mask;
  while (transitions_[i].key != key && transitions_[i].key != kNoTransition) i = (i + 1) & mask;
  return i;
}

uint32_t ByteTrie::Find(uint32_t state, uint8_t byte) const {
  return state == kRoot ? from_root_[byte] : transitions_[FindSlot(KeyOf(state, byte))].target;
}

uint32_t ByteTrie::FindOrAdd(uint32_t state, uint8_t byte) {
  if (state == kRoot) {
    if (from_root_[byte] == kRoot) from_root_[byte] = num_states_++;
    return from_root_[byte];
  }
  const uint64_t key = KeyOf(state, byte);
  Transition& transition = transitions_[FindSlot(key)];
  if (transition.key == kNoTransition) {
    CHECK(2 * size_t{num_states_} <= transitions_.size());
    transition = {key, num_states_++};
  }
  return transition.target;
}

}  // namespace rowmill
