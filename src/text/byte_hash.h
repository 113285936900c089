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

inline uint64_t LoadWord(const char* bytes, size_t size) {  // size: 4 or 8
  uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  return word;
}

// The last eight bytes, or all of a shorter string. Up to eight bytes the word and the size
// together are the string: no two strings of one size give the same word. Loads overlap instead of
// looping.
inline uint64_t TailWord(const char* bytes, size_t size) {
  if (size >= 8) return LoadWord(bytes + size - 8, 8);
  if (size >= 4) return LoadWord(bytes, 4) << 32 | LoadWord(bytes + size - 4, 4);
  if (size == 0) return 0;
  const auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])); };
  return byte(0) << 16 | byte(size / 2) << 8 | byte(size - 1);
}

inline uint64_t HashBytes(const char* bytes, size_t size) {
  constexpr uint64_t kFirst = 0x9E3779B97F4A7C15;   // 2^64 / golden ratio
  constexpr uint64_t kSecond = 0xE7037ED1A0B428DB;  // any odd constant with mixed bits
  uint64_t hash = kFirst * size;  // not xor: a size and a first byte could cancel out
  for (size_t i = 0; i + 8 < size; i += 8) {
    hash = FoldedMultiply(hash ^ LoadWord(bytes + i, 8), kSecond);
  }
  return FoldedMultiply(hash ^ TailWord(bytes, size), kSecond ^ kFirst);
}

}  // namespace rowmill
