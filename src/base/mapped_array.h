// A growable array of plain values in a mapped file: per-row state (offsets, token counts, digests)
// that has to grow with the number of rows without growing the process's anonymous memory. The
// pages belong to the page cache (RssFile), so the kernel writes them back and drops them under
// pressure.
//
// What it is not: storage. The file starts empty, has no name that outlives the array, and its
// content means nothing to another process. On tmpfs (often /dev/shm, sometimes /tmp) the pages are
// memory after all; job folders lie beside the output, so they are on the user's disk.
//
// The disk space is reserved when the array grows, because a write to a mapped page without a block
// behind it is not an error but SIGBUS. Where the disk is full growing throws IoError and the array
// is as it was. (Copy-on-write file systems may still need a new block later; none of them is a
// default.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/checked.h"
#include "base/error.h"

namespace rowmill {

// The untyped part: a file of its own, mapped shared and writable.
class MappedScratch {
 public:
  // Creates (or empties) the file `path`, readable by the owner only; the destructor removes it.
  static MappedScratch AtPath(const std::string& path);
  // A file without a name in `folder`: gone with the process, even after kill -9.
  static MappedScratch InFolder(const std::string& folder);

  ~MappedScratch();
  MappedScratch(MappedScratch&& other) noexcept;
  MappedScratch& operator=(MappedScratch&& other) noexcept;
  MappedScratch(const MappedScratch&) = delete;
  MappedScratch& operator=(const MappedScratch&) = delete;

  // Makes at least `num_bytes` available; new bytes are zero. Moves the memory. Throws IoError
  // (disk full), ResourceError (address space); the content is unchanged then.
  void Reserve(uint64_t num_bytes);

  std::byte* data() const { return data_; }
  size_t capacity() const { return capacity_; }

 private:
  enum class Named : uint8_t { kNo, kYes };  // whether the destructor has a name to remove
  MappedScratch(int fd, std::string path, Named named);
  void GrowFile(uint64_t num_bytes);
  void GrowMapping(uint64_t num_bytes);

  int fd_ = -1;
  std::string path_;
  Named named_ = Named::kNo;
  std::byte* data_ = nullptr;
  size_t capacity_ = 0;
};

// Not thread-safe while growing; every growth moves the elements, so spans and references end
// there.
template <typename T>
class MappedArray {
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
  static_assert(alignof(T) <= 4096);

 public:
  static MappedArray AtPath(const std::string& path) {
    return MappedArray(MappedScratch::AtPath(path));
  }
  static MappedArray InFolder(const std::string& folder) {
    return MappedArray(MappedScratch::InFolder(folder));
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return reinterpret_cast<T*>(scratch_.data()); }
  const T* data() const { return reinterpret_cast<const T*>(scratch_.data()); }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

  T& operator[](size_t index) {
    DCHECK(index < size_);
    return data()[index];
  }
  const T& operator[](size_t index) const {
    DCHECK(index < size_);
    return data()[index];
  }

  // By value: the argument may be an element, which growing moves.
  void push_back(T value) {
    Reserve(size_ + 1);
    data()[size_++] = value;
  }
  void Append(std::span<const T> values) {
    DCHECK(values.empty() || values.data() + values.size() <= begin() || values.data() >= end());
    Reserve(size_ + values.size());
    for (const T& value : values) data()[size_++] = value;
  }
  // New elements are copies of `value`.
  void Resize(size_t size, T value = T{}) {
    Reserve(size);
    for (size_t i = size_; i < size; ++i) data()[i] = value;
    size_ = size;
  }
  void clear() { size_ = 0; }

  void Reserve(size_t size) {
    const std::optional<uint64_t> num_bytes = (Checked(size) * sizeof(T)).value();
    if (!num_bytes.has_value()) {
      throw ResourceError("an array of " + std::to_string(size) + " elements is too large");
    }
    if (*num_bytes > scratch_.capacity()) scratch_.Reserve(*num_bytes);
  }

 private:
  explicit MappedArray(MappedScratch scratch) : scratch_(std::move(scratch)) {}

  MappedScratch scratch_;
  size_t size_ = 0;
};

}  // namespace rowmill
