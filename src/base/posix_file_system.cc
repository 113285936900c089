// FileSystem over POSIX calls. Every call is repeated after EINTR and continued after a short
// count; every failure becomes one IoError that names the path, the operation, the place and the
// reason.
#include "base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <limits>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace rowmill {
namespace {

// One call moves at most this much: Linux stops at 2 GiB - 4 KiB anyway, other systems refuse more
// than INT_MAX.
constexpr size_t kMaxBytesPerCall = size_t{1} << 30;

template <typename Call>
auto RetryOnEintr(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// Free bytes for an unprivileged process, or nothing where the question itself fails.
bool QueryFreeBytes(const std::string& path, uint64_t* free_bytes) {
  struct statvfs info = {};
  if (RetryOnEintr([&] { return statvfs(path.c_str(), &info); }) != 0) return false;
  *free_bytes = static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  return true;
}

// The reason in words. A full disk or quota is the one failure that a person can cure at once, so
// its text says how much is free and what to do next.
std::string Reason(int error, const std::string& path) {
  std::string text = std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT) {
    uint64_t free_bytes = 0;
    if (QueryFreeBytes(path, &free_bytes) || QueryFreeBytes(ParentFolder(path), &free_bytes)) {
      text += " (" + std::to_string(free_bytes) + " bytes are free there)";
    }
    text += "; make room and run the same command again";
  } else if (error == EFBIG) {
    text += "; raise the limit on the size of files (ulimit -f) and run the same command again";
  }
  return text;
}

[[noreturn]] void Fail(const std::string& operation, const std::string& path, int error) {
  throw IoError("cannot " + operation + " '" + path + "': " + Reason(error, path));
}

[[noreturn]] void FailAt(const std::string& operation, const std::string& path, uint64_t offset,
                         int error) {
  throw IoError("cannot " + operation + " '" + path + "' at byte " + std::to_string(offset) + ": " +
                Reason(error, path));
}

// File positions are signed in POSIX; one beyond that range would turn negative in silence.
off_t ToPosition(const std::string& operation, const std::string& path, uint64_t offset) {
  if (offset > static_cast<uint64_t>(std::numeric_limits<off_t>::max())) {
    FailAt(operation, path, offset, EOVERFLOW);
  }
  return static_cast<off_t>(offset);
}

FileInfo ToFileInfo(const struct stat& info) {
  FileInfo out;
  out.size = static_cast<uint64_t>(info.st_size);
  out.device = static_cast<uint64_t>(info.st_dev);
  out.inode = static_cast<uint64_t>(info.st_ino);
#ifdef __APPLE__
  const struct timespec& mtime = info.st_mtimespec;
#else
  const struct timespec& mtime = info.st_mtim;
#endif
  out.mtime_ns = static_cast<int64_t>(mtime.tv_sec) * 1'000'000'000 + mtime.tv_nsec;
  out.kind = S_ISREG(info.st_mode)   ? FileInfo::Kind::kRegular
             : S_ISDIR(info.st_mode) ? FileInfo::Kind::kFolder
                                     : FileInfo::Kind::kOther;
  return out;
}

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override {
    if (fd_ >= 0) close(fd_);
  }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  size_t ReadAt(uint64_t offset, std::span<std::byte> out) override {
    CHECK(fd_ >= 0);
    size_t done = 0;
    while (done < out.size()) {
      const off_t position = ToPosition("read", path_, offset + done);
      const size_t want = std::min(out.size() - done, kMaxBytesPerCall);
      const ssize_t count =
          RetryOnEintr([&] { return pread(fd_, out.data() + done, want, position); });
      if (count < 0) FailAt("read", path_, offset + done, errno);
      if (count == 0) break;
      done += static_cast<size_t>(count);
    }
    return done;
  }

