#include "base/testing/faulting_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/hash.h"
#include "base/testing/crashing_file_system.h"

namespace rowmill {
namespace {

using testing::HasSubstr;

// One call of each kind; the names of those that threw are returned.
std::string FailedCalls(FileSystem& files) {
  std::string failed;
  const auto attempt = [&](const char* name, const std::function<void()>& call) {
    try {
      call();
    } catch (const IoError&) {
      failed += std::string(name) + " ";
    }
  };
  std::unique_ptr<File> file;
  std::byte buffer[4];
  attempt("open", [&] { file = files.Open("a", OpenMode::kReadWrite); });
  if (file == nullptr) return failed;
  attempt("write", [&] { file->WriteAt(0, AsBytes("abcd")); });
  attempt("read", [&] { file->ReadAt(0, buffer); });
  attempt("truncate", [&] { file->Truncate(2); });
  attempt("sync", [&] { file->Sync(); });
  attempt("file_info", [&] { file->Info(); });
  attempt("close", [&] { file->Close(); });
  attempt("exists", [&] { files.Exists("a"); });
  attempt("info", [&] { files.Info("a"); });
  attempt("rename", [&] { files.Rename("a", "b"); });
  if (!files.Exists("b")) files.Rename("a", "b");
  attempt("remove", [&] { files.Remove("b"); });
  attempt("create_folder", [&] { files.CreateFolder("f"); });
  files.CreateFolder("f");
  attempt("list", [&] { files.List("f"); });
  attempt("sync_folder", [&] { files.SyncFolder("."); });
  attempt("remove_folder", [&] { files.RemoveFolder("f"); });
  attempt("free_bytes", [&] { files.FreeBytes("."); });
  attempt("lock", [&] { files.OpenLocked("lock"); });
  return failed;
}

TEST(FaultingFileSystem, WithoutAPlanEveryCallGoesThrough) {
  CrashingFileSystem disk;
  FaultingFileSystem files(disk, {});
  EXPECT_EQ(FailedCalls(files), "");
  EXPECT_EQ(files.num_faults(), 0U);
  EXPECT_EQ(files.calls().front().path, "a");
  EXPECT_EQ(files.calls().front().operation, FileOperation::kOpen);
  EXPECT_EQ(files.num_counted(), files.calls().size());
}

TEST(FaultingFileSystem, EachOperationFailsWhenNamed) {
  const std::pair<FileOperation, std::string> cases[] = {
      {FileOperation::kOpen, "open "},
      {FileOperation::kRead, "read "},
      {FileOperation::kWrite, "write "},
      {FileOperation::kTruncate, "truncate "},
      {FileOperation::kSync, "sync "},
      {FileOperation::kInfo, "file_info "},
      {FileOperation::kClose, "close "},
      {FileOperation::kRename, "rename "},
      {FileOperation::kRemove, "remove "},
      {FileOperation::kCreateFolder, "create_folder "},
      {FileOperation::kList, "list "},
      {FileOperation::kSyncFolder, "sync_folder "},
      {FileOperation::kFreeBytes, "free_bytes "},
      {FileOperation::kOpenLocked, "lock "}};
  for (const auto& [operation, expected] : cases) {
    CrashingFileSystem disk;
    FaultPlan plan;
    plan.operations = static_cast<uint32_t>(operation);
    plan.nth = 1;
    FaultingFileSystem files(disk, plan);
    EXPECT_EQ(FailedCalls(files), expected);
    EXPECT_EQ(files.num_faults(), 1U);
  }
}

TEST(FaultingFileSystem, OnlyTheNthCountedCallFailsWithItsReason) {
  CrashingFileSystem disk;
  FaultPlan plan;
  plan.operations = FileOperation::kWrite | FileOperation::kSync;
  plan.nth = 3;
  plan.error_number = ENOSPC;
  FaultingFileSystem files(disk, plan);
  const auto file = files.Open("a", OpenMode::kReadWrite);
  file->WriteAt(0, AsBytes("1"));
  file->Sync();
  try {
    file->WriteAt(1, AsBytes("2"));
    FAIL() << "the third counted call must fail";
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr("No space left on device"));
    EXPECT_THAT(error.what(), HasSubstr("write 'a'"));
  }
  file->WriteAt(1, AsBytes("3"));
  EXPECT_EQ(disk.Contents("a"), "13");
}

TEST(FaultingFileSystem, AFullDiskStaysFullAndKeepsHalfAWrite) {
  CrashingFileSystem disk;
  FaultPlan plan;
  plan.operations = static_cast<uint32_t>(FileOperation::kWrite);
  plan.nth = 2;
  plan.duration = FaultPlan::Duration::kFromThenOn;
  plan.failed_write = FaultPlan::FailedWrite::kFirstHalf;
  FaultingFileSystem files(disk, plan);
  const auto file = files.Open("a", OpenMode::kReadWrite);
  file->WriteAt(0, AsBytes("ab"));
  EXPECT_THROW(file->WriteAt(2, AsBytes("cdef")), IoError);
  EXPECT_EQ(disk.Contents("a"), "abcd");
  EXPECT_THROW(file->WriteAt(4, AsBytes("")), IoError);
  EXPECT_EQ(files.num_faults(), 2U);
}

}  // namespace
}  // namespace rowmill
