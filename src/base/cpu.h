// What the processor can do and how much of it this process may use. Read once by main() and handed
// on; nothing here is global.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowmill {

struct CpuFeatures {
  bool avx2 = false;    // with FMA, F16C and BMI2: the baseline of the avx2 class
  bool avx512 = false;  // F, BW, DQ, VL, and the kernel saves the registers
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  // The kernel saves the tiles and has given them to this process, which detection asks for.
  bool amx_int8 = false;
  bool amx_bf16 = false;
  bool neon = false;  // on every aarch64
  bool neon_dotprod = false;
  bool neon_i8mm = false;
};

struct CpuTopology {
  std::string model_name;
  int online_cpus = 1;        // in the machine
  int allowed_cpus = 1;       // in this process's affinity mask
  int physical_cores = 1;     // distinct cores behind the allowed CPUs
  int numa_nodes = 1;         // that hold an allowed CPU
  double cgroup_quota = 0;    // CPUs' worth of time the cgroup allows; 0 = no limit
  uint64_t memory_bytes = 0;  // of the machine, or of the cgroup where that is less
  // What compute threads are worth starting: cores, clamped to the quota rounded up.
  int usable_cores = 1;
};

// Before any other thread starts: what the kernel gives to the process then is given to them too.
CpuFeatures DetectCpuFeatures();
CpuTopology DetectCpuTopology();
// The features as the words that /proc/cpuinfo uses, for reports.
std::vector<std::string> FeatureNames(const CpuFeatures& features);
// The numbers of the CPUs that this process may run on, ascending; what pinning chooses from.
std::vector<int> AllowedCpus();
// The numbers in a list as Linux writes them, "0-3,8"; what cannot be understood is left out.
std::vector<int> ParseCpuList(std::string_view list);

}  // namespace rowmill