  void WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    CHECK(fd_ >= 0);
    size_t done = 0;
    while (done < bytes.size()) {
      const off_t position = ToPosition("write", path_, offset + done);
      const size_t want = std::min(bytes.size() - done, kMaxBytesPerCall);
      const ssize_t count =
          RetryOnEintr([&] { return pwrite(fd_, bytes.data() + done, want, position); });
      if (count < 0) FailAt("write", path_, offset + done, errno);
      // A write of nothing is no error by POSIX, and would be an endless loop for us.
      if (count == 0) FailAt("write", path_, offset + done, EIO);
      done += static_cast<size_t>(count);
    }
  }

  void Truncate(uint64_t size) override {
    CHECK(fd_ >= 0);
    const off_t position = ToPosition("set the size of", path_, size);
    if (RetryOnEintr([&] { return ftruncate(fd_, position); }) != 0) {
      FailAt("set the size of", path_, size, errno);
    }
  }

  // Only EINTR is tried again: it reports no lost page. EINVAL comes from files that have nothing
  // to sync, such as /dev/null.
  void Sync() override {
    CHECK(fd_ >= 0);
#ifdef __APPLE__
    const int result = RetryOnEintr([&] { return fcntl(fd_, F_FULLFSYNC); });
#else
    const int result = RetryOnEintr([&] { return fdatasync(fd_); });
#endif
    if (result == -1 && errno != EINVAL) Fail("sync", path_, errno);
  }

  FileInfo Info() override {
    CHECK(fd_ >= 0);
    struct stat info = {};
    if (RetryOnEintr([&] { return fstat(fd_, &info); }) != 0) Fail("examine", path_, errno);
    return ToFileInfo(info);
  }

  // Never repeated: Linux frees the descriptor even where close() reports EINTR, and a second close
  // could hit a file that another thread has just opened.
  void Close() override {
    CHECK(fd_ >= 0);
    const int fd = std::exchange(fd_, -1);
    if (close(fd) != 0 && errno != EINTR) Fail("close", path_, errno);
  }

  // Takes the exclusive lock, or returns false where another open file holds it.
  bool TryLock() {
    if (RetryOnEintr([&] { return flock(fd_, LOCK_EX | LOCK_NB); }) == 0) return true;
    if (errno != EWOULDBLOCK) Fail("lock", path_, errno);
    return false;
  }

 private:
  int fd_;
  std::string path_;
};

int OpenFlags(OpenMode mode) {
  switch (mode) {
    // O_NONBLOCK: opening a FIFO without a writer must not hang; regular files ignore it.
    case OpenMode::kRead:
      return O_RDONLY | O_NONBLOCK;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kTruncate:
      return O_RDWR | O_CREAT | O_TRUNC;
    case OpenMode::kReadWrite:
      return O_RDWR | O_CREAT;
  }
  return O_RDONLY;
}

const char* OpenOperation(OpenMode mode) {
  return mode == OpenMode::kRead        ? "open"
         : mode == OpenMode::kReadWrite ? "open or create"
                                        : "create";
}

std::unique_ptr<PosixFile> OpenPosix(const std::string& path, OpenMode mode) {
  const int flags = OpenFlags(mode) | O_CLOEXEC;
  const int fd = RetryOnEintr([&] { return open(path.c_str(), flags, 0666); });
  if (fd < 0) Fail(OpenOperation(mode), path, errno);
  auto file = std::make_unique<PosixFile>(fd, path);
  // A folder opens for reading and fails only at the first read, far from the mistake.
  if (mode == OpenMode::kRead && file->Info().kind == FileInfo::Kind::kFolder) {
    Fail("open", path, EISDIR);
  }
  return file;
}

class PosixFileSystem final : public FileSystem {
 public:
  std::unique_ptr<File> Open(const std::string& path, OpenMode mode) override {
    return OpenPosix(path, mode);
  }

  // A dangling link counts as there: the question is asked before names are created, and creating
  // through such a link would write where nobody looks.
  bool Exists(const std::string& path) override {
    struct stat info = {};
    if (RetryOnEintr([&] { return lstat(path.c_str(), &info); }) == 0) return true;
    if (errno != ENOENT && errno != ENOTDIR) Fail("examine", path, errno);
    return false;
  }

