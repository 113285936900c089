// A trie over bytes: states, numbered in the order in which they were made, and what byte leads
// from one to the next. What a state means is its owner's business, in arrays of its own.
//
// What it is not: no automaton (text/special_tokens.h adds suffix links) and no map of strings
// (text/token_table.h).
//
// Transitions of all states but the root lie in one open-addressing table, since nearly all states
// have a single child; the root has a dense row, because most look-ups start there and fail.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rowmill {

class ByteTrie {
 public:
  // No transition leads to the root, so it also stands for "no state".
  static constexpr uint32_t kRoot = 0;

  // Room for `max_states` states, the root included; below 2^31.
  explicit ByteTrie(size_t max_states);

  uint32_t num_states() const { return num_states_; }
  // kRoot where there is no such transition.
  uint32_t Find(uint32_t state, uint8_t byte) const;
  // The state that `byte` leads to, made where it is missing.
  uint32_t FindOrAdd(uint32_t state, uint8_t byte);

 private:
  struct Transition {
    uint64_t key = kNoTransition;  // state << 8 | byte
    uint32_t target = kRoot;
  };
  static constexpr uint64_t kNoTransition = ~uint64_t{0};

  // Where the transition is or would be put.
  size_t FindSlot(uint64_t key) const;

  uint32_t num_states_ = 1;
  std::array<uint32_t, 256> from_root_{};
  std::vector<Transition> transitions_;  // linear probing, at most half full
};

}  // namespace rowmill
