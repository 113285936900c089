// Interactions for tests: small ones written down, and larger ones with a pattern to be found.
#pragma once

#include <vector>

#include "base/cpu.h"
#include "kernels/dispatch.h"
#include "recommend/interactions.h"
#include "recommend/random_bits.h"

namespace rowmill::testing {

inline const kernels::KernelTable& Kernels(const char* isa = "auto") {
  return kernels::SelectTable(DetectCpuFeatures(), isa);
}

// Histories, oldest first; every rating is 1.
inline Interactions FromHistories(size_t num_items,
                                  const std::vector<std::vector<uint32_t>>& histories) {
  Interactions out;
  out.num_items = num_items;
  for (const std::vector<uint32_t>& history : histories) {
    out.items.insert(out.items.end(), history.begin(), history.end());
    out.begin.push_back(out.items.size());
  }
  out.ratings.assign(out.items.size(), 1.0f);
  return out;
}

// Users of `num_groups` tastes. Each takes items of its own group (item % num_groups), and one in
// eight of any; ratings are 5 in the group and 2 outside.
inline Interactions Grouped(size_t num_users, size_t num_items, size_t num_groups,
                            size_t per_user) {
  Interactions out;
  out.num_items = num_items;
  for (size_t user = 0; user < num_users; ++user) {
    std::vector<bool> has(num_items, false);
    for (uint64_t place = 0, count = 0; count < per_user; ++place) {
      const uint64_t bits = RandomBits(user, place);
      uint64_t item = (bits >> 8) % num_items;
      if (bits % 8 != 0) {
        item = (item / num_groups * num_groups + user % num_groups) % num_items;
      }
      if (has[item]) continue;
      has[item] = true;
      ++count;
      out.items.push_back(static_cast<uint32_t>(item));
      out.ratings.push_back(item % num_groups == user % num_groups ? 5.0f : 2.0f);
    }
    out.begin.push_back(out.items.size());
  }
  return out;
}

}  // namespace rowmill::testing
