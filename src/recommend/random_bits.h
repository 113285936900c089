// 64 random bits by place: a function of (key, place), with no state and no order of calls.
// SplitMix64 (Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014) at
// the place-th step from the key; short enough to be written down in any language, so that others
// can draw the same negatives (tools/reference_recommend.py does).
#pragma once

#include <cstdint>

namespace rowmill {

constexpr uint64_t RandomBits(uint64_t key, uint64_t place) {
  uint64_t z = key + (place + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace rowmill
