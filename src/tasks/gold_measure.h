// What a task says of its answers beside the right ones, where these are not labels (which
// metrics/classification.h counts): exact match and F1 of answers, recall of passages. One object
// per run, given every row in the order of the input.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "data/output_row.h"
#include "data/record.h"

namespace rowmill {

class GoldMeasure {
 public:
  virtual ~GoldMeasure() = default;
  // `cells`: what the task wrote for the row; nulls where it has no answer, which is wrong.
  virtual void Add(const Record& record, std::span<const Cell> cells) = 0;
  // Names as in OUTPUT.run.json, and values; none where no row had a right answer to compare with.
  virtual std::vector<std::pair<std::string, double>> Values() const = 0;
  // Rows that were compared.
  virtual uint64_t num_rows() const = 0;
};

}  // namespace rowmill
