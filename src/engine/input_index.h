// Which model inputs each row became: those from FirstInput(row) on, NumInputs(row) of them. Inputs
// are numbered through all rows in order, from the number of the first row on, so that a job whose
// rows are one input each has equal numbers for both, and nothing is stored.
//
// Where a row has several inputs: a scratch file of 8 bytes per row, begun with the first such row.
//
// Filled by one thread (the planner); after that const functions may be called by any number of
// threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/mapped_array.h"

namespace rowmill {

class InputIndex {
 public:
  // `folder`: for the scratch file. `first_row`: number of the first row that is added.
  InputIndex(const std::string& folder, uint64_t first_row)
      : folder_(folder), first_row_(first_row), end_row_(first_row), end_input_(first_row) {}

  // Appends the next row, of at least one input, and returns its number.
  uint64_t AddRow(uint64_t num_inputs);

  uint64_t first_row() const { return first_row_; }
  uint64_t end_row() const { return end_row_; }
  uint64_t num_rows() const { return end_row_ - first_row_; }
  // One past the last input of all.
  uint64_t end_input() const { return end_input_; }
  bool HasSeveralInputs() const { return ends_.has_value(); }

  uint64_t FirstInput(uint64_t row) const;
  uint64_t NumInputs(uint64_t row) const { return EndInput(row) - FirstInput(row); }
  // The row that became this input.
  uint64_t RowOf(uint64_t input) const;

  // Of the scratch file, in use.
  uint64_t bytes() const { return ends_ ? ends_->size() * sizeof(uint64_t) : 0; }

 private:
  uint64_t EndInput(uint64_t row) const;

  std::string folder_;
  uint64_t first_row_;
  uint64_t end_row_;
  uint64_t end_input_;
  std::optional<MappedArray<uint64_t>> ends_;  // [rows]: one past the row's last input
};

}  // namespace rowmill
