#include "engine/input_index.h"

#include <algorithm>

#include "base/check.h"

namespace rowmill {

uint64_t InputIndex::AddRow(uint64_t num_inputs) {
  CHECK(num_inputs >= 1);
  if (num_inputs > 1 && !ends_) {
    ends_ = MappedArray<uint64_t>::InFolder(folder_);
    ends_->Reserve(num_rows() + 1);
    for (uint64_t row = first_row_; row < end_row_; ++row) ends_->push_back(row + 1);
  }
  end_input_ += num_inputs;
  if (ends_) ends_->push_back(end_input_);
  return end_row_++;
}

uint64_t InputIndex::EndInput(uint64_t row) const {
  DCHECK(row >= first_row_ && row < end_row_);
  return ends_ ? (*ends_)[row - first_row_] : row + 1;
}

uint64_t InputIndex::FirstInput(uint64_t row) const {
  return row == first_row_ ? first_row_ : EndInput(row - 1);
}

uint64_t InputIndex::RowOf(uint64_t input) const {
  DCHECK(input >= first_row_ && input < end_input_);
  if (!ends_) return input;
  const auto after = std::upper_bound(ends_->begin(), ends_->end(), input);
  return first_row_ + static_cast<uint64_t>(after - ends_->begin());
}

}  // namespace rowmill
