#include "base/testing/crashing_file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/error.h"
#include "base/hash.h"

namespace rowmill {
namespace {

using testing::ElementsAre;

void Write(FileSystem& files, const std::string& path, uint64_t offset, const std::string& bytes) {
  files.Open(path, OpenMode::kReadWrite)->WriteAt(offset, AsBytes(bytes));
}

std::string ContentsAfter(const CrashingFileSystem& disk, CrashVariant variant, uint64_t seed,
                          const std::string& path) {
  return disk.AfterCrash(variant, seed)->Contents(path).value_or("missing");
}

TEST(CrashingFileSystem, BehavesLikeAFileSystemWithoutACrash) {
  CrashingFileSystem disk;
  disk.CreateFolder("f");
  disk.CreateFolder("f");
  Write(disk, "f/a", 0, "hello");
  Write(disk, "f/a", 7, "x");
  EXPECT_EQ(disk.Contents("f/a"), std::string("hello\0\0x", 8));
  EXPECT_THROW(disk.Open("f/a", OpenMode::kCreateNew), IoError);
  EXPECT_THROW(disk.Open("f/b", OpenMode::kRead), IoError);
  EXPECT_THROW(disk.Open("g/b", OpenMode::kReadWrite), IoError);
  EXPECT_THROW(disk.Open("f", OpenMode::kRead), IoError);
  EXPECT_THROW(disk.RemoveFolder("f"), IoError);
  const auto file = disk.Open("./f//a", OpenMode::kRead);
  std::byte two[2];
  EXPECT_EQ(file->ReadAt(7, two), 1U);
  EXPECT_EQ(file->ReadAt(8, two), 0U);
  EXPECT_EQ(file->Info().size, 8U);
  disk.Rename("f/a", "f/c");
  EXPECT_THAT(disk.List("f"), ElementsAre("c"));
  EXPECT_EQ(disk.Info("f/c").inode, file->Info().inode);
  EXPECT_EQ(disk.Info("f").kind, FileInfo::Kind::kFolder);
  EXPECT_EQ(disk.Open("f/c", OpenMode::kTruncate)->Info().size, 0U);
  disk.Remove("f/c");
  EXPECT_THROW(disk.Remove("f/c"), IoError);
  disk.RemoveFolder("f");
  EXPECT_FALSE(disk.Exists("f"));
  EXPECT_THROW(disk.SyncFolder("f"), IoError);
}

TEST(CrashingFileSystem, OneLockAtATimeFreedWithItsHolderAndByACrash) {
  CrashingFileSystem disk;
  auto lock = disk.OpenLocked("lock");
  EXPECT_THROW(disk.OpenLocked("lock"), ResourceError);
  disk.SyncFolder(".");
  EXPECT_NO_THROW(disk.AfterCrash(CrashVariant::kKeepAll, 0)->OpenLocked("lock"));
  lock.reset();
  EXPECT_NO_THROW(disk.OpenLocked("lock"));
}

TEST(CrashingFileSystem, TheChosenCallAndAllLaterOnesCrash) {
  CrashingFileSystem disk;
  const auto file = disk.Open("a", OpenMode::kReadWrite);
  disk.CrashAtCall(2);
  file->Sync();
  EXPECT_THROW(disk.SyncFolder("."), SimulatedCrash);
  EXPECT_TRUE(disk.crashed());
  std::byte byte[1];
  EXPECT_THROW(file->ReadAt(0, byte), SimulatedCrash);
  EXPECT_THROW(file->WriteAt(0, AsBytes("x")), SimulatedCrash);
  EXPECT_THROW(disk.Exists("a"), SimulatedCrash);
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDropUnsynced, 0, "a"), "missing");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kKeepAll, 0, "a"), "");
}

TEST(CrashingFileSystem, SyncedBytesNeedASyncedName) {
  CrashingFileSystem disk;
  const auto file = disk.Open("a", OpenMode::kReadWrite);
  file->WriteAt(0, AsBytes("one"));
  file->Sync();
  file->WriteAt(3, AsBytes("two"));
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDropUnsynced, 0, "a"), "missing");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kNamesBeforeData, 0, "a"), "one");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kNamesBeforeData, 1, "a"),
            std::string("one\0\0\0", 6));
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDataBeforeNames, 0, "a"), "missing");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kKeepAll, 0, "a"), "onetwo");
  disk.SyncFolder(".");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDropUnsynced, 0, "a"), "one");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDataBeforeNames, 0, "a"), "onetwo");
}

TEST(CrashingFileSystem, RenameMayComeBeforeTheData) {
  CrashingFileSystem disk;
  disk.Put("a", "old");
  Write(disk, "a.part", 0, "new");
  disk.Rename("a.part", "a");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kNamesBeforeData, 0, "a"), "");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDropUnsynced, 0, "a"), "old");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDataBeforeNames, 0, "a"), "old");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kKeepAll, 0, "a"), "new");
}

