// A column of ours in Arrow's layout, filled cell by cell. Its type is that of the first cell that
// is not null; a column of nulls alone has the null
// type, which every library takes together with any other.
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
  // The order of Cell's alternatives does not matter here.
  enum class Kind : uint8_t {
    kUndecided,  // null: nulls so far
    kText,       // large_utf8; JSON of ours is text too
    kInteger,    // int64
    kNumber,     // double
    kBool,       //
    kFloats,     // large_list of float
  };

  explicit ArrowColumn(std::string name) : name_(std::move(name)) {}

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
  Kind kind_ = Kind::kUndecided;
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
