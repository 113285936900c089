#include "engine/answer_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "base/testing/crashing_file_system.h"
#include "base/testing/faulting_file_system.h"

namespace rowmill {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

AnswerKey KeyOf(int number) {
  Sha256 sum;
  sum.Update(AsBytes(std::to_string(number)));
  return sum.Finish();
}

std::string ValueOf(int number) { return "value " + std::string(static_cast<size_t>(number), 'x'); }

std::vector<std::string> ValuesIn(AnswerStore& store, int number) {
  std::vector<std::string> values;
  store.Find(KeyOf(number), [&](std::span<const std::byte> value) {
    values.emplace_back(reinterpret_cast<const char*>(value.data()), value.size());
    return true;
  });
  return values;
}

class AnswerStoreTest : public testing::Test {
 protected:
  AnswerStoreTest() : files_(MakePosixFileSystem()) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "rowmill-store-XXXXXX").string();
    CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
  }
  ~AnswerStoreTest() override { std::filesystem::remove_all(folder_); }

  std::string StorePath() const { return folder_ + "/store"; }

  void AddTo(FileSystem& files, int begin, int end) {
    AnswerStore store(files, StorePath(), folder_);
    AnswerStore::Writer writer(store);
    for (int i = begin; i < end; ++i) writer.Add(KeyOf(i), AsBytes(ValueOf(i)));
    writer.Publish();
  }

  std::vector<std::string> Names() const { return files_->List(StorePath()); }

  std::unique_ptr<FileSystem> files_;
  std::string folder_;
};

TEST_F(AnswerStoreTest, FindsWhatWasPublishedAndNothingElse) {
  AddTo(*files_, 0, 50);
  AddTo(*files_, 40, 60);
  AnswerStore store(*files_, StorePath(), folder_);
  EXPECT_EQ(store.num_entries(), 70u);
  EXPECT_THAT(ValuesIn(store, 0), ElementsAre(ValueOf(0)));
  EXPECT_THAT(ValuesIn(store, 59), ElementsAre(ValueOf(59)));
  EXPECT_THAT(ValuesIn(store, 45), ElementsAre(ValueOf(45), ValueOf(45)));
  EXPECT_THAT(ValuesIn(store, 60), IsEmpty());
  EXPECT_EQ(store.num_damaged(), 0u);
}