TEST(CrashingFileSystem, RemovalsAndFoldersAreLostWithoutASync) {
  CrashingFileSystem disk;
  disk.Put("a", "x");
  disk.Remove("a");
  disk.CreateFolder("f");
  Write(disk, "f/b", 0, "y");
  disk.SyncFolder("f");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDropUnsynced, 0, "a"), "x");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDropUnsynced, 0, "f/b"), "missing");
  disk.SyncFolder(".");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDropUnsynced, 0, "a"), "missing");
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDropUnsynced, 0, "f/b"), "");
}

TEST(CrashingFileSystem, RandomVariantsReachEveryOutcomeAndRepeat) {
  CrashingFileSystem disk;
  disk.Put("a", std::string(1024, '0'));
  Write(disk, "a", 0, std::string(512, '1'));
  Write(disk, "a", 512, std::string(512, '2'));
  std::set<std::string> subset;
  std::set<std::string> prefix;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::string bytes = ContentsAfter(disk, CrashVariant::kRandomSubset, seed, "a");
    EXPECT_EQ(bytes, ContentsAfter(disk, CrashVariant::kRandomSubset, seed, "a"));
    subset.insert({bytes[0], bytes[600]});
    const std::string ordered = ContentsAfter(disk, CrashVariant::kRandomPrefix, seed, "a");
    prefix.insert({ordered[0], ordered[600]});
  }
  EXPECT_THAT(subset, ElementsAre("00", "02", "10", "12"));
  EXPECT_THAT(prefix, ElementsAre("00", "10", "12"));
}

TEST(CrashingFileSystem, AWriteIsTornAtSectorEdgesOnly) {
  CrashingFileSystem disk;
  disk.Put("a", std::string(100, '0'));
  Write(disk, "a", 100, std::string(1400, '1'));  // Edges at 512 and 1024.
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const std::string bytes = ContentsAfter(disk, CrashVariant::kRandomSubset, seed, "a");
    std::string outcome;
    for (const auto& [begin, end] : {std::pair{100, 512}, {512, 1024}, {1024, 1500}}) {
      if (bytes.size() < static_cast<size_t>(end)) break;
      const std::string sector = bytes.substr(begin, end - begin);
      EXPECT_EQ(sector.find_first_not_of(sector[0]), std::string::npos);
      outcome.push_back(sector[0] == '1' ? '1' : '.');
    }
    outcomes.insert(outcome);
  }
  // Cut short, whole, and with each hole.
  for (const char* outcome : {"", "1", "11", "111", "1.1", "..1", ".11", "1..", "...", ".1"}) {
    EXPECT_TRUE(outcomes.contains(outcome)) << outcome;
  }
}

TEST(CrashingFileSystem, AKilledProcessLeavesTheWriteUnderWayCut) {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    CrashingFileSystem disk;
    const auto file = disk.Open("a", OpenMode::kReadWrite);
    disk.CrashAtCall(1);
    EXPECT_THROW(file->WriteAt(0, AsBytes(std::string(1200, 'x'))), SimulatedCrash);
    const std::string bytes = ContentsAfter(disk, CrashVariant::kKeepAll, seed, "a");
    EXPECT_EQ(bytes, std::string(bytes.size(), 'x'));
    sizes.insert(bytes.size());
  }
  EXPECT_THAT(sizes, ElementsAre(0, 512, 1024, 1200));
}

TEST(CrashingFileSystem, AfterAKillThePowerCanStillGo) {
  CrashingFileSystem disk;
  disk.Put("a", "old");
  Write(disk, "a", 0, "new");
  Write(disk, "b", 0, "x");
  disk.Rename("b", "c");
  const auto killed = disk.AfterCrash(CrashVariant::kKeepAll, 0);
  EXPECT_EQ(killed->Contents("a"), "new");
  EXPECT_THAT(killed->List("."), ElementsAre("a", "c"));
  EXPECT_EQ(ContentsAfter(*killed, CrashVariant::kDropUnsynced, 0, "a"), "old");
  EXPECT_EQ(ContentsAfter(*killed, CrashVariant::kDropUnsynced, 0, "c"), "missing");
  killed->Open("a", OpenMode::kReadWrite)->Sync();
  killed->Open("c", OpenMode::kReadWrite)->Sync();
  killed->SyncFolder(".");
  EXPECT_EQ(ContentsAfter(*killed, CrashVariant::kDropUnsynced, 0, "a"), "new");
  EXPECT_EQ(ContentsAfter(*killed, CrashVariant::kDropUnsynced, 0, "c"), "x");
  EXPECT_EQ(disk.Contents("a"), "new") << "the first disk must not change";
  EXPECT_EQ(ContentsAfter(disk, CrashVariant::kDropUnsynced, 0, "a"), "old");
}

}  // namespace
}  // namespace rowmill
