// The path of each model input that is a file, in scratch files beside the plan: 8 bytes and the
// path. Nothing is stored where inputs are text.
//
// Filled by one thread (the planner), in ascending order; after that Get may be called by any
// number of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/mapped_array.h"

namespace rowmill {

class InputPaths {
 public:
  // `folder`: for the scratch files. `first_input`: the lowest number.
  InputPaths(const std::string& folder, uint64_t first_input)
      : folder_(folder), first_input_(first_input) {}

  // `input` is above those that were set before; the ones between have no path.
  void Set(uint64_t input, std::string_view path);
  // Empty where the input has none.
  std::string_view Get(uint64_t input) const;

  // Of the scratch files, in use.
  uint64_t bytes() const { return ends_ ? ends_->size() * sizeof(uint64_t) + text_->size() : 0; }

 private:
  std::string folder_;
  uint64_t first_input_;
  std::optional<MappedArray<uint64_t>> ends_;  // [inputs]: one past the path, in text_
  std::optional<MappedArray<char>> text_;
};

}  // namespace rowmill
