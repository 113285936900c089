// The bytes of every token in one block of memory, and the way from a key to the token.
//
// What it is not: it does not know what bytes and keys mean. Which tokens can be found, and under
// which key, is the choice of whoever fills it: a tokeniser gives control tokens none, so that no
// text can become one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary.h"

namespace rowmill {

class TokenTable {
 public:
  // Bytes and keys together may have this many bytes.
  static constexpr size_t kMaxBytes = size_t{1} << 31;

  explicit TokenTable(size_t num_tokens);

  // Appends the token with the next id: the bytes it stands for, and the key it is found by. An
  // empty key is never found; of several equal ones the first token is.
  void Add(std::string_view bytes, std::string_view key);

  size_t size() const { return entries_.size(); }
  std::string_view BytesOf(int32_t id) const {
    return {bytes_.data() + entries_[id].begin, entries_[id].size};
  }
  // The id of the token with this key, or kNoToken. Linear in the key, and constant for one that is
  // longer than all.
  int32_t Find(std::string_view key) const;

 private:
  struct Entry {
    uint32_t begin = 0;
    uint32_t size = 0;
    uint32_t key_begin = 0;
    uint32_t key_size = 0;
  };
  // Keys of up to eight bytes, which are most of what is asked for, are compared in the slot
  // itself: one cache miss for a look-up in place of three.
  struct Slot {
    uint64_t word = 0;  // the key if it has up to eight bytes, else its hash
    uint32_t key_size = 0;
    int32_t id = kNoToken;
  };
  // Where `key` is or would be put.
  size_t FindSlot(std::string_view key, uint64_t hash, uint64_t word) const;
  std::string_view KeyOf(int32_t id) const {
    return {bytes_.data() + entries_[id].key_begin, entries_[id].key_size};
  }

  std::string bytes_;
  std::vector<Entry> entries_;  // [V]
  std::vector<Slot> slots_;     // open addressing, linear probing, at most half full
  size_t max_key_bytes_ = 0;
};

}  // namespace rowmill
