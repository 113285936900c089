// The merge loop that byte-level BPE and SentencePiece BPE share: of all adjacent pairs that have a
// rule, the one of lowest rank is joined, the leftmost among equals, until no pair has a rule.
//
// What it is not: it does not know what symbols stand for; `Rules` finds the rule of a pair.
//
// Short pieces (nearly all) are merged in place by scanning an array of ranks: n^2 / 2 comparisons
// of at most 16 elements beat any heap. Longer ones go through a binary heap and a linked list:
// O(n log n) for n symbols, no recursion, so that a million equal letters cost a million times what
// one costs, times the depth of the heap. Both give the same result.
//
// Rules: `MergeTarget Find(const Symbol& left, const Symbol& right)`; kNoRank where there is none.
// The symbols of one piece are contiguous: right.begin == left.begin + left.size.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace rowmill {

inline constexpr uint32_t kNoRank = std::numeric_limits<uint32_t>::max();

struct MergeTarget {
  uint32_t rank = kNoRank;
  int32_t result = 0;
};

struct Symbol {
  int32_t id = 0;      // a token, or whatever negative number the caller gives to what is none
  uint32_t begin = 0;  // its bytes in the text
  uint32_t size = 0;
};

// Memory for MergeSymbols, kept between calls by its caller.
struct MergeWorkspace {
  std::vector<Symbol> symbols;  // in: one per byte or character; out: what is left, in order

  std::vector<MergeTarget> targets;  // [n]: rule of the pair that begins at a symbol
  std::vector<uint32_t> next;        // [n]
  std::vector<uint32_t> previous;    // [n]
  std::vector<uint64_t> heap;        // rank << 32 | left symbol, smallest on top

  // Comparisons and rule look-ups so far: what the tests of linear time count instead of seconds.
  uint64_t num_operations = 0;

  // Gives memory back after a piece of hostile length.
  void Trim() {
    constexpr size_t kKeptSymbols = 1 << 16;
    if (symbols.capacity() > kKeptSymbols)
      *this = MergeWorkspace{{}, {}, {}, {}, {}, num_operations};
  }
};

namespace internal {

inline constexpr size_t kScanLimit = 16;

template <typename Rules>
void MergeByScan(const Rules& rules, MergeWorkspace& workspace) {
  std::vector<Symbol>& symbols = workspace.symbols;
  size_t n = symbols.size();
  MergeTarget targets[kScanLimit + 1];  // one more, so that shifting left needs no special case
  for (size_t i = 0; i + 1 < n; ++i) targets[i] = rules.Find(symbols[i], symbols[i + 1]);
  workspace.num_operations += n;
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i) {
      if (targets[i].rank < targets[best].rank) best = i;
    }
    workspace.num_operations += n;
    if (targets[best].rank == kNoRank) break;
    symbols[best].id = targets[best].result;
    symbols[best].size += symbols[best + 1].size;
    --n;
    for (size_t i = best + 1; i < n; ++i) {
      symbols[i] = symbols[i + 1];
      targets[i] = targets[i + 1];
    }
    if (best + 1 < n) targets[best] = rules.Find(symbols[best], symbols[best + 1]);
    if (best > 0) targets[best - 1] = rules.Find(symbols[best - 1], symbols[best]);
  }
  symbols.resize(n);
}

template <typename Rules>
class HeapMerger {
 public:
  HeapMerger(const Rules& rules, MergeWorkspace& workspace)
      : rules_(rules),
        workspace_(workspace),
        end_(static_cast<uint32_t>(workspace.symbols.size())) {}

  void Run() {
    Start();
    while (!workspace_.heap.empty()) {
      const uint64_t top = Pop();
      const uint32_t left = static_cast<uint32_t>(top);
      // An entry is out of date where its symbol is gone or begins another pair by now. If that
      // pair has the same rank, merging it here is what its own entry would do next.
      if (workspace_.targets[left].rank == static_cast<uint32_t>(top >> 32)) Join(left);
    }
    Collect();
  }

 private:
  void Start() {
    workspace_.targets.assign(end_, {});
    workspace_.next.resize(end_);
    workspace_.previous.resize(end_);
    workspace_.heap.clear();
    for (uint32_t i = 0; i < end_; ++i) {
      workspace_.next[i] = i + 1;
      workspace_.previous[i] = i == 0 ? end_ : i - 1;
      if (i + 1 == end_) break;
      workspace_.targets[i] = rules_.Find(workspace_.symbols[i], workspace_.symbols[i + 1]);
      if (workspace_.targets[i].rank != kNoRank) workspace_.heap.push_back(Entry(i));
    }
    workspace_.num_operations += end_;
    std::make_heap(workspace_.heap.begin(), workspace_.heap.end(), Order());
  }

  // Joins the symbol with the next one.
  void Join(uint32_t left) {
    const uint32_t right = workspace_.next[left];
    Symbol& symbol = workspace_.symbols[left];
    symbol.id = workspace_.targets[left].result;
    symbol.size += workspace_.symbols[right].size;
    workspace_.targets[right].rank = kNoRank;  // puts its entries out of date
    const uint32_t after = workspace_.next[right];
    workspace_.next[left] = after;
    if (after != end_) workspace_.previous[after] = left;
    FindPair(left);
    if (workspace_.previous[left] != end_) FindPair(workspace_.previous[left]);
  }

  void FindPair(uint32_t left) {
    const uint32_t right = workspace_.next[left];
    MergeTarget& target = workspace_.targets[left];
    target = right == end_ ? MergeTarget{}
                           : rules_.Find(workspace_.symbols[left], workspace_.symbols[right]);
    ++workspace_.num_operations;
    if (target.rank == kNoRank) return;
    workspace_.heap.push_back(Entry(left));
    std::push_heap(workspace_.heap.begin(), workspace_.heap.end(), Order());
  }

  uint64_t Pop() {
    std::pop_heap(workspace_.heap.begin(), workspace_.heap.end(), Order());
    const uint64_t top = workspace_.heap.back();
    workspace_.heap.pop_back();
    return top;
  }

  void Collect() {
    uint32_t kept = 0;
    for (uint32_t i = 0; i != end_; i = workspace_.next[i]) {
      workspace_.symbols[kept++] = workspace_.symbols[i];
    }
    workspace_.symbols.resize(kept);
  }

  uint64_t Entry(uint32_t left) const {
    return static_cast<uint64_t>(workspace_.targets[left].rank) << 32 | left;
  }
  // Smallest on top, counting.
  auto Order() {
    return [this](uint64_t a, uint64_t b) {
      ++workspace_.num_operations;
      return a > b;
    };
  }

  const Rules& rules_;
  MergeWorkspace& workspace_;
  const uint32_t end_;  // also stands for "no symbol"
};

}  // namespace internal

// Merges `workspace.symbols` in place. Fewer than 2^32 - 1 symbols.
template <typename Rules>
void MergeSymbols(const Rules& rules, MergeWorkspace& workspace) {
  if (workspace.symbols.size() <= internal::kScanLimit) {
    internal::MergeByScan(rules, workspace);
  } else {
    internal::HeapMerger<Rules>(rules, workspace).Run();
  }
}

}  // namespace rowmill
