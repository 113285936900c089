#include "engine/planner.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"

namespace rowmill {
namespace {

// Sum of the `count` largest of the keys, each of which exists `copies` times.
uint64_t SumOfLargest(const std::map<uint64_t, uint64_t>& copies_by_size, uint64_t count) {
  uint64_t sum = 0;
  for (auto it = copies_by_size.rbegin(); it != copies_by_size.rend() && count > 0; ++it) {
    const uint64_t taken = std::min(count, it->second);
    sum += taken * it->first;
    count -= taken;
  }
  return sum;
}

// Positions that are shared as whole blocks, out of `length`.
uint64_t WholeBlocks(uint64_t length) { return length / kernels::kKeyBlock * kernels::kKeyBlock; }

uint64_t PrefixBytes(const PrefixTree& tree, const KvShape& shape) {
  uint64_t bytes = 0;
  for (const PrefixNode& node : tree.nodes) {
    const uint64_t parent_length =
        node.parent == kNoPrefixNode ? 0 : tree.nodes[node.parent].length;
    bytes += BlocksFor(node.length - WholeBlocks(parent_length)) * shape.block_bytes();
  }
  return bytes;
}

// Slabs of one row: its own positions, and a fork for each further branch or sample, which begins
// within a block of where the prompt ends.
uint64_t RowBytes(const RowEntry& row, const PrefixTree& tree, const MemoryOptions& options) {
  const uint64_t end = std::min<uint64_t>(
      uint64_t{row.tokens.length} + options.positions_after_prompt, options.max_seq_len);
  const uint64_t own = end - std::min(end, WholeBlocks(PrefixLength(row, tree.nodes)));
  uint64_t bytes = KvPool::BytesFor(options.kv_shape, own);
  if (options.forks_per_row > 0) {
    const uint64_t fork = kernels::kKeyBlock - 1 + uint64_t{options.positions_after_prompt};
    bytes += options.forks_per_row * KvPool::BytesFor(options.kv_shape, fork);
  }
  return bytes;
}

}  // namespace

Planner::Planner(const std::string& folder, uint64_t first_row)
    : folder_(folder),
      inputs_(folder, first_row),
      rows_(folder, first_row),
      paths_(folder, first_row) {}

uint64_t Planner::Add(std::span<const PreparedInput> inputs) {
  CHECK(!inputs.empty());
  RowStatus status = inputs.front().status;
  for (const PreparedInput& input : inputs) {
    if (input.status == RowStatus::kTruncated) status = RowStatus::kTruncated;
    AddInput(input);
  }
  ++summary_.rows;
  ++summary_.rows_by_status[static_cast<size_t>(status)];
  return inputs_.AddRow(inputs.size());
}

void Planner::AddInput(const PreparedInput& prepared) {
  const uint64_t input =
      prepared.finished ? rows_.AddFinished(prepared.status, prepared.tokens, prepared.num_scored)
                        : rows_.Add(prepared.status, prepared.tokens, prepared.num_scored);
  if (!prepared.path.empty()) paths_.Set(input, prepared.path);
  if (prepared.cost > 0) rows_.SetCost(input, prepared.cost);
  const RowEntry& entry = rows_[input];
  ++summary_.inputs;
  if (entry.finished) ++summary_.finished_inputs;
  if (!entry.runnable()) return;
  if (!entry.finished) summary_.prompt_tokens += entry.num_read();
  const uint32_t length = entry.cost > 0 ? entry.cost : entry.tokens.length;
  lengths_.Add(length);
  if (length > summary_.longest_input_tokens) {
    summary_.longest_input_tokens = length;
    summary_.longest_row = inputs_.end_row();
  }
}

Plan Planner::Finish(const PlanOptions& options) && {
  if (options.deduplication == Deduplication::kOn) {
    const DeduplicationSummary found = Deduplicate(rows_, folder_);
    summary_.duplicate_inputs = found.num_duplicates;
    summary_.saved_by_deduplication = found.duplicate_tokens;
  }
  PrefixTree tree = BuildPrefixTree(rows_, options.prefix_tree, folder_);
  summary_.inputs_to_run = tree.order.size();
  summary_.computed_tokens = tree.computed_tokens;
  summary_.saved_by_prefix_sharing = tree.saved_tokens();
  CHECK(summary_.prompt_tokens == summary_.computed_tokens + summary_.saved_by_deduplication +
                                      summary_.saved_by_prefix_sharing);
  summary_.prefix_nodes = tree.nodes.size();
  summary_.prefix_depth = tree.max_depth;
  summary_.prefix_tokens = tree.shared_tokens();
  for (const PrefixNode& node : tree.nodes) {
    if (node.parent == kNoPrefixNode) summary_.inputs_with_prefix += node.rows_below;
  }
  summary_.median_input_tokens = static_cast<uint32_t>(lengths_.Quantile(0.5));
  summary_.p95_input_tokens = static_cast<uint32_t>(lengths_.Quantile(0.95));
  // The order once more: the static strategies part it by unit.
  summary_.disk_bytes =
      inputs_.bytes() + rows_.bytes() + paths_.bytes() + 2 * tree.order.size() * sizeof(uint64_t);
  return Plan{std::move(inputs_), std::move(rows_), std::move(paths_), std::move(tree), summary_};
}

MemoryEstimate EstimateMemory(const Plan& plan, const MemoryOptions& options) {
  // KvPool has few sizes, so this map is small however many rows there are.
  std::map<uint64_t, uint64_t> rows_by_bytes;
  for (const uint64_t row : plan.tree.order) {
    ++rows_by_bytes[RowBytes(plan.rows[row], plan.tree, options)];
  }
  MemoryEstimate estimate;
  estimate.weight_bytes = options.weight_bytes;
  estimate.task_bytes = options.task_bytes;
  estimate.workspace_bytes = options.workspace_bytes * options.num_units;
  const uint64_t largest_row = rows_by_bytes.empty() ? 0 : rows_by_bytes.rbegin()->first;
  // Units run different rows, so together they hold at most the largest of all.
  estimate.row_kv_bytes =
      SumOfLargest(rows_by_bytes, uint64_t{options.max_rows_per_unit} * options.num_units);
  const uint64_t cap = std::max(options.kv_bytes_per_unit, largest_row);
  if (cap < estimate.row_kv_bytes / options.num_units) {
    estimate.row_kv_bytes = cap * options.num_units;
  }
  estimate.prefix_kv_bytes =
      std::min(PrefixBytes(plan.tree, options.kv_shape), options.prefix_kv_bytes);
  return estimate;
}

}  // namespace rowmill
