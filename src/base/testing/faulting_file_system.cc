#include "base/testing/faulting_file_system.h"

#include <system_error>
#include <utility>

#include "base/error.h"

namespace rowmill {
namespace {

const char* Name(FileOperation operation) {
  switch (operation) {
    case FileOperation::kOpen:
      return "open";
    case FileOperation::kRead:
      return "read";
    case FileOperation::kWrite:
      return "write";
    case FileOperation::kTruncate:
      return "truncate";
    case FileOperation::kSync:
      return "sync";
    case FileOperation::kInfo:
      return "stat";
    case FileOperation::kClose:
      return "close";
    case FileOperation::kRename:
      return "rename";
    case FileOperation::kRemove:
      return "remove";
    case FileOperation::kCreateFolder:
      return "create folder";
    case FileOperation::kList:
      return "list";
    case FileOperation::kSyncFolder:
      return "sync folder";
    case FileOperation::kFreeBytes:
      return "statvfs";
    case FileOperation::kOpenLocked:
      return "lock";
  }
  return "?";
}

}  // namespace

class FaultingFile : public File {
 public:
  FaultingFile(FaultingFileSystem& system, std::string path, std::unique_ptr<File> below)
      : system_(system), path_(std::move(path)), below_(std::move(below)) {}

  size_t ReadAt(uint64_t offset, std::span<std::byte> out) override {
    system_.Count(FileOperation::kRead, path_);
    return below_->ReadAt(offset, out);
  }
  void WriteAt(uint64_t offset, std::span<const std::byte> bytes) override {
    if (system_.IsFault(FileOperation::kWrite, path_)) {
      if (system_.plan_.failed_write == FaultPlan::FailedWrite::kFirstHalf) {
        below_->WriteAt(offset, bytes.first(bytes.size() / 2));
      }
      system_.Fail(FileOperation::kWrite, path_);
    }
    below_->WriteAt(offset, bytes);
  }
  void Truncate(uint64_t size) override {
    system_.Count(FileOperation::kTruncate, path_);
    below_->Truncate(size);
  }
  void Sync() override {
    system_.Count(FileOperation::kSync, path_);
    below_->Sync();
  }
  FileInfo Info() override {
    system_.Count(FileOperation::kInfo, path_);
    return below_->Info();
  }
  void Close() override {
    const bool fault = system_.IsFault(FileOperation::kClose, path_);
    // close() frees the descriptor even where it reports a failure.
    below_->Close();
    if (fault) system_.Fail(FileOperation::kClose, path_);
  }

 private:
  FaultingFileSystem& system_;
  std::string path_;
  std::unique_ptr<File> below_;
};

FaultingFileSystem::FaultingFileSystem(FileSystem& below, const FaultPlan& plan)
    : below_(below), plan_(plan) {}

bool FaultingFileSystem::IsFault(FileOperation operation, const std::string& path) {
  calls_.push_back({operation, path});
  if ((plan_.operations & static_cast<uint32_t>(operation)) == 0) return false;
  ++num_counted_;
  if (plan_.nth == 0) return false;
  const bool fault = plan_.duration == FaultPlan::Duration::kOnce ? num_counted_ == plan_.nth
                                                                  : num_counted_ >= plan_.nth;
  if (fault) ++num_faults_;
  return fault;
}

void FaultingFileSystem::Fail(FileOperation operation, const std::string& path) const {
  throw IoError(std::string("cannot ") + Name(operation) + " '" + path +
                "': " + std::generic_category().message(plan_.error_number) + " (injected)");
}

void FaultingFileSystem::Count(FileOperation operation, const std::string& path) {
  if (IsFault(operation, path)) Fail(operation, path);
}

std::unique_ptr<File> FaultingFileSystem::Open(const std::string& path, OpenMode mode) {
  Count(FileOperation::kOpen, path);
  return std::make_unique<FaultingFile>(*this, path, below_.Open(path, mode));
}

bool FaultingFileSystem::Exists(const std::string& path) {
  Count(FileOperation::kInfo, path);
  return below_.Exists(path);
}

FileInfo FaultingFileSystem::Info(const std::string& path) {
  Count(FileOperation::kInfo, path);
  return below_.Info(path);
}

void FaultingFileSystem::Rename(const std::string& from, const std::string& to) {
  Count(FileOperation::kRename, from);
  below_.Rename(from, to);
}

void FaultingFileSystem::Remove(const std::string& path) {
  Count(FileOperation::kRemove, path);
  below_.Remove(path);
}

void FaultingFileSystem::RemoveFolder(const std::string& path) {
  Count(FileOperation::kRemove, path);
  below_.RemoveFolder(path);
}

void FaultingFileSystem::CreateFolder(const std::string& path) {
  Count(FileOperation::kCreateFolder, path);
  below_.CreateFolder(path);
}

std::vector<std::string> FaultingFileSystem::List(const std::string& folder) {
  Count(FileOperation::kList, folder);
  return below_.List(folder);
}

void FaultingFileSystem::SyncFolder(const std::string& path) {
  Count(FileOperation::kSyncFolder, path);
  below_.SyncFolder(path);
}

uint64_t FaultingFileSystem::FreeBytes(const std::string& path) {
  Count(FileOperation::kFreeBytes, path);
  return below_.FreeBytes(path);
}

std::unique_ptr<File> FaultingFileSystem::OpenLocked(const std::string& path) {
  Count(FileOperation::kOpenLocked, path);
  return std::make_unique<FaultingFile>(*this, path, below_.OpenLocked(path));
}

}  // namespace rowmill
