// Random numbers that are a function of a key alone: no state, no order of calls, the same on every
// machine.
//
// Philox 4x32-10: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC
// 2011. For a fixed key it is a bijection of the 128-bit counter that passes the statistical tests
// of TestU01; it is not meant to be cryptographic.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rowmill {

using PhiloxBlock = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

// The ten-round block function. Tested against the known answers of the authors' Random123 library.
PhiloxBlock Philox4x32(const PhiloxBlock& counter, const PhiloxKey& key);

// 128 bits from a seed and a message of any fixed number of blocks: state = Philox(state ^ block)
// for each block in turn, from zero (CBC-MAC with Philox as the permutation). So every bit of the
// message counts, and messages longer than a counter can be used as one key. Messages of different
// lengths must not be mixed under one seed.
PhiloxBlock KeyedRandom(uint64_t seed, std::span<const PhiloxBlock> message);

// The first 53 bits of a block as a number in [0, 1), all multiples of 2^-53 equally likely.
double UnitInterval(const PhiloxBlock& block);

}  // namespace rowmill
