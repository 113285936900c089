// How much processor time and memory the control groups of this process allow, version 1 and 2.
// Read because containers limit by cgroup, not by the number of CPUs that they show: a container
// that shows 64 CPUs and may use two of them is throttled, for most of each period, if 64 threads
// are started. Interface: Linux kernel, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
#pragma once

#include <cstdint>
#include <string>

namespace rowmill {

struct CgroupLimits {
  double cpus = 0;            // CPUs' worth of time per period; 0 = no limit
  uint64_t memory_bytes = 0;  // 0 = no limit
};

// The tightest limits from this process's groups up to their roots. Files that are missing or
// cannot be understood mean no limit: this advises, it does not enforce. `root` is put before every
// path, for tests; the real one is "".
CgroupLimits ReadCgroupLimits(const std::string& root);

}  // namespace rowmill
