#include "engine/prefix_tree.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "engine/row_sort.h"

namespace rowmill {
namespace {

// The rows [low, high] of the sorted order have `length` tokens in common.
struct Interval {
  uint64_t low;
  uint64_t high;
  uint32_t length;

  bool Contains(const Interval& other) const { return low <= other.low && other.high <= high; }
};

// An interval that is kept, and what it saves on top of the kept interval around it.
struct Choice {
  Interval interval;
  uint64_t saving;
};

// Best first. Ties are broken by position, so that the tree is a function of the rows alone.
bool SavesMore(const Choice& a, const Choice& b) {
  return std::tuple(b.saving, a.interval.low, a.interval.length) <
         std::tuple(a.saving, b.interval.low, b.interval.length);
}

// Depth-first order of nested intervals: around before within.
bool ComesBefore(const Choice& a, const Choice& b) {
  return std::tuple(a.interval.low, b.interval.high) < std::tuple(b.interval.low, a.interval.high);
}

// Tokens that all nodes hold, each counted once.
uint64_t SharedTokens(const std::vector<PrefixNode>& nodes) {
  uint64_t sum = 0;
  for (const PrefixNode& node : nodes) {
    sum += node.length - (node.parent == kNoPrefixNode ? 0 : nodes[node.parent].length);
  }
  return sum;
}

class TreeBuilder {
 public:
  TreeBuilder(RowTable& rows, const PrefixTreeOptions& options, const std::string& folder)
      : rows_(rows),
        options_(options),
        folder_(folder),
        entries_(MappedArray<SortEntry>::InFolder(folder)) {}

  PrefixTree Build() {
    CollectRows();
    PrefixTree tree(MappedArray<uint64_t>::InFolder(folder_));
    if (options_.max_nodes > 0 && entries_.size() > 1) {
      SortByTokens(rows_, entries_, folder_);
      std::vector<Choice> choices = ChooseNodes(FindIntervals());
      DropWhatDoesNotFit(choices);
      tree.nodes = MakeNodes(choices);
      AssignRows(choices, tree.nodes);
    }
    OrderRows(tree);
    return tree;
  }

 private:
  void CollectRows() {
    for (uint64_t row = rows_.first_row(); row < rows_.end_row(); ++row) {
      rows_.SetPrefixNode(row, kNoPrefixNode);
      if (rows_.MustRun(row)) entries_.push_back({.key = 0, .row = row});
    }
  }

  // All intervals that could save enough if nothing around them were shared, each after those
  // within it.
  MappedArray<Interval> FindIntervals() {
    auto intervals = MappedArray<Interval>::InFolder(folder_);
    struct Open {
      uint64_t low;
      uint32_t length;
      uint32_t some_end_here;  // rows of which no more than `length` can be shared; a truth value
    };
    auto open = MappedArray<Open>::InFolder(folder_);  // a stack, as deep as the trie
    const uint64_t size = entries_.size();
    for (uint64_t i = 1; i <= size; ++i) {
      const uint32_t common =
          i < size ? rows_.ShareablePrefix(entries_[i - 1].row, entries_[i].row) : 0;
      uint64_t low = i - 1;
      while (!open.empty() && open[open.size() - 1].length > common) {
        const Open top = open[open.size() - 1];
        open.Resize(open.size() - 1);
        low = top.low;
        // A row that ends with the common prefix needs its last token for itself. With it the node
        // is a token shorter, which for the others is one token more, for which that row is with
        // them at all.
        Offer({.low = top.low, .high = i - 1, .length = top.length - top.some_end_here}, intervals);
      }
      if (common == 0) continue;
      if (open.empty() || open[open.size() - 1].length < common) open.push_back({low, common, 0});
      // A row that ends here has no more than this in common with any neighbour, and exactly this
      // with one of them.
      if (EndsWith(i - 1, common) || EndsWith(i, common)) open[open.size() - 1].some_end_here = 1;
    }
    return intervals;
  }

  bool EndsWith(uint64_t entry, uint32_t length) const {
    return rows_[entries_[entry].row].num_shareable() == length;
  }

  void Offer(const Interval& interval, MappedArray<Interval>& intervals) const {
    if (Saving(interval, 0) >= options_.min_saving && interval.length >= options_.min_length) {
      intervals.push_back(interval);
    }
  }

  static uint64_t Saving(const Interval& interval, uint32_t parent_length) {
    return (interval.high - interval.low) * (interval.length - parent_length);
  }

