#include "decode/label_trie.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "base/check.h"
#include "base/error.h"

namespace rowmill {
namespace {

// Labels [begin, end) of the sorted order all begin with the tokens that lead to `node`.
struct Range {
  size_t begin;
  size_t end;
};

std::vector<uint32_t> SortedOrder(std::span<const std::vector<int32_t>> labels) {
  std::vector<uint32_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return labels[a] != labels[b] ? labels[a] < labels[b] : a < b;
  });
  return order;
}

}  // namespace

LabelTrie::LabelTrie(std::span<const std::vector<int32_t>> labels) : num_labels_(labels.size()) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].empty()) {
      throw UsageError("label " + std::to_string(i + 1) + " of " + std::to_string(labels.size()) +
                       " has no tokens: give every label at least one character.");
    }
    for (const int32_t token : labels[i]) CHECK(token >= 0);
  }
  const std::vector<uint32_t> order = SortedOrder(labels);

  // Breadth first, so that the children of a node are contiguous. nodes_ is its own queue.
  std::vector<Range> ranges = {{0, order.size()}};
  nodes_.emplace_back();
  for (uint32_t index = 0; index < nodes_.size(); ++index) {
    auto [begin, end] = ranges[index];
    const uint32_t depth = nodes_[index].depth;
    max_depth_ = std::max(max_depth_, depth);
    // Shorter sorts first: what ends here leads the range.
    while (begin < end && labels[order[begin]].size() == depth) {
      nodes_[index].labels.push_back(order[begin++]);
    }
    nodes_[index].first_child = static_cast<uint32_t>(nodes_.size());
    while (begin < end) {
      const int32_t token = labels[order[begin]][depth];
      size_t group_end = begin + 1;
      while (group_end < end && labels[order[group_end]][depth] == token) ++group_end;
      Node& child = nodes_.emplace_back();
      child.token = token;
      child.parent = index;
      child.depth = depth + 1;
      ranges.push_back({begin, group_end});
      begin = group_end;
    }
    nodes_[index].num_children = static_cast<uint32_t>(nodes_.size()) - nodes_[index].first_child;
  }
}

std::vector<int32_t> LabelTrie::TokensOf(uint32_t label) const {
  CHECK(label < num_labels_);
  const auto ends = [&](const Node& node) {
    return std::find(node.labels.begin(), node.labels.end(), label) != node.labels.end();
  };
  const auto found = std::find_if(nodes_.begin(), nodes_.end(), ends);
  CHECK(found != nodes_.end());
  std::vector<int32_t> tokens;
  for (const Node* node = &*found; node->depth > 0; node = &nodes_[node->parent]) {
    tokens.push_back(node->token);
  }
  std::reverse(tokens.begin(), tokens.end());
  return tokens;
}

bool LabelTrie::IsPrefixFree() const {
  return std::none_of(nodes_.begin(), nodes_.end(), [](const Node& node) {
    return node.labels.size() > 1 || (!node.labels.empty() && node.num_children > 0);
  });
}

}  // namespace rowmill
