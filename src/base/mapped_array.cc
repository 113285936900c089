#include "base/mapped_array.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <vector>

namespace rowmill {
namespace {

// Growing by half keeps the number of moves logarithmic; the bounds keep small arrays from growing
// often and large ones from taking disk that they may never use.
constexpr uint64_t kMinGrowthBytes = uint64_t{1} << 16;
constexpr uint64_t kMaxGrowthBytes = uint64_t{256} << 20;

[[noreturn]] void Fail(const std::string& operation, const std::string& path, int error) {
  throw IoError("cannot " + operation + " the scratch file '" + path +
                "': " + std::generic_category().message(error));
}

int OpenRetrying(const char* path, int flags) {
  int fd = -1;
  do {
    fd = open(path, flags | O_RDWR | O_CLOEXEC, 0600);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

}  // namespace

MappedScratch::MappedScratch(int fd, std::string path, Named named)
    : fd_(fd), path_(std::move(path)), named_(named) {}

MappedScratch MappedScratch::AtPath(const std::string& path) {
  const int fd = OpenRetrying(path.c_str(), O_CREAT | O_TRUNC | O_NOFOLLOW);
  if (fd < 0) Fail("create", path, errno);
  return MappedScratch(fd, path, Named::kYes);
}

MappedScratch MappedScratch::InFolder(const std::string& folder) {
#ifdef O_TMPFILE
  const int fd = OpenRetrying(folder.c_str(), O_TMPFILE);
  if (fd >= 0) return MappedScratch(fd, folder, Named::kNo);
  // These say that the file system (NFS, overlays, FUSE) has no nameless files.
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) Fail("create", folder, errno);
#endif
  const std::string pattern = folder + "/scratch-XXXXXX";
  std::vector<char> name(pattern.begin(), pattern.end());
  name.push_back('\0');
  const int named_fd = mkostemp(name.data(), O_CLOEXEC);
  if (named_fd < 0) Fail("create", folder, errno);
  unlink(name.data());
  return MappedScratch(named_fd, folder, Named::kNo);
}

MappedScratch::~MappedScratch() {
  if (data_ != nullptr) munmap(data_, capacity_);
  if (fd_ >= 0) close(fd_);
  if (named_ == Named::kYes) unlink(path_.c_str());
}

MappedScratch::MappedScratch(MappedScratch&& other) noexcept { *this = std::move(other); }

MappedScratch& MappedScratch::operator=(MappedScratch&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(path_, other.path_);
  std::swap(named_, other.named_);
  std::swap(data_, other.data_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

void MappedScratch::Reserve(uint64_t num_bytes) {
  if (num_bytes <= capacity_) return;
  const uint64_t growth = std::clamp<uint64_t>(capacity_ / 2, kMinGrowthBytes, kMaxGrowthBytes);
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const std::optional<uint64_t> wanted =
      Checked(std::max<uint64_t>(num_bytes, capacity_ + growth)).RoundUp(page).value();
  if (!wanted.has_value() || *wanted > std::numeric_limits<size_t>::max() / 2) {
    throw ResourceError("a scratch file of " + std::to_string(num_bytes) + " bytes is too large");
  }
  GrowFile(*wanted);
  GrowMapping(*wanted);
}

void MappedScratch::GrowFile(uint64_t num_bytes) {
  int error = 0;
  do {
    // Reserves the blocks and sets the size. glibc writes to each block where the file system has
    // no fallocate.
    error = posix_fallocate(fd_, static_cast<off_t>(capacity_),
                            static_cast<off_t>(num_bytes - capacity_));
  } while (error == EINTR);
  if (error == 0) return;
  // Part of the space may have been taken: give it back.
  static_cast<void>(!ftruncate(fd_, static_cast<off_t>(capacity_)));
  throw IoError("cannot grow the scratch file '" + path_ + "' to " + std::to_string(num_bytes) +
                " bytes: " + std::generic_category().message(error) +
                (error == EFBIG ? "; raise the limit on the size of files (ulimit -f)"
                                : "; make room there") +
                " and run the same command again");
}

void MappedScratch::GrowMapping(uint64_t num_bytes) {
  void* memory = data_ == nullptr
                     ? mmap(nullptr, num_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0)
                     : mremap(data_, capacity_, num_bytes, MREMAP_MAYMOVE);
  if (memory == MAP_FAILED) {
    throw ResourceError("cannot map " + std::to_string(num_bytes) + " bytes of the scratch file '" +
                        path_ + "': " + std::generic_category().message(errno) +
                        "; raise the limit on address space (ulimit -v)");
  }
  data_ = static_cast<std::byte*>(memory);
  capacity_ = num_bytes;
}

}  // namespace rowmill
