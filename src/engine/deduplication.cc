#include "engine/deduplication.h"

#include <bit>

#include "base/check.h"
#include "base/mapped_array.h"

namespace rowmill {
namespace {

class DigestTable {
 public:
  DigestTable(RowTable& rows, const std::string& folder)
      : rows_(rows), slots_(MappedArray<Slot>::InFolder(folder)) {
    // At most half full keeps probe sequences short: 1.5 slots on average where a row is found.
    slots_.Resize(std::bit_ceil(2 * rows.size() + 2));
  }

  // The row that was inserted first with these tokens; `row` itself, now inserted, where none was.
  uint64_t FindOrInsert(uint64_t row) {
    const RowEntry& entry = rows_[row];
    const size_t mask = slots_.size() - 1;
    for (size_t i = entry.digest.hi & mask;; i = (i + 1) & mask) {
      Slot& slot = slots_[i];
      if (slot.row_plus_one == 0) {
        slot = {.digest_lo = entry.digest.lo, .row_plus_one = row + 1};
        return row;
      }
      if (slot.digest_lo != entry.digest.lo) continue;
      const uint64_t other = slot.row_plus_one - 1;
      const RowEntry& found = rows_[other];
      if (found.digest == entry.digest && found.num_scored == entry.num_scored &&
          rows_.CompareTokens(row, other) == 0) {
        return other;
      }
    }
  }

 private:
  // Half of the digest is kept here, so that a probe that does not match touches nothing else. The
  // other half says where to look.
  struct Slot {
    uint64_t digest_lo = 0;
    uint64_t row_plus_one = 0;  // 0: empty
  };

  RowTable& rows_;
  MappedArray<Slot> slots_;
};

}  // namespace

DeduplicationSummary Deduplicate(RowTable& rows, const std::string& folder) {
  DigestTable table(rows, folder);
  // Finished rows go in first, so that they become the representatives of what they can answer.
  for (uint64_t row = rows.first_row(); row < rows.end_row(); ++row) {
    const RowEntry& entry = rows[row];
    if (entry.runnable() && entry.finished) rows.SetRepresentative(row, table.FindOrInsert(row));
  }
  DeduplicationSummary summary;
  for (uint64_t row = rows.first_row(); row < rows.end_row(); ++row) {
    const RowEntry& entry = rows[row];
    if (!entry.runnable() || entry.finished) continue;
    const uint64_t representative = table.FindOrInsert(row);
    rows.SetRepresentative(row, representative);
    if (representative == row) continue;
    ++summary.num_duplicates;
    summary.duplicate_tokens += entry.num_read();
  }
  rows.LinkDuplicates();
  return summary;
}

}  // namespace rowmill
