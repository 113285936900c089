// Checksums and digests: CRC-32C for journal records, a 128-bit non-cryptographic digest for
// telling rows apart, SHA-256 for files and fingerprints.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rowmill {

// CRC-32C (Castagnoli, RFC 3720), reflected, initial value and final xor ~0. `seed` continues an
// earlier sum.
uint32_t Crc32c(std::span<const std::byte> bytes, uint32_t seed = 0);

// 128 bits that decide whether two token sequences are the same row. Collisions of accidental
// inputs are out of reach (2^-128 per pair); a forged collision would only make a row share
// another's answer. MurmurHash3_x64_128 (Appleby, public domain) with the seed widened to 64 bits:
// each 16 bytes are mixed in by invertible steps, so that inputs of one block never collide, and it
// has published check values.
struct Digest128 {
  uint64_t lo = 0;
  uint64_t hi = 0;
  bool operator==(const Digest128&) const = default;
};
Digest128 ComputeDigest128(std::span<const std::byte> bytes, uint64_t seed);

// SHA-256 (FIPS 180-4), streaming. Finish ends the object's use.
class Sha256 {
 public:
  Sha256();
  void Update(std::span<const std::byte> bytes);
  std::array<uint8_t, 32> Finish();

 private:
  std::array<uint32_t, 8> state_;
  std::array<uint8_t, 64> pending_{};
  size_t num_pending_ = 0;
  uint64_t num_bytes_ = 0;
};
std::string Sha256Hex(std::span<const std::byte> bytes);
std::string Hex(std::span<const uint8_t> bytes);

inline std::span<const std::byte> AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace rowmill
