// Which token prefixes are worth computing once for many rows, and the order in which rows run so
// that rows of one prefix come together.
//
// The rows that must run are sorted by their token ids. Over sorted rows every set of rows with a
// common prefix is an interval, and the intervals of longest common prefixes form the inner nodes
// of the compacted trie over all rows (the lcp-interval tree: Abouelhoda, Kurtz, Ohlebusch,
// "Replacing suffix trees with enhanced suffix arrays", J. Discrete Algorithms 2, 2004). Of these,
// only the nodes that save enough are kept.
//
// What it is not: a cache with a policy (vLLM's block hashes, SGLang's RadixAttention), which has
// to guess what comes again. Here the whole data set is in view before the first row runs.
//
// Memory: sorting and intervals live in scratch files; what is kept in memory is bounded by
// max_nodes. Nothing recurses on the depth of the trie, which hostile input makes as deep as there
// are rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/mapped_array.h"
#include "engine/row_table.h"

namespace rowmill {

struct PrefixTreeOptions {
  // A node is kept where (rows below - 1) * (its tokens beyond its parent's) reaches min_saving. A
  // shared node costs a slab, a lookup and a fork per row; 64 tokens are a quarter of a default
  // batch, below which that is not worth while. Shorter pieces than min_length save rows less than
  // half a key block.
  uint64_t min_saving = 64;
  uint32_t min_length = 16;
  // Bound the memory of the tree and the chain of segments that attention walks. 0 nodes: no
  // sharing.
  uint32_t max_nodes = 4096;
  uint32_t max_depth = 8;
  // Bound the keys and values of all nodes together; the nodes that save least go first.
  uint64_t max_shared_tokens = UINT64_MAX;
};

struct PrefixNode {
  uint32_t parent = kNoPrefixNode;  // a smaller index
  uint32_t length = 0;              // tokens from the beginning of the row, parents' included
  uint32_t depth = 1;               // 1 without a parent
  uint64_t example_row = 0;         // its first `length` tokens are the node's
  uint64_t rows_below = 0;          // rows that run, here and in nodes below
};

struct PrefixTree {
  explicit PrefixTree(MappedArray<uint64_t> execution_order) : order(std::move(execution_order)) {}

  // In depth-first order, children after their parent, those with the longest rows first.
  std::vector<PrefixNode> nodes;
  // The rows that must run. Rows of one node are together, longest first; nodes follow each other
  // as in `nodes`, and the rows without a node stand where their longest row belongs. Longest
  // first, so that what is left for the end of the job is short.
  MappedArray<uint64_t> order;
  uint64_t row_tokens = 0;  // prompt tokens of these rows
  uint64_t computed_tokens =
      0;  // of those, run through the model: each node once, and each row's own
  uint32_t max_depth = 0;

  uint64_t saved_tokens() const { return row_tokens - computed_tokens; }
  // Tokens that all nodes hold, each counted once.
  uint64_t shared_tokens() const;
};

// Tokens of the prompt that its prefix node covers. Always fewer than the prompt has: the last
// token of each row is computed for the row itself, since its logits are what the row is about. Of
// rows whose end is scored (ContinuationSpec) no token from the one in front of that end on is
// shared, for the same reason.
uint32_t PrefixLength(const RowEntry& entry, const std::vector<PrefixNode>& nodes);

// Builds the tree over the rows for which RowTable::MustRun holds and sets their prefix nodes.
// `folder`: for scratch files.
PrefixTree BuildPrefixTree(RowTable& rows, const PrefixTreeOptions& options,
                           const std::string& folder);

}  // namespace rowmill