TEST_F(AnswerStoreTest, NothingIsThereBeforePublish) {
  AnswerStore store(*files_, StorePath(), folder_);
  {
    AnswerStore::Writer writer(store);
    writer.Add(KeyOf(1), AsBytes(ValueOf(1)));
    EXPECT_EQ(AnswerStore(*files_, StorePath(), folder_).num_entries(), 0u);
  }
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(AnswerStoreTest, CutAnywhereOrWithAnyByteChangedItGivesRightValuesOrNone) {
  AddTo(*files_, 0, 2);
  const std::string path = StorePath() + "/" + Names().front();
  std::ifstream in(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  const auto look = [&](const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    AnswerStore store(*files_, StorePath(), folder_);
    size_t found = 0;
    for (int i = 0; i < 2; ++i) {
      for (const std::string& value : ValuesIn(store, i)) {
        EXPECT_EQ(value, ValueOf(i));
        ++found;
      }
    }
    // Whatever is missing was noticed, but for a file that ends between two records.
    EXPECT_TRUE(found == 2 || store.num_damaged() > 0 || content.size() < whole.size());
    return found;
  };
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_LT(look(whole.substr(0, size)), 2u);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
    EXPECT_LT(look(changed), 2u) << "byte " << i;
  }
  EXPECT_EQ(look(whole), 2u);
}

TEST_F(AnswerStoreTest, ManyFilesBecomeOne) {
  for (int i = 0; i < static_cast<int>(AnswerStore::kMaxFiles); ++i) AddTo(*files_, i, i + 1);
  EXPECT_EQ(Names().size(), AnswerStore::kMaxFiles);
  AnswerStore early(*files_, StorePath(), folder_);
  AddTo(*files_, 100, 101);
  EXPECT_EQ(Names().size(), 1u);
  AnswerStore store(*files_, StorePath(), folder_);
  EXPECT_EQ(store.num_entries(), AnswerStore::kMaxFiles + 1);
  EXPECT_THAT(ValuesIn(store, 17), ElementsAre(ValueOf(17)));
  EXPECT_THAT(ValuesIn(store, 100), ElementsAre(ValueOf(100)));
  EXPECT_THAT(ValuesIn(early, 17), ElementsAre(ValueOf(17))) << "open files stay readable";
}

TEST_F(AnswerStoreTest, PartsOfTheDeadAreRemovedADayLater) {
  AddTo(*files_, 0, 1);
  std::ofstream(StorePath() + "/old.part") << "half";
  std::ofstream(StorePath() + "/new.part") << "half";
  std::filesystem::last_write_time(
      StorePath() + "/old.part",
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  AnswerStore store(*files_, StorePath(), folder_);
  EXPECT_FALSE(files_->Exists(StorePath() + "/old.part"));
  EXPECT_TRUE(files_->Exists(StorePath() + "/new.part"));
}

// Each call fails once: what was there before is there afterwards, what was added is or is not.
TEST_F(AnswerStoreTest, ACallThatFailsLosesNothingThatWasThere) {
  AddTo(*files_, 0, 3);
  uint64_t num_calls = 0;
  for (uint64_t nth = 1;; ++nth) {
    FaultingFileSystem faulting(*files_, {.nth = nth});
    try {
      AddTo(faulting, 3, 6);
    } catch (const IoError&) {
    }
    if (faulting.num_faults() == 0) break;
    ++num_calls;
    AnswerStore store(*files_, StorePath(), folder_);
    for (int i = 0; i < 6; ++i) {
      for (const std::string& value : ValuesIn(store, i)) EXPECT_EQ(value, ValueOf(i));
      if (i < 3) {
        EXPECT_THAT(ValuesIn(store, i), testing::Contains(ValueOf(i)));
      }
    }
    EXPECT_EQ(store.num_damaged(), 0u);
  }
  EXPECT_GT(num_calls, 10u);
}

TEST_F(AnswerStoreTest, ACrashAtAnyCallLeavesAStoreThatHoldsWhatWasPublished) {
  uint64_t num_states = 0;
  for (uint64_t call = 1;; ++call) {
    CrashingFileSystem disk;
    disk.CreateFolder("data");
    disk.SyncFolder(".");
    const auto add = [&](FileSystem& files, int begin, int end) {
      AnswerStore store(files, "data/store", folder_);
      AnswerStore::Writer writer(store);
      for (int i = begin; i < end; ++i) writer.Add(KeyOf(i), AsBytes(ValueOf(i)));
      writer.Publish();
    };
    add(disk, 0, 3);
    disk.SyncFolder("data");
    disk.CrashAtCall(call);
    bool crashed = false;
    try {
      add(disk, 3, 6);
    } catch (const SimulatedCrash&) {
      crashed = true;
    }
    if (!crashed) break;
    for (const CrashVariant variant : kAllCrashVariants) {
      for (uint64_t seed = 0; seed < NumUsefulSeeds(variant, 3); ++seed) {
        const std::unique_ptr<CrashingFileSystem> after = disk.AfterCrash(variant, seed);
        AnswerStore store(*after, "data/store", folder_);
        for (int i = 0; i < 6; ++i) {
          for (const std::string& value : ValuesIn(store, i)) EXPECT_EQ(value, ValueOf(i));
          if (i < 3) {
            EXPECT_THAT(ValuesIn(store, i), ElementsAre(ValueOf(i))) << Name(variant);
          }
        }
        ++num_states;
      }
    }
  }
  EXPECT_GT(num_states, 20u);
  RecordProperty("states", static_cast<int>(num_states));
}

}  // namespace
}  // namespace rowmill
