#include "base/hash.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/sha256_blocks.h"

namespace rowmill {
namespace {

static_assert(std::endian::native == std::endian::little);

// ---- CRC-32C: eight tables, so that eight bytes go into one step ----

using CrcTables = std::array<std::array<uint32_t, 256>, 8>;

constexpr CrcTables MakeCrcTables() {
  constexpr uint32_t kPolynomial = 0x82f63b78;  // 0x1edc6f41 with its bits reversed
  CrcTables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  // tables[k][b]: what byte b contributes when k more bytes follow it in the same step.
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr CrcTables kCrcTables = MakeCrcTables();

uint64_t Load64(const std::byte* from) {
  uint64_t value = 0;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// ---- MurmurHash3 ----

constexpr uint64_t kMurmur1 = 0x87c37b91114253d5;
constexpr uint64_t kMurmur2 = 0x4cf5ad432745937f;

uint64_t MixFirst(uint64_t k) { return std::rotl(k * kMurmur1, 31) * kMurmur2; }
uint64_t MixSecond(uint64_t k) { return std::rotl(k * kMurmur2, 33) * kMurmur1; }

uint64_t Finalize(uint64_t k) {
  k = (k ^ (k >> 33)) * 0xff51afd7ed558ccd;
  k = (k ^ (k >> 33)) * 0xc4ceb9fe1a85ec53;
  return k ^ (k >> 33);
}

// FIPS 180-4, 5.3.3.
constexpr std::array<uint32_t, 8> kSha256Start = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

}  // namespace

uint32_t Crc32c(std::span<const std::byte> bytes, uint32_t seed) {
  const CrcTables& t = kCrcTables;
  uint32_t crc = ~seed;
  const std::byte* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const uint64_t word = Load64(at) ^ crc;
    crc = t[7][word & 0xff] ^ t[6][(word >> 8) & 0xff] ^ t[5][(word >> 16) & 0xff] ^
          t[4][(word >> 24) & 0xff] ^ t[3][(word >> 32) & 0xff] ^ t[2][(word >> 40) & 0xff] ^
          t[1][(word >> 48) & 0xff] ^ t[0][word >> 56];
  }
  for (; left > 0; ++at, --left) {
    crc = (crc >> 8) ^ t[0][(crc ^ static_cast<uint32_t>(*at)) & 0xff];
  }
  return ~crc;
}

Digest128 ComputeDigest128(std::span<const std::byte> bytes, uint64_t seed) {
  uint64_t h1 = seed;
  uint64_t h2 = seed;
  const std::byte* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 16; at += 16, left -= 16) {
    h1 ^= MixFirst(Load64(at));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= MixSecond(Load64(at + 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  // The tail is padded with zeros, which the mixing maps to zero; the length tells it from real
  // zeros.
  std::array<std::byte, 16> tail{};
  if (left > 0) std::memcpy(tail.data(), at, left);
  h1 ^= MixFirst(Load64(tail.data()));
  h2 ^= MixSecond(Load64(tail.data() + 8));

  h1 ^= bytes.size();
  h2 ^= bytes.size();
  h1 += h2;
  h2 += h1;
  h1 = Finalize(h1);
  h2 = Finalize(h2);
  h1 += h2;
  h2 += h1;
  return {h1, h2};
}

Sha256::Sha256() : state_(kSha256Start) {}

void Sha256::Update(std::span<const std::byte> bytes) {
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  num_bytes_ += left;
  if (num_pending_ > 0) {
    const size_t taken = std::min(left, pending_.size() - num_pending_);
    std::copy_n(at, taken, pending_.data() + num_pending_);
    num_pending_ += taken;
    at += taken;
    left -= taken;
    if (num_pending_ < pending_.size()) return;
    Sha256Blocks(state_.data(), pending_.data(), 1);
    num_pending_ = 0;
  }
  const size_t num_blocks = left / pending_.size();
  Sha256Blocks(state_.data(), at, num_blocks);
  at += num_blocks * pending_.size();
  left -= num_blocks * pending_.size();
  std::copy_n(at, left, pending_.data());
  num_pending_ = left;
}

std::array<uint8_t, 32> Sha256::Finish() {
  const uint64_t num_bits = num_bytes_ * 8;
  // Padding: one bit, zeros up to 8 bytes before the end of a block, and the length in bits.
  std::array<std::byte, 72> padding{};
  padding[0] = std::byte{0x80};
  const size_t num_zeros = (119 - num_pending_) % 64;
  for (size_t i = 0; i < 8; ++i) {
    padding[1 + num_zeros + i] = static_cast<std::byte>(num_bits >> (56 - 8 * i));
  }
  Update({padding.data(), 1 + num_zeros + 8});
  std::array<uint8_t, 32> digest{};
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

std::string Sha256Hex(std::span<const std::byte> bytes) {
  Sha256 sha;
  sha.Update(bytes);
  return Hex(sha.Finish());
}

std::string Hex(std::span<const uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const uint8_t byte : bytes) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace rowmill
