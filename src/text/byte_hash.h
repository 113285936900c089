// A fast 64-bit hash of short byte strings for tables that live and die with the process.
//
// What it is not: not stable across versions, not for files (base/hash.h), not resistant to chosen
// collisions. The tables that use it either hold a model's own tokens or overwrite on collision, so
// that text cannot make them slow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rowmill {

// Multiplies to 128 bits and folds: every bit of both factors reaches every bit of the result.
inline uint64_t FoldedMultiply(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t HashBytes(const char* bytes, size_t size) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15;   // 2^64 / golden ratio
  constexpr uint64_t kSecond = 0xE7037ED1A0B428DB;  // any odd constant with mixed bits
  uint64_t hash = kFirst ^ size;
  for (; size > 8; size -= 8, bytes += 8) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    hash = FoldedMultiply(hash ^ word, kSecond);
  }
  uint64_t word = 0;
  for (size_t i = 0; i < size; ++i) {
    word |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  }
  return FoldedMultiply(hash ^ word, kSecond ^ kFirst);
}

}  // namespace rowmill
