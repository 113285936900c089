// What the plan knows of each model input: status, tokens, who answers for it, which shared prefix
// it continues. One entry of 64 bytes per input in a scratch file, so that anonymous memory does
// not grow with the number of rows (design, section 4.4).
//
// To the plan, the scheduler and the units a model input is a row, since of most tasks it is: each
// row of the data set is one input of the same number. Where a row became several inputs,
// engine/input_index.h says which, and only what reads or writes the data set has to know: the plan
// pass, the renderer and the report.
//
// What it is not: durable. The journal holds what must survive; the table is built anew by each
// run. Row numbers are those of the whole input and 64 bits wide; a shard's table begins at its
// first row.
//
// Filled and changed by one thread (the planner); after that const functions may be called by any
// number of threads.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "base/mapped_array.h"
#include "engine/token_store.h"
#include "tasks/row_result.h"

namespace rowmill {

inline constexpr uint32_t kNoPrefixNode = UINT32_MAX;
inline constexpr uint64_t kNoRow = UINT64_MAX;

// The digest of a row's token ids: of their bytes as little-endian 32-bit numbers, and of how many
// of them are scored. Part of what keys the sampler, hence of the output: it can never change.
Digest128 DigestOfTokens(std::span<const int32_t> tokens, uint32_t num_scored = 0);

struct RowEntry {
  Digest128 digest;             // of the token ids
  TokenRef tokens;              // none where the row has no prompt
  uint64_t representative = 0;  // the row whose answer this row gets; itself unless a duplicate
  uint64_t next_duplicate = kNoRow;  // the next row that gets the same answer; see ForEachDuplicate
  uint32_t prefix_node = kNoPrefixNode;  // index into PrefixTree::nodes
  RowStatus status = RowStatus::kOk;     // before running: kOk and kTruncated have a prompt
  bool finished = false;                 // its result is in the journal already
  uint16_t num_scored = 0;               // ContinuationSpec: tokens at the end that are scored
  uint32_t cost = 0;                     // of media (ModelInput::cost); 0: that of its tokens

  // Has a prompt that a model can run.
  bool runnable() const { return IsFine(status) && tokens.length > 0; }
  // Tokens that a model reads: the last one that is scored is only looked up. Of media its cost.
  uint32_t num_read() const { return cost > 0 ? cost : tokens.length - (num_scored > 0 ? 1 : 0); }
  // Tokens of which a shared prefix may cover all but the last, whose logits are the row's own.
  uint32_t num_shareable() const { return tokens.length - num_scored; }
};
static_assert(sizeof(RowEntry) == 64, "disk per row, stated in the plan");

class RowTable {
 public:
  // Makes nameless scratch files in `folder`. `first_row`: number of the first row that is added.
  explicit RowTable(const std::string& folder, uint64_t first_row = 0);

  // Appends the next row and returns its number. Rows of status kOk or kTruncated have tokens,
  // unless they are finished: then they may be left out, as nothing has to be computed for them.
  // Tokens of rows with another status are not kept.
  uint64_t Add(RowStatus status, std::span<const int32_t> tokens, uint32_t num_scored = 0);
  uint64_t AddFinished(RowStatus status, std::span<const int32_t> tokens, uint32_t num_scored = 0);

  uint64_t first_row() const { return first_row_; }
  uint64_t end_row() const { return first_row_ + entries_.size(); }
  uint64_t size() const { return entries_.size(); }

  const RowEntry& operator[](uint64_t row) const { return entries_[IndexOf(row)]; }
  void SetRepresentative(uint64_t row, uint64_t representative);
  // Puts the rows that wait for another row's answer into the latter's list. To be called once,
  // when all representatives are set.
  void LinkDuplicates();
  void SetPrefixNode(uint64_t row, uint32_t node) { entries_[IndexOf(row)].prefix_node = node; }
  void SetCost(uint64_t row, uint32_t cost) { entries_[IndexOf(row)].cost = cost; }
  void SetFinished(uint64_t row) { entries_[IndexOf(row)].finished = true; }

  // True where a model has to run for this row: it has a prompt, no result yet, and no other row
  // answers for it.
  bool MustRun(uint64_t row) const {
    const RowEntry& entry = (*this)[row];
    return entry.runnable() && !entry.finished && entry.representative == row;
  }

  // Calls visit(row) for each unfinished row that gets the answer of `representative`, in ascending
  // order, without the latter itself. A list through the table: finding them costs no search.
  template <typename Visit>
  void ForEachDuplicate(uint64_t representative, const Visit& visit) const {
    for (uint64_t row = (*this)[representative].next_duplicate; row != kNoRow;
         row = (*this)[row].next_duplicate) {
      visit(row);
    }
  }

  void GetTokens(uint64_t row, std::vector<int32_t>& tokens) const {
    store_.Get((*this)[row].tokens, tokens);
  }
  // The first `length` tokens, which the row must have.
  void GetPrefix(uint64_t row, uint32_t length, std::vector<int32_t>& tokens) const {
    store_.GetPrefix((*this)[row].tokens, length, tokens);
  }
  // See TokenStore.
  std::strong_ordering CompareTokens(uint64_t a, uint64_t b) const {
    return store_.Compare((*this)[a].tokens, (*this)[b].tokens);
  }
  uint32_t CommonPrefix(uint64_t a, uint64_t b) const {
    return store_.CommonPrefix((*this)[a].tokens, (*this)[b].tokens);
  }
  // What a shared prefix of both can have at most, besides the last token of either.
  uint32_t ShareablePrefix(uint64_t a, uint64_t b) const {
    return std::min({CommonPrefix(a, b), (*this)[a].num_shareable(), (*this)[b].num_shareable()});
  }
  uint64_t SortKey(uint64_t row) const { return store_.SortKey((*this)[row].tokens); }
  std::span<const int32_t> TokensAfterHead(uint64_t row) const {
    return store_.AfterHead((*this)[row].tokens);
  }

  // Of the scratch files, in use.
  uint64_t bytes() const { return entries_.size() * sizeof(RowEntry) + store_.bytes(); }

 private:
  uint64_t Append(RowStatus status, std::span<const int32_t> tokens, uint32_t num_scored);
  size_t IndexOf(uint64_t row) const {
    DCHECK(row >= first_row_ && row - first_row_ < entries_.size());
    return row - first_row_;
  }

  uint64_t first_row_;
  TokenStore store_;
  MappedArray<RowEntry> entries_;
};

}  // namespace rowmill