  // Walks the intervals from the outer to the inner ones and takes each that saves enough on top of
  // the last one taken around it; of all taken, the max_nodes that save most stay.
  std::vector<Choice> ChooseNodes(const MappedArray<Interval>& intervals) {
    std::vector<Choice> best;      // a heap, the worst choice in front
    std::vector<Interval> around;  // taken intervals around the current one
    // FindIntervals puts an interval after those within it, so backwards it comes before them.
    for (uint64_t i = intervals.size(); i-- > 0;) {
      const Interval& interval = intervals[i];
      while (!around.empty() && !around.back().Contains(interval)) around.pop_back();
      if (around.size() >= options_.max_depth) continue;
      const uint32_t parent_length = around.empty() ? 0 : around.back().length;
      // Shortened by a token, an interval can be as long as the one around it.
      if (interval.length < parent_length + options_.min_length) continue;
      const Choice choice = {interval, Saving(interval, parent_length)};
      if (choice.saving < options_.min_saving) continue;
      around.push_back(interval);
      if (best.size() == options_.max_nodes) {
        if (!SavesMore(choice, best.front())) continue;
        std::pop_heap(best.begin(), best.end(), SavesMore);
        best.pop_back();
      }
      best.push_back(choice);
      std::push_heap(best.begin(), best.end(), SavesMore);
    }
    // A node whose parent was pushed out continues the next one around: it saves more than it was
    // taken for, and lies less deep.
    std::sort(best.begin(), best.end(), SavesMore);
    return best;
  }

  // Of choices with the best first, keeps as many as hold at most max_shared_tokens together.
  // Dropping a node hands its tokens to its children, so the sum has to be taken anew each time;
  // bisection needs only a dozen sums. It may miss a larger set that fits, never keep one that does
  // not.
  void DropWhatDoesNotFit(std::vector<Choice>& choices) {
    const auto fits = [&](size_t count) {
      std::vector<Choice> kept(choices.begin(), choices.begin() + static_cast<ptrdiff_t>(count));
      return SharedTokens(MakeNodes(kept)) <= options_.max_shared_tokens;
    };
    size_t fitting = choices.size();
    if (!fits(fitting)) {
      size_t too_many = fitting;
      fitting = 0;
      while (fitting + 1 < too_many) {
        const size_t middle = fitting + (too_many - fitting) / 2;
        (fits(middle) ? fitting : too_many) = middle;
      }
    }
    choices.resize(fitting);
  }

  // Sorts the choices depth-first and turns each into a node of the same index.
  std::vector<PrefixNode> MakeNodes(std::vector<Choice>& choices) const {
    std::sort(choices.begin(), choices.end(), ComesBefore);
    std::vector<PrefixNode> nodes;
    std::vector<uint32_t> around;
    for (const Choice& choice : choices) {
      const Interval& interval = choice.interval;
      while (!around.empty() && !choices[around.back()].interval.Contains(interval)) {
        around.pop_back();
      }
      PrefixNode node;
      node.parent = around.empty() ? kNoPrefixNode : around.back();
      node.length = interval.length;
      node.depth = static_cast<uint32_t>(around.size()) + 1;
      node.example_row = entries_[interval.low].row;
      node.rows_below = interval.high - interval.low + 1;
      around.push_back(static_cast<uint32_t>(nodes.size()));
      nodes.push_back(node);
    }
    return nodes;
  }

  // Gives each row the innermost node around it, and renumbers the nodes so that among siblings the
  // one with the longest row comes first.
  void AssignRows(const std::vector<Choice>& choices, std::vector<PrefixNode>& nodes) {
    std::vector<uint32_t> longest(nodes.size(), 0);  // own tokens of the longest row below
    ForEachRow(choices, [&](uint64_t row, const std::vector<uint32_t>& around) {
      if (around.empty()) return;
      const uint32_t own = rows_[row].tokens.length - nodes[around.back()].length;
      for (const uint32_t node : around) longest[node] = std::max(longest[node], own);
    });
    const std::vector<uint32_t> new_index = RenumberLongestFirst(nodes, longest);
    ForEachRow(choices, [&](uint64_t row, const std::vector<uint32_t>& around) {
      if (!around.empty()) rows_.SetPrefixNode(row, new_index[around.back()]);
    });
    longest_own_.resize(nodes.size());
    for (size_t i = 0; i < nodes.size(); ++i) longest_own_[new_index[i]] = longest[i];
  }

