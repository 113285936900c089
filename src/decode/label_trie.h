// A set of known answers as a trie over token ids, so that one walk gives the log-probability of
// every answer and shared beginnings are computed once. Token ids only, no text.
//
// score(label) = sum over its tokens, in order, of log P(token | prompt, earlier tokens of the
// label), taken in double precision; the trie adds the same numbers in the same order as a label
// scored alone, so the two are equal bit for bit.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace rowmill {

class LabelTrie {
 public:
  static constexpr uint32_t kRoot = 0;

  struct Node {
    int32_t token = -1;  // what leads here; -1 at the root
    uint32_t parent = kRoot;
    uint32_t depth = 0;        // tokens from the root
    uint32_t first_child = 0;  // children are contiguous, in the order of their token ids
    uint32_t num_children = 0;
    std::vector<uint32_t>
        labels;  // labels that end here (more than one where two labels are the same)
  };

  // `labels[i]`: the tokens of label i, including the token of what ends it where ends count.
  // Throws UsageError where a label has no tokens.
  explicit LabelTrie(std::span<const std::vector<int32_t>> labels);

  size_t num_labels() const { return num_labels_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(uint32_t index) const { return nodes_[index]; }
  // The tokens of a label, as they were given.
  std::vector<int32_t> TokensOf(uint32_t label) const;
  // The longest label, in tokens.
  uint32_t max_depth() const { return max_depth_; }
  // True where no label's tokens are the beginning of another's.
  bool IsPrefixFree() const;

 private:
  std::vector<Node> nodes_;
  size_t num_labels_ = 0;
  uint32_t max_depth_ = 0;
};

}  // namespace rowmill
