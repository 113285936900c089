#include "base/cgroup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace rowmill {
namespace {

// A root folder with the files of /proc and /sys that a test wants.
class CgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = ::testing::TempDir() + "rowmill_cgroup_" + info->name();
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    const std::filesystem::path full = root_ + path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  void MountVersion2(const std::string& shown = "/") {
    Write("/proc/self/mountinfo",
          "20 1 0:5 / /proc rw - proc proc rw\n"
          "30 24 0:26 " +
              shown + " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  void MountVersion1() {
    Write("/proc/self/mountinfo",
          "31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
          "32 25 0:28 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n");
  }

  std::string root_;
};

TEST_F(CgroupTest, MissingFilesMeanNoLimit) {
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_EQ(limits.cpus, 0);
  EXPECT_EQ(limits.memory_bytes, 0U);
}

TEST_F(CgroupTest, ReadsVersion2) {
  MountVersion2();
  Write("/proc/self/cgroup", "0::/job.slice/run\n");
  Write("/sys/fs/cgroup/job.slice/run/cpu.max", "250000 100000\n");
  Write("/sys/fs/cgroup/job.slice/run/memory.max", "1073741824\n");
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_EQ(limits.cpus, 2.5);
  EXPECT_EQ(limits.memory_bytes, uint64_t{1} << 30);
}

TEST_F(CgroupTest, MaxMeansNoLimit) {
  MountVersion2();
  Write("/proc/self/cgroup", "0::/run\n");
  Write("/sys/fs/cgroup/run/cpu.max", "max 100000\n");
  Write("/sys/fs/cgroup/run/memory.max", "max\n");
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_EQ(limits.cpus, 0);
  EXPECT_EQ(limits.memory_bytes, 0U);
}

TEST_F(CgroupTest, TakesTheTightestOfAllLevels) {
  MountVersion2();
  Write("/proc/self/cgroup", "0::/a/b/c\n");
  Write("/sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n");
  Write("/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
  Write("/sys/fs/cgroup/a/memory.max", "5000000\n");
  Write("/sys/fs/cgroup/a/b/c/memory.max", "9000000\n");
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_EQ(limits.cpus, 1.5);
  EXPECT_EQ(limits.memory_bytes, 5000000U);
}

// A container whose mount shows only its own group, while /proc/self/cgroup still has the whole
// path.
TEST_F(CgroupTest, FollowsAMountThatBeginsAtTheContainersGroup) {
  MountVersion2("/docker/abc");
  Write("/proc/self/cgroup", "0::/docker/abc/inner\n");
  Write("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  Write("/sys/fs/cgroup/inner/cpu.max", "300000 100000\n");
  EXPECT_EQ(ReadCgroupLimits(root_).cpus, 2.0);
}

TEST_F(CgroupTest, ReadsVersion1) {
  MountVersion1();
  Write("/proc/self/cgroup", "7:memory:/box\n5:cpu,cpuacct:/box\n1:name=systemd:/box\n0::/box\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "50000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
  Write("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "2147483648\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_EQ(limits.cpus, 0.5);
  EXPECT_EQ(limits.memory_bytes, uint64_t{2} << 30);
}

TEST_F(CgroupTest, MinusOneAndTheLargestNumberMeanNoLimit) {
  MountVersion1();
  Write("/proc/self/cgroup", "7:memory:/\n5:cpu,cpuacct:/\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_EQ(limits.cpus, 0);
  EXPECT_EQ(limits.memory_bytes, 0U);
}

TEST_F(CgroupTest, IgnoresWhatItDoesNotUnderstand) {
  MountVersion2();
  Write("/proc/self/cgroup", "garbage\n0::\n::\n0::/x/../..\n");
  Write("/sys/fs/cgroup/cpu.max", "100000 0\n");
  Write("/sys/fs/cgroup/memory.max", "99999999999999999999999999\n");
  const CgroupLimits limits = ReadCgroupLimits(root_);
  EXPECT_EQ(limits.cpus, 0);
  EXPECT_EQ(limits.memory_bytes, 0U);
}

}  // namespace
}  // namespace rowmill
