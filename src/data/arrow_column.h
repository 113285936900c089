// A column of ours in Arrow's layout, filled cell by cell. Its type is the one that it was made
// with, or that of the first cell that is not null; of nulls alone it is the null type, which every
// library takes together with any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/output_row.h"

namespace rowmill {

class ArrowColumn {
 public:
  // null, large_utf8, int64, double, bool, large_list of float.
  using Kind = CellKind;

  explicit ArrowColumn(std::string name, Kind kind = Kind::kUndecided)
      : name_(std::move(name)), kind_(kind) {}

  // Throws InternalError for a cell of another kind than those before it.
  void Append(const Cell& cell);
  // What is not UTF-8, and NUL, becomes U+FFFD, as in every other output.
  void AppendText(std::string_view text);
  void AppendNull();

  const std::string& name() const { return name_; }
  Kind kind() const { return kind_; }
  // In the letters of the C data interface.
  const char* format() const;
  uint64_t num_values() const { return num_values_; }
  uint64_t num_nulls() const { return num_nulls_; }

  // The buffers of the specification, by kind: validity; offsets or values; text or nothing. Null
  // where an array of the kind has none.
  std::vector<const void*> Buffers() const;
  // Of kFloats: the list's values.
  const std::vector<float>& floats() const { return floats_; }

 private:
  void Decide(Kind kind);
  void AppendValid();

  std::string name_;
  Kind kind_;
  uint64_t num_values_ = 0;
  uint64_t num_nulls_ = 0;
  std::vector<uint8_t> validity_;       // a bit for each value
  std::vector<int64_t> offsets_ = {0};  // [values + 1], of texts and lists
  std::string text_;
  std::vector<int64_t> integers_;
  std::vector<double> numbers_;
  std::vector<uint8_t> bools_;  // a bit for each value
  std::vector<float> floats_;
};

}  // namespace rowmill
