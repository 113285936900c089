// Memory for weights, caches and workspaces: aligned to 64 bytes (one cache line, one AVX-512
// register), zeroed, and on transparent huge pages where the buffer is large.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "base/check.h"

namespace rowmill {

class AlignedBytes {
 public:
  AlignedBytes() = default;
  // Throws ResourceError where the system has no such memory.
  explicit AlignedBytes(size_t num_bytes);
  ~AlignedBytes();
  AlignedBytes(AlignedBytes&& other) noexcept { *this = std::move(other); }
  AlignedBytes& operator=(AlignedBytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// A fixed-size array of trivial T in such memory.
template <typename T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t size) : bytes_(size * sizeof(T)), size_(size) {
    CHECK(size <= SIZE_MAX / sizeof(T));
  }
  T* data() { return reinterpret_cast<T*>(bytes_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(bytes_.data()); }
  size_t size() const { return size_; }
  T& operator[](size_t i) {
    DCHECK(i < size_);
    return data()[i];
  }
  const T& operator[](size_t i) const {
    DCHECK(i < size_);
    return data()[i];
  }
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

 private:
  AlignedBytes bytes_;
  size_t size_ = 0;
};

}  // namespace rowmill
