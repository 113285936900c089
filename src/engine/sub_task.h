// A sub-task: the rows that one execution unit takes at a time. Only the cost of handing rows out
// depends on how they are cut; no byte of any answer does (design, section 4.1).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/prefix_tree.h"
#include "engine/row_table.h"

namespace rowmill {

struct SubTask {
  uint64_t id = 0;                       // counts the sub-tasks of a run as they are handed out
  uint32_t prefix_node = kNoPrefixNode;  // of the first row
  uint64_t tokens = 0;                   // the rows' costs
  std::vector<uint64_t> rows;            // at least one; each runs for itself and its duplicates
};

// What a row costs, in tokens through the model: those of its prompt that no shared prefix covers,
// and what decoding it adds.
class RowCosts {
 public:
  // `decode_tokens_per_row`: tokens that are fed after the prompt; 0 where labels have one token, a
  // guess or a pilot's mean where answers are generated. Weighs rows, and bounds nothing.
  RowCosts(const RowTable& rows, const PrefixTree& tree, uint32_t decode_tokens_per_row = 0)
      : rows_(rows), nodes_(tree.nodes), decode_tokens_per_row_(decode_tokens_per_row) {}

  uint64_t TokensOf(uint64_t row) const {
    const RowEntry& entry = rows_[row];
    return uint64_t{entry.num_read()} - PrefixLength(entry, nodes_) + decode_tokens_per_row_;
  }
  uint32_t PrefixNodeOf(uint64_t row) const { return rows_[row].prefix_node; }

 private:
  const RowTable& rows_;
  const std::vector<PrefixNode>& nodes_;
  uint32_t decode_tokens_per_row_;
};

// Cuts a sub-task off the beginning of `order`, which is not empty. It has as many rows as fit into
// `target_tokens`, at least one, and ends early where the prefix node changes and half of the
// target is reached: rows of another node are better begun together by whoever takes them.
SubTask CutSubTask(std::span<const uint64_t> order, const RowCosts& costs, uint64_t target_tokens);

}  // namespace rowmill
