// The one interface through which Rowmill touches files that matter: inputs, journal, output.
// PosixFileSystem is the real one; tests put a faulting one (the n-th call fails with a given
// errno) or a crashing one (unsynced data is lost, torn or reordered) in its place, so that every
// call site is exercised. Model files are mapped instead (base/mapped_file.h).
//
// All calls throw IoError with the path, the operation and the system's reason. Short reads and
// writes and EINTR never reach the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rowmill {

enum class OpenMode : uint8_t {
  kRead,       // must exist
  kCreateNew,  // read and write; must not exist
  kTruncate,   // read and write; created, or emptied
  kReadWrite,  // read and write; created where missing, content kept
};

struct FileInfo {
  uint64_t size = 0;
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t mtime_ns = 0;
  enum class Kind : uint8_t { kRegular, kFolder, kOther } kind = Kind::kOther;
};

// An open file. Positioned calls only, so a handle has no hidden state; not thread-safe to close.
class File {
 public:
  virtual ~File() = default;
  // Reads up to out.size() bytes at `offset`; fewer only at the end of the file. Returns the count.
  virtual size_t ReadAt(uint64_t offset, std::span<std::byte> out) = 0;
  virtual void WriteAt(uint64_t offset, std::span<const std::byte> bytes) = 0;
  virtual void Truncate(uint64_t size) = 0;
  // fdatasync. After a failure the caller must not retry: the kernel may have dropped the pages.
  virtual void Sync() = 0;
  virtual FileInfo Info() = 0;
  // Closes and reports the failure that close() may still bring. The destructor closes silently.
  virtual void Close() = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual std::unique_ptr<File> Open(const std::string& path, OpenMode mode) = 0;
  virtual bool Exists(const std::string& path) = 0;
  virtual FileInfo Info(const std::string& path) = 0;  // follows links
  virtual void Rename(const std::string& from, const std::string& to) = 0;
  virtual void Remove(const std::string& path) = 0;                      // a file
  virtual void RemoveFolder(const std::string& path) = 0;                // an empty folder
  virtual void CreateFolder(const std::string& path) = 0;                // fine where it exists
  virtual std::vector<std::string> List(const std::string& folder) = 0;  // names, sorted
  // fsync of the folder: makes created, renamed and removed names durable.
  virtual void SyncFolder(const std::string& path) = 0;
  virtual uint64_t FreeBytes(const std::string& path) = 0;
  // An exclusive advisory lock, freed by the kernel when the process dies. Throws ResourceError
  // where another process holds it.
  virtual std::unique_ptr<File> OpenLocked(const std::string& path) = 0;
};

// The real one. Stateless, so one object per process is enough; main() makes it and hands it on.
std::unique_ptr<FileSystem> MakePosixFileSystem();

// The folder part of a path ("." where there is none).
std::string ParentFolder(const std::string& path);

}  // namespace rowmill
