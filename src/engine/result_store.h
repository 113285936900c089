// The results of a job's rows (of their model inputs, see engine/row_table.h): appended to the
// journal as they come, found again by row number. What is held in memory does not depend on the
// number of rows; the map from row to journal offset lies in a scratch file.
//
// A stored result carries the digest of the prompt it answers, so that a resumed job notices an
// input that has changed under it, whatever kind of input it is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/mapped_array.h"
#include "engine/journal.h"
#include "tasks/row_result.h"

namespace rowmill {

class ResultStore {
 public:
  // Opens or creates the journal and replays it. `folder`: for the scratch file. `first_row`: of
  // the shard.
  ResultStore(FileSystem& file_system, const std::string& journal_path, const std::string& folder,
              uint64_t identity, uint64_t first_row);

  struct Stored {
    Digest128 prompt;
    RowResult result;
  };

  bool Has(uint64_t row) const {
    const uint64_t index = row - first_row_;
    return row >= first_row_ && index < offsets_.size() && offsets_[index] != 0;
  }
  // The result of a row that has one.
  Stored Get(uint64_t row);

  // Queues records; Flush writes all of them at once.
  void Started(uint64_t row) { started_.push_back(row); }
  void Put(uint64_t row, const Digest128& prompt, const RowResult& result);
  void Flush(std::chrono::steady_clock::time_point now);
  // Makes everything durable and ends the journal in order.
  void Close();

  uint64_t resumed_rows() const { return resumed_rows_; }
  // Rows that an earlier run had begun and not finished: what a kill made to be done again.
  uint64_t interrupted_rows() const { return interrupted_rows_; }

 private:
  class Replay;
  void SetOffset(uint64_t row, uint64_t offset);

  uint64_t first_row_;
  MappedArray<uint64_t> offsets_;  // journal offset of each row's result, 0 where there is none
  std::unique_ptr<Journal> journal_;
  std::vector<uint64_t> started_;
  struct Queued {
    uint64_t row;
    std::vector<std::byte> payload;
  };
  std::vector<Queued> queued_;
  std::vector<std::byte> read_buffer_;
  uint64_t resumed_rows_ = 0;
  uint64_t interrupted_rows_ = 0;
};

}  // namespace rowmill