  // Calls visit(row, nodes around it from the outermost on) for the rows in sorted order.
  template <typename Visit>
  void ForEachRow(const std::vector<Choice>& choices, const Visit& visit) const {
    std::vector<uint32_t> around;
    uint32_t next = 0;
    for (uint64_t i = 0; i < entries_.size(); ++i) {
      while (!around.empty() && choices[around.back()].interval.high < i) around.pop_back();
      while (next < choices.size() && choices[next].interval.low == i) around.push_back(next++);
      visit(entries_[i].row, around);
    }
  }

  // Sorts `nodes` depth-first, siblings by `longest`; returns the new index of each old one.
  static std::vector<uint32_t> RenumberLongestFirst(std::vector<PrefixNode>& nodes,
                                                    const std::vector<uint32_t>& longest) {
    const auto count = static_cast<uint32_t>(nodes.size());
    // Children lists; the last one holds the nodes without a parent.
    std::vector<std::vector<uint32_t>> children(count + 1);
    for (uint32_t i = 0; i < count; ++i) {
      children[std::min(nodes[i].parent, count)].push_back(i);
    }
    std::vector<uint32_t> pending;  // a stack: the next node is at its end
    const auto push_children = [&](uint32_t of) {
      std::vector<uint32_t>& list = children[of];
      std::sort(list.begin(), list.end(), [&](uint32_t a, uint32_t b) {
        return std::tuple(longest[b], a) < std::tuple(longest[a], b);
      });
      pending.insert(pending.end(), list.rbegin(), list.rend());
    };
    std::vector<uint32_t> new_index(count);
    std::vector<PrefixNode> ordered;
    push_children(count);
    while (!pending.empty()) {
      const uint32_t old_index = pending.back();
      pending.pop_back();
      new_index[old_index] = static_cast<uint32_t>(ordered.size());
      ordered.push_back(nodes[old_index]);
      PrefixNode& node = ordered.back();
      if (node.parent != kNoPrefixNode) node.parent = new_index[node.parent];
      push_children(old_index);
    }
    CHECK(ordered.size() == nodes.size());
    nodes = std::move(ordered);
    return new_index;
  }

  // Fills the execution order and the counts.
  void OrderRows(PrefixTree& tree) {
    const std::vector<PrefixNode>& nodes = tree.nodes;
    uint32_t longest_without_node = 0;
    for (const SortEntry& entry : entries_) {
      const RowEntry& row = rows_[entry.row];
      if (row.prefix_node == kNoPrefixNode) {
        longest_without_node = std::max(longest_without_node, row.tokens.length);
      }
    }
    // The rows without a node go before the first top node all of whose rows are shorter.
    uint32_t place_without_node = 0;
    while (place_without_node < nodes.size() &&
           (nodes[place_without_node].parent != kNoPrefixNode ||
            longest_own_[place_without_node] >= longest_without_node)) {
      ++place_without_node;
    }
    for (SortEntry& entry : entries_) {
      const RowEntry& row = rows_[entry.row];
      const uint32_t own = row.num_read() - PrefixLength(row, nodes);
      uint64_t place = place_without_node;
      if (row.prefix_node != kNoPrefixNode) {
        place = row.prefix_node + (row.prefix_node >= place_without_node ? 1 : 0);
      }
      entry.key = place << 32 | (UINT32_MAX - own);
      tree.row_tokens += row.num_read();
      tree.computed_tokens += own;
    }
    tree.computed_tokens += SharedTokens(nodes);
    CHECK(tree.computed_tokens <= tree.row_tokens);
    std::sort(entries_.begin(), entries_.end(), [](const SortEntry& a, const SortEntry& b) {
      return std::tuple(a.key, a.row) < std::tuple(b.key, b.row);
    });
    tree.order.Reserve(entries_.size());
    for (const SortEntry& entry : entries_) tree.order.push_back(entry.row);
    for (const PrefixNode& node : nodes) tree.max_depth = std::max(tree.max_depth, node.depth);
  }

  RowTable& rows_;
  const PrefixTreeOptions& options_;
  const std::string& folder_;
  MappedArray<SortEntry> entries_;
  std::vector<uint32_t> longest_own_;  // by final node index: own tokens of the longest row below
};

}  // namespace

uint64_t PrefixTree::shared_tokens() const { return SharedTokens(nodes); }

uint32_t PrefixLength(const RowEntry& entry, const std::vector<PrefixNode>& nodes) {
  return entry.prefix_node == kNoPrefixNode ? 0 : nodes[entry.prefix_node].length;
}

PrefixTree BuildPrefixTree(RowTable& rows, const PrefixTreeOptions& options,
                           const std::string& folder) {
  CHECK(options.max_depth >= 1 && options.min_length >= 1);
  return TreeBuilder(rows, options, folder).Build();
}

}  // namespace rowmill
