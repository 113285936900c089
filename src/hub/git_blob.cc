#include "hub/git_blob.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"

namespace rowmill {

void Sha1::AddBlock(const uint8_t* block) {
  std::array<uint32_t, 80> w;
  for (size_t i = 0; i < 16; ++i) {
    w[i] = uint32_t{block[4 * i]} << 24 | uint32_t{block[4 * i + 1]} << 16 |
           uint32_t{block[4 * i + 2]} << 8 | uint32_t{block[4 * i + 3]};
  }
  for (size_t i = 16; i < 80; ++i) {
    w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  }
  auto [a, b, c, d, e] = state_;
  for (size_t i = 0; i < 80; ++i) {
    uint32_t mixed = 0;
    if (i < 20) {
      mixed = ((b & c) | (~b & d)) + 0x5a827999;
    } else if (i < 40) {
      mixed = (b ^ c ^ d) + 0x6ed9eba1;
    } else if (i < 60) {
      mixed = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    } else {
      mixed = (b ^ c ^ d) + 0xca62c1d6;
    }
    const uint32_t next = std::rotl(a, 5) + mixed + e + w[i];
    e = d;
    d = c;
    c = std::rotl(b, 30);
    b = a;
    a = next;
  }
  state_[0] += a;
  state_[1] += b;
  state_[2] += c;
  state_[3] += d;
  state_[4] += e;
}

void Sha1::Update(std::span<const std::byte> bytes) {
  num_bytes_ += bytes.size();
  for (std::byte byte : bytes) {
    pending_[num_pending_++] = static_cast<uint8_t>(byte);
    if (num_pending_ == pending_.size()) {
      AddBlock(pending_.data());
      num_pending_ = 0;
    }
  }
}

std::array<uint8_t, 20> Sha1::Finish() {
  const uint64_t num_bits = num_bytes_ * 8;
  constexpr std::byte kEnd{0x80}, kZero{0};
  Update({&kEnd, 1});
  while (num_pending_ != 56) Update({&kZero, 1});
  std::array<std::byte, 8> length;
  for (size_t i = 0; i < 8; ++i) length[i] = static_cast<std::byte>(num_bits >> (56 - 8 * i));
  Update(length);
  std::array<uint8_t, 20> digest;
  for (size_t i = 0; i < 20; ++i) {
    digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  }
  return digest;
}

std::string GitBlobHeader(uint64_t size) {
  return "blob " + std::to_string(size) + std::string(1, '\0');
}

}  // namespace rowmill
