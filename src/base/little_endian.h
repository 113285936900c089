// Numbers in the files that Rowmill writes for itself: little-endian, whatever the machine's order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rowmill {

// Needs 4 bytes.
inline uint32_t LoadLittle32(std::span<const std::byte> bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(bytes[i]) << (8 * i);
  return value;
}

// Needs 8 bytes.
inline uint64_t LoadLittle64(std::span<const std::byte> bytes) {
  return LoadLittle32(bytes.first(4)) | static_cast<uint64_t>(LoadLittle32(bytes.subspan(4, 4)))
                                            << 32;
}

inline void AppendLittle32(std::vector<std::byte>& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(value >> shift));
}

inline void AppendLittle64(std::vector<std::byte>& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::byte>(value >> shift));
}

}  // namespace rowmill