  FileInfo Info(const std::string& path) override {
    struct stat info = {};
    if (RetryOnEintr([&] { return stat(path.c_str(), &info); }) != 0) Fail("examine", path, errno);
    return ToFileInfo(info);
  }

  void Rename(const std::string& from, const std::string& to) override {
    if (RetryOnEintr([&] { return rename(from.c_str(), to.c_str()); }) != 0) {
      Fail("rename '" + from + "' to", to, errno);
    }
  }

  void Remove(const std::string& path) override {
    if (RetryOnEintr([&] { return unlink(path.c_str()); }) != 0) Fail("remove", path, errno);
  }

  void RemoveFolder(const std::string& path) override {
    if (RetryOnEintr([&] { return rmdir(path.c_str()); }) != 0) {
      Fail("remove the folder", path, errno);
    }
  }

  // Readable by the owner only: the folders that Rowmill makes hold rows, prompts and answers in
  // transit. The finished output gets the ordinary mode of the user's umask.
  void CreateFolder(const std::string& path) override {
    if (RetryOnEintr([&] { return mkdir(path.c_str(), 0700); }) == 0) return;
    const int error = errno;
    struct stat info = {};
    if (error == EEXIST && stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return;
    Fail("create the folder", path, error);
  }

  std::vector<std::string> List(const std::string& folder) override {
    DIR* stream = opendir(folder.c_str());
    if (stream == nullptr) Fail("list the folder", folder, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(stream)) {
      std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(std::move(name));
      errno = 0;
    }
    const int error = errno;
    closedir(stream);
    if (error != 0) Fail("list the folder", folder, error);
    std::sort(names.begin(), names.end());
    return names;
  }

  // EINVAL and ENOTSUP: some network and FUSE file systems have no such operation; there is nothing
  // more that a program can do about the durability of names on them.
  void SyncFolder(const std::string& path) override {
    const int fd =
        RetryOnEintr([&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) Fail("open the folder", path, errno);
    const int result = RetryOnEintr([&] { return fsync(fd); });
    const int error = errno;
    close(fd);
    if (result != 0 && error != EINVAL && error != ENOTSUP) Fail("sync the folder", path, error);
  }

  // Of the file system that holds `path`, or would hold it where it does not exist yet.
  uint64_t FreeBytes(const std::string& path) override {
    uint64_t free_bytes = 0;
    if (QueryFreeBytes(path, &free_bytes)) return free_bytes;
    const int error = errno;
    if (error == ENOENT && QueryFreeBytes(ParentFolder(path), &free_bytes)) return free_bytes;
    Fail("ask for the free space of", path, error);
  }

  // The last holder may have removed the lock file between our open and our lock; then the lock is
  // on a file without a name, which excludes nobody, and the whole step is done again.
  std::unique_ptr<File> OpenLocked(const std::string& path) override {
    while (true) {
      std::unique_ptr<PosixFile> file = OpenPosix(path, OpenMode::kReadWrite);
      if (!file->TryLock()) {
        throw ResourceError("'" + path +
                            "' is locked: another process is working on the same output; wait for "
                            "it to end or give another output file");
      }
      struct stat named = {};
      const FileInfo held = file->Info();
      if (stat(path.c_str(), &named) == 0 && static_cast<uint64_t>(named.st_ino) == held.inode &&
          static_cast<uint64_t>(named.st_dev) == held.device) {
        return file;
      }
    }
  }
};

}  // namespace

std::unique_ptr<FileSystem> MakePosixFileSystem() { return std::make_unique<PosixFileSystem>(); }

std::string ParentFolder(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path.empty() ? "." : "/";
  const size_t slash = path.rfind('/', end);
  if (slash == std::string::npos) return ".";
  const size_t last = path.find_last_not_of('/', slash);
  return last == std::string::npos ? "/" : path.substr(0, last + 1);
}

}  // namespace rowmill
