#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace rowmill {
namespace {

[[noreturn]] void Fail(const std::string& path, const std::string& reason) {
  throw ModelError("cannot open model file '" + path + "': " + reason);
}

}  // namespace

MappedFile::MappedFile(const std::string& path, Pages pages) : path_(path) {
  // O_NONBLOCK: opening a FIFO without a writer must not hang; it has no effect on regular files.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) Fail(path, std::strerror(errno));
  struct stat info = {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    Fail(path, S_ISDIR(info.st_mode) ? "it is a folder" : "it is not a regular file");
  }
  size_ = static_cast<size_t>(info.st_size);
  if (size_ > 0) {
    void* memory = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory == MAP_FAILED) {
      const std::string reason = std::strerror(errno);
      close(fd);
      Fail(path, "mapping failed: " + reason);
    }
    data_ = static_cast<const std::byte*>(memory);
#ifdef MADV_HUGEPAGE
    if (pages == Pages::kHuge) madvise(memory, size_, MADV_HUGEPAGE);  // Failure is fine.
#endif
  }
  close(fd);  // The mapping keeps the file alive.
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace rowmill
