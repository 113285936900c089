#include "base/cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The kernel's own list is the oracle. It may leave features out (a flag given at boot), never add
// any.
TEST(CpuFeaturesTest, AgreesWithProcCpuinfo) {
  std::ifstream file("/proc/cpuinfo");
  std::set<std::string> words;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags") && !line.starts_with("Features")) continue;
    std::istringstream fields(line);
    for (std::string word; fields >> word;) words.insert(word);
  }
  if (words.empty()) GTEST_SKIP() << "/proc/cpuinfo has no feature words";
  const CpuFeatures features = DetectCpuFeatures();
  for (const std::string& name : FeatureNames(features)) EXPECT_TRUE(words.contains(name)) << name;
  const auto has = [&words](const char* word) { return words.contains(word); };
  EXPECT_EQ(features.avx2, has("avx2") && has("fma") && has("f16c") && has("bmi2"));
  EXPECT_EQ(features.avx512,
            has("avx512f") && has("avx512dq") && has("avx512bw") && has("avx512vl"));
  EXPECT_EQ(features.avx512_vnni, has("avx512_vnni"));
  EXPECT_EQ(features.avx512_bf16, has("avx512_bf16"));
  EXPECT_EQ(features.amx_int8, has("amx_int8"));
  EXPECT_EQ(features.amx_bf16, has("amx_bf16"));
  EXPECT_EQ(features.neon, has("asimd"));
  EXPECT_EQ(features.neon_dotprod, has("asimddp"));
  EXPECT_EQ(features.neon_i8mm, has("i8mm"));
}

TEST(CpuFeaturesTest, NamesWhatIsThere) {
  CpuFeatures features;
  EXPECT_THAT(FeatureNames(features), IsEmpty());
  features.amx_bf16 = true;
  features.neon_i8mm = true;
  EXPECT_THAT(FeatureNames(features), ElementsAre("amx_tile", "amx_bf16", "i8mm"));
}

TEST(CpuTopologyTest, IsConsistent) {
  const CpuTopology topology = DetectCpuTopology();
  EXPECT_FALSE(topology.model_name.empty());
  EXPECT_GE(topology.online_cpus, 1);
  EXPECT_GE(topology.allowed_cpus, topology.physical_cores);
  EXPECT_GE(topology.physical_cores, topology.usable_cores);
  EXPECT_GE(topology.usable_cores, 1);
  EXPECT_GE(topology.numa_nodes, 1);
  EXPECT_GT(topology.memory_bytes, uint64_t{16} << 20);
}

TEST(CpuTopologyTest, HonoursTheAffinityMask) {
  // In a thread of its own, so that the mask of the others stays as it is.
  std::thread([] {
    const int cpu = AllowedCpus().back();
    if (cpu >= CPU_SETSIZE) return;
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(static_cast<size_t>(cpu), &mask);
    ASSERT_EQ(sched_setaffinity(0, sizeof(mask), &mask), 0);
    EXPECT_THAT(AllowedCpus(), ElementsAre(cpu));
    const CpuTopology topology = DetectCpuTopology();
    EXPECT_EQ(topology.allowed_cpus, 1);
    EXPECT_EQ(topology.physical_cores, 1);
    EXPECT_EQ(topology.usable_cores, 1);
    EXPECT_EQ(topology.numa_nodes, 1);
  }).join();
}

TEST(ParseCpuListTest, ReadsRangesAndNumbers) {
  EXPECT_THAT(ParseCpuList("0-3,8,10-11"), ElementsAre(0, 1, 2, 3, 8, 10, 11));
  EXPECT_THAT(ParseCpuList("5\n"), ElementsAre(5));
  EXPECT_THAT(ParseCpuList(""), IsEmpty());
}

TEST(ParseCpuListTest, StopsAtWhatItDoesNotUnderstand) {
  EXPECT_THAT(ParseCpuList("1,x"), ElementsAre(1));
  EXPECT_THAT(ParseCpuList("3-1"), IsEmpty());
  EXPECT_THAT(ParseCpuList("0-"), IsEmpty());
  EXPECT_THAT(ParseCpuList("0-99999999999"), IsEmpty());
  EXPECT_THAT(ParseCpuList("-4"), IsEmpty());
}

}  // namespace
}  // namespace rowmill
