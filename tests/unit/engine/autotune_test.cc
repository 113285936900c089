#include "engine/autotune.h"

#include <gtest/gtest.h>

#include "base/testing/crashing_file_system.h"

namespace rowmill {
namespace {

TEST(Tuning, IsKeptForItsKeyAlone) {
  CrashingFileSystem disk;
  disk.PutFolder("cache");
  const TuneSettings first = {{2, 1}, 128};
  const TuneSettings second = {{1, 4}, 512};
  KeepTuning(disk, "cache/tuning", "a", first);
  KeepTuning(disk, "cache/tuning", "b", second);
  EXPECT_EQ(FindTuning(disk, "cache/tuning", "a"), first);
  EXPECT_EQ(FindTuning(disk, "cache/tuning", "b"), second);
  EXPECT_EQ(FindTuning(disk, "cache/tuning", "c"), std::nullopt);
  KeepTuning(disk, "cache/tuning", "a", second);
  EXPECT_EQ(FindTuning(disk, "cache/tuning", "a"), second);
  EXPECT_EQ(FindTuning(disk, "cache/none", "a"), std::nullopt);
  EXPECT_EQ(FindTuning(disk, "", "a"), std::nullopt);
}

TEST(Tuning, LinesThatAreNoneAreSkipped) {
  CrashingFileSystem disk;
  disk.PutFolder("cache");
  disk.Put("cache/tuning",
           "a 2 1\nb 0 1 64\nc 2 1 64 9\n\nd\ne 99999999999999999999 1 1\nf 3 1 64");
  for (const char* key : {"a", "b", "c", "d", "e", ""}) {
    EXPECT_EQ(FindTuning(disk, "cache/tuning", key), std::nullopt) << key;
  }
  EXPECT_EQ(FindTuning(disk, "cache/tuning", "f"), (TuneSettings{{3, 1}, 64}));
}

TEST(Tuning, IsSaidWithWhatItIsComparedWith) {
  Tuning tuning;
  tuning.best = {{2, 1}, 256};
  tuning.points = {{tuning.best, 10.0}, {{{1, 2}, 256}, 7.5}};
  EXPECT_EQ(Describe(tuning),
            "2 units of 1 thread, 256 tokens a step (1 unit of 2 threads, 256 tokens a step: 75 % "
            "of its speed)");
}

}  // namespace
}  // namespace rowmill
