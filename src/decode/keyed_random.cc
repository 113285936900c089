#include "decode/keyed_random.h"

namespace rowmill {
namespace {

// The multipliers and the Weyl increments (golden ratio, sqrt(3) - 1) of the paper.
constexpr uint64_t kMultiplier0 = 0xD2511F53;
constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9;
constexpr uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

}  // namespace

PhiloxBlock Philox4x32(const PhiloxBlock& counter, const PhiloxKey& key) {
  PhiloxBlock c = counter;
  PhiloxKey k = key;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = kMultiplier0 * c[0];
    const uint64_t product1 = kMultiplier1 * c[2];
    c = {static_cast<uint32_t>(product1 >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(product1),
         static_cast<uint32_t>(product0 >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(product0)};
    k[0] += kWeyl0;
    k[1] += kWeyl1;
  }
  return c;
}

PhiloxBlock KeyedRandom(uint64_t seed, std::span<const PhiloxBlock> message) {
  const PhiloxKey key = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  PhiloxBlock state = {};
  for (const PhiloxBlock& block : message) {
    for (size_t i = 0; i < state.size(); ++i) state[i] ^= block[i];
    state = Philox4x32(state, key);
  }
  return state;
}

double UnitInterval(const PhiloxBlock& block) {
  const uint64_t bits = (static_cast<uint64_t>(block[0]) << 32) | block[1];
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

}  // namespace rowmill
