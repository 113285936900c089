// A whole file mapped read-only. Holds the file open, so that replacing it on disk changes nothing.
// Only regular files are mapped: a FIFO or /dev/zero is refused at once instead of hanging.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rowmill {

class MappedFile {
 public:
  // kHuge asks the system to bring the file into memory in huge pages (2 MiB on x86): for what is
  // read from end to end again and again. A hint: Linux 6.18 follows it on ext4 where the file is
  // not in memory yet, other systems may not.
  enum class Pages : uint8_t { kAny, kHuge };

  // Throws ModelError (this maps model files) where the file is missing, not regular or unreadable.
  explicit MappedFile(const std::string& path, Pages pages = Pages::kAny);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace rowmill
