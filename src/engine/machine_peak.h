// What the machine could do at most: arithmetic and memory peaks, from loops that do nothing else.
// Figures are measured against them.
//
// What it is not: part of any result, or a choice of kernels.
#pragma once

#include <cstddef>

namespace rowmill {

struct MachinePeak {
  double int8_macs = 0.0;   // per second, vpdpbusd on 512 bits; 0 where the CPU has none
  double f32_macs = 0.0;    // per second, fused multiply-add on 512 bits; 0 where it has none
  double read_bytes = 0.0;  // per second, in order, of memory beyond the caches
};

// Of `num_threads` threads that work at the same time. Takes a third of a second and 128 MiB.
MachinePeak MeasurePeak(size_t num_threads);

}  // namespace rowmill
