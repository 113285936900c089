#include "recommend/item_weights.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "recommend/positive_definite.h"

namespace rowmill {
namespace {

constexpr size_t kItemsPerTask = 32;
// What a user's history adds to the neighbours of an item: its latest part. A history of a million
// items is a program's, and would cost its square.
constexpr size_t kMostHistory = 2000;

// Runs work(item, worker) over all items, some at a time.
void ForItems(size_t num_items, ThreadTeam& team, FunctionRef<void(size_t, size_t)> work) {
  team.ParallelFor((num_items + kItemsPerTask - 1) / kItemsPerTask,
                   [&](size_t task, size_t worker) {
                     const size_t begin = task * kItemsPerTask;
                     const size_t end = std::min(begin + kItemsPerTask, num_items);
                     for (size_t item = begin; item < end; ++item) work(item, worker);
                   });
}

}  // namespace

ItemWeights ItemWeights::Ease(const Interactions& interactions, double lambda,
                              const kernels::KernelTable& kernels, ThreadTeam& team) {
  const size_t n = interactions.num_items;
  CHECK(n > 0 && n <= kMostDenseItems);
  ItemWeights out;
  out.num_items_ = n;
  out.dense_ = AlignedBuffer<float>(n * n);
  float* w = out.dense_.data();
  const UsersByItem by_item(interactions);
  // Counts are whole numbers below 2^24, so that no order of adding changes them.
  ForItems(n, team, [&](size_t item, size_t) {
    float* row = w + item * n;
    for (const uint32_t user : by_item.UsersOf(item)) {
      for (const uint32_t other : interactions.ItemsOf(user)) row[other] += 1.0f;
    }
    row[item] += static_cast<float>(lambda);
  });
  InvertPositiveDefinite(out.dense_, n, kernels, team);
  std::vector<float> diagonal(n);
  for (size_t item = 0; item < n; ++item) diagonal[item] = w[item * n + item];
  ForItems(n, team, [&](size_t item, size_t) {
    float* row = w + item * n;
    for (size_t other = 0; other < n; ++other) row[other] = -row[other] / diagonal[other];
    row[item] = 0.0f;
  });
  return out;
}

ItemWeights ItemWeights::Neighbours(const Interactions& interactions, ThreadTeam& team) {
  const size_t n = interactions.num_items;
  const UsersByItem by_item(interactions);
  struct Neighbour {
    uint32_t item;
    float value;
  };
  std::vector<std::vector<Neighbour>> rows(n);
  struct Scratch {
    std::vector<uint32_t> counts;   // [items], zero between items
    std::vector<uint32_t> touched;  // items with a count
    std::vector<Neighbour> found;
  };
  std::vector<Scratch> scratch(team.num_threads());
  ForItems(n, team, [&](size_t item, size_t worker) {
    Scratch& s = scratch[worker];
    s.counts.resize(n);
    for (const uint32_t user : by_item.UsersOf(item)) {
      const std::span<const uint32_t> history = interactions.ItemsOf(user);
      const std::span<const uint32_t> latest = history.last(std::min(history.size(), kMostHistory));
      for (const uint32_t other : latest) {
        if (s.counts[other]++ == 0) s.touched.push_back(other);
      }
    }
    const double own = static_cast<double>(by_item.UsersOf(item).size());
    for (const uint32_t other : s.touched) {
      const double users = static_cast<double>(by_item.UsersOf(other).size());
      if (other != item) {
        s.found.push_back({other, static_cast<float>(static_cast<double>(s.counts[other]) /
                                                     std::sqrt(own * users))});
      }
      s.counts[other] = 0;
    }
    const auto is_better = [](const Neighbour& a, const Neighbour& b) {
      return a.value != b.value ? a.value > b.value : a.item < b.item;
    };
    if (s.found.size() > kNeighbours) {
      std::nth_element(s.found.begin(), s.found.begin() + kNeighbours, s.found.end(), is_better);
      s.found.resize(kNeighbours);
    }
    std::sort(s.found.begin(), s.found.end(),
              [](const Neighbour& a, const Neighbour& b) { return a.item < b.item; });
    rows[item] = s.found;
    s.found.clear();
    s.touched.clear();
  });
  ItemWeights out;
  out.num_items_ = n;
  out.begin_ = {0};
  for (std::vector<Neighbour>& row : rows) {
    for (const Neighbour& neighbour : row) {
      out.items_.push_back(neighbour.item);
      out.values_.push_back(neighbour.value);
    }
    out.begin_.push_back(out.items_.size());
    std::vector<Neighbour>().swap(row);
  }
  return out;
}

void ItemWeights::AddRow(size_t from, float weight, std::span<float> scores) const {
  DCHECK(from < num_items_ && scores.size() >= num_items_);
  if (dense_.size() > 0) {
    const float* row = dense_.data() + from * num_items_;
    for (size_t item = 0; item < num_items_; ++item) scores[item] += weight * row[item];
    return;
  }
  for (uint64_t i = begin_[from]; i < begin_[from + 1]; ++i) {
    scores[items_[i]] += weight * values_[i];
  }
}

float ItemWeights::At(size_t from, size_t to) const {
  if (dense_.size() > 0) return dense_[from * num_items_ + to];
  const auto begin = items_.begin() + static_cast<ptrdiff_t>(begin_[from]);
  const auto end = items_.begin() + static_cast<ptrdiff_t>(begin_[from + 1]);
  const auto found = std::lower_bound(begin, end, static_cast<uint32_t>(to));
  return found != end && *found == to ? values_[static_cast<size_t>(found - items_.begin())] : 0.0f;
}

}  // namespace rowmill
