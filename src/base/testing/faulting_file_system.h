// A file system for tests in which a chosen call fails: the n-th call of the chosen operations
// throws IoError with the text of a given errno, every other call goes through to the file system
// below. Looping n from 1 until a run ends without a fault exercises every call site (the idea is
// SQLite's I/O error tests, https://www.sqlite.org/testing.html section 3.2).
//
// What it is not: it loses nothing and reorders nothing, see crashing_file_system.h for that. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace rowmill {

// Bits, so that a plan can name several.
enum class FileOperation : uint32_t {
  kOpen = 1U << 0,
  kRead = 1U << 1,
  kWrite = 1U << 2,
  kTruncate = 1U << 3,
  kSync = 1U << 4,
  kInfo = 1U << 5,  // of a file or of a path, and Exists
  kClose = 1U << 6,
  kRename = 1U << 7,
  kRemove = 1U << 8,  // of a file or of a folder
  kCreateFolder = 1U << 9,
  kList = 1U << 10,
  kSyncFolder = 1U << 11,
  kFreeBytes = 1U << 12,
  kOpenLocked = 1U << 13,
};
constexpr uint32_t operator|(FileOperation a, FileOperation b) {
  return static_cast<uint32_t>(a) | static_cast<uint32_t>(b);
}
constexpr uint32_t operator|(uint32_t a, FileOperation b) { return a | static_cast<uint32_t>(b); }
inline constexpr uint32_t kAllFileOperations = (1U << 14) - 1;

struct FaultPlan {
  uint32_t operations = kAllFileOperations;  // bits of FileOperation
  uint64_t nth = 0;                          // 1 is the first such call; 0 never fails
  int error_number = 5;                      // EIO
  enum class Duration : uint8_t { kOnce, kFromThenOn } duration = Duration::kOnce;
  // What a failing write leaves behind: nothing, or its first half, as a full disk does.
  enum class FailedWrite : uint8_t { kNothing, kFirstHalf } failed_write = FailedWrite::kNothing;
};

class FaultingFileSystem : public FileSystem {
 public:
  struct Call {
    FileOperation operation = FileOperation::kOpen;
    std::string path;
  };

  // `below` must outlive this object and every file opened through it.
  FaultingFileSystem(FileSystem& below, const FaultPlan& plan);

  // Every call so far, the failed ones included.
  const std::vector<Call>& calls() const { return calls_; }
  // Calls of the plan's operations so far.
  uint64_t num_counted() const { return num_counted_; }
  uint64_t num_faults() const { return num_faults_; }

  std::unique_ptr<File> Open(const std::string& path, OpenMode mode) override;
  bool Exists(const std::string& path) override;
  FileInfo Info(const std::string& path) override;
  void Rename(const std::string& from, const std::string& to) override;
  void Remove(const std::string& path) override;
  void RemoveFolder(const std::string& path) override;
  void CreateFolder(const std::string& path) override;
  std::vector<std::string> List(const std::string& folder) override;
  void SyncFolder(const std::string& path) override;
  uint64_t FreeBytes(const std::string& path) override;
  std::unique_ptr<File> OpenLocked(const std::string& path) override;

 private:
  friend class FaultingFile;

  // Notes the call and throws where the plan says that it fails.
  void Count(FileOperation operation, const std::string& path);
  // Notes the call; true where the plan says that it fails.
  bool IsFault(FileOperation operation, const std::string& path);
  [[noreturn]] void Fail(FileOperation operation, const std::string& path) const;

  FileSystem& below_;
  FaultPlan plan_;
  std::vector<Call> calls_;
  uint64_t num_counted_ = 0;
  uint64_t num_faults_ = 0;
};

}  // namespace rowmill
