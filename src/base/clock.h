// The clock that durations are measured by.
#pragma once

#include <chrono>

namespace rowmill {

using SteadyTime = std::chrono::steady_clock::time_point;

inline double SecondsSince(SteadyTime start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace rowmill
