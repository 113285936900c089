// The name under which git, and so a hub, knows the content of a small file: SHA-1 of "blob SIZE\0"
// and the content (FIPS 180-4; gitformat-loose). Good against damage on the way; against somebody
// who forges files the connection has to be safe, since SHA-1 is not collision-resistant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rowmill {

// SHA-1, streaming. Finish ends the object's use.
class Sha1 {
 public:
  void Update(std::span<const std::byte> bytes);
  std::array<uint8_t, 20> Finish();

 private:
  void AddBlock(const uint8_t* block);

  std::array<uint32_t, 5> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  std::array<uint8_t, 64> pending_{};
  size_t num_pending_ = 0;
  uint64_t num_bytes_ = 0;
};

// The line that git hashes in front of a content of this size.
std::string GitBlobHeader(uint64_t size);

}  // namespace rowmill
