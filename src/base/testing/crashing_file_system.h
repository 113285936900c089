// A file system in memory that can lose power. For each file it keeps the synced bytes and the
// writes since, for each folder the synced names and the changes since. A chosen call "crashes": it
// throws, and so does every later call, as the process is dead. AfterCrash() then builds a disk
// that the machine could find after the restart, in several ways, and the real recovery code runs
// on it.
//
// The model is the weakest that POSIX promises, weaker than ext4 or XFS deliver: nothing is ordered
// without a sync, a synced file may lack its name, a name may come without its data, and a write
// may be torn at every 512-byte edge of the file. The method is that of ALICE (Pillai et al., OSDI
// 2014) and of LazyFS (Ramos et al., VLDB 2024), but complete for the recorded run.
//
// What it is not: a full POSIX (no links, no permissions, folders cannot be renamed, files cannot
// be renamed into another folder). Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"

namespace rowmill {

// Thrown by the crashing call and by all that follow. Deliberately no std::exception, so that code
// under test cannot handle it by accident.
struct SimulatedCrash {};

enum class CrashVariant : uint8_t {
  kDropUnsynced,  // only what was synced is there
  kKeepAll,  // kill -9: the machine stays up, what is unsynced stays so; the write under way is cut
  kNamesBeforeData,  // all folder changes, but only synced bytes (or zeros where files had grown)
  kDataBeforeNames,  // all bytes, but only synced names
  kRandomPrefix,     // all changes up to a random moment, none after
  kRandomSubset,     // any subset of the unsynced changes; the kept last write of a file is torn
};
inline constexpr CrashVariant kAllCrashVariants[] = {
    CrashVariant::kDropUnsynced,    CrashVariant::kKeepAll,      CrashVariant::kNamesBeforeData,
    CrashVariant::kDataBeforeNames, CrashVariant::kRandomPrefix, CrashVariant::kRandomSubset};
// Random variants are worth several seeds; kNamesBeforeData has two forms (seed even or odd).
uint64_t NumUsefulSeeds(CrashVariant variant, uint64_t num_random_seeds);
const char* Name(CrashVariant variant);

class CrashingFileSystem : public FileSystem {
 public:
  CrashingFileSystem();
  ~CrashingFileSystem() override;

  // The n-th changing call from now on (1 is the next) throws SimulatedCrash. Reading, closing and
  // asking change nothing and are not counted: a crash there equals one at the next changing call.
  void CrashAtCall(uint64_t n);
  // Changing calls since the construction.
  uint64_t num_calls() const { return num_calls_; }
  bool crashed() const { return crashed_; }

  // A disk after the crash, or after a power loss at this moment. Equal arguments, equal disks.
  // With kKeepAll only the process has died: the page cache lives on, and a later power loss may
  // still take what nobody has synced. With all others the machine has been down.
  std::unique_ptr<CrashingFileSystem> AfterCrash(CrashVariant variant, uint64_t seed) const;

  // For tests: the bytes of a file as a reader sees them, or nullopt; a file put there with its
  // name and bytes synced (its folder must exist). Neither counts as a call.
  std::optional<std::string> Contents(const std::string& path) const;
  void Put(const std::string& path, std::string_view bytes);
  void PutFolder(const std::string& path);

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

  struct Node;  // a file or a folder; see the .cc

 private:
  friend class CrashingFile;

  std::unique_ptr<CrashingFileSystem> AfterKill(uint64_t seed) const;

  struct Place {
    std::shared_ptr<Node> folder;  // null where the folder is missing
    std::string name;
  };

  void CheckAlive() const;
  // Counts a changing call. Throws where it is the crashing one, except in a write, which leaves
  // its bytes behind first and so asks IsCrash() itself.
  void CountChange();
  bool IsCrash();
  std::shared_ptr<Node> NewNode(FileInfo::Kind kind);
  Place Locate(const std::string& path) const;
  std::shared_ptr<Node> Find(const std::string& path) const;
  std::shared_ptr<Node> FindFolder(const std::string& path, const char* operation) const;
  Place LocateIn(const std::string& path, const char* operation) const;
  std::shared_ptr<Node> OpenNode(const std::string& path, OpenMode mode);
  void ChangeName(Node& folder, const std::string& removed, const std::string& added,
                  const std::shared_ptr<Node>& node);

  std::shared_ptr<Node> root_;
  uint64_t num_nodes_ = 0;
  uint64_t num_calls_ = 0;
  uint64_t crash_at_call_ = 0;
  uint64_t num_changes_ = 0;  // the moment of the last change, for kRandomPrefix
  bool crashed_ = false;
};

}  // namespace rowmill
