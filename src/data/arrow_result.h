// The output of a job as an Arrow table: the input's columns, then the task's, `status` and
// `error`. Columns of an ArrowTable are the input's own buffers, shared; those of a file are text.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "data/arrow_column.h"
#include "data/arrow_table.h"
#include "data/sink.h"

namespace rowmill {

// Const once the job has ended; what was exported keeps it alive.
class ArrowResult {
 public:
  // `input` is null where rows come from a file.
  explicit ArrowResult(std::shared_ptr<const ArrowTable> input) : input_(std::move(input)) {}

  // Once, before the first row.
  void SetColumns(const OutputSchema& schema);
  void Append(const Record& record, const OutputRow& row);

  uint64_t num_rows() const { return num_rows_; }
  const std::shared_ptr<const ArrowTable>& input() const { return input_; }
  uint64_t first_row() const { return first_row_; }
  const std::vector<ArrowColumn>& columns() const { return columns_; }  // ours

 private:
  std::shared_ptr<const ArrowTable> input_;
  uint64_t first_row_ = 0;  // of the input, that was given to Append
  uint64_t num_rows_ = 0;
  size_t num_input_columns_ = 0;  // that are built here: none for a table
  std::vector<ArrowColumn> columns_;
};

// Fills `result`, which the caller keeps.
std::unique_ptr<Sink> MakeArrowSink(OutputSchema schema, std::shared_ptr<ArrowResult> result);

// Fills `out` with a stream over the whole result, batch by batch as the input had them. May be
// done any number of times.
void ExportArrowStream(std::shared_ptr<const ArrowResult> result, ArrowArrayStream* out);

}  // namespace rowmill
