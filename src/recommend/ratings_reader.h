// Reads ratings, one a row, from any format that data/ reads, and numbers users and items in the
// order in which they appear.
//
// A row that says too little (no user, no item, a rating or time that is none) is left out and
// counted; its user, where it names one, is known all the same. A pair that comes again replaces
// the earlier one: the later time wins, of equal times the later row. Without a column of times the
// order of the rows is that of time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/source.h"
#include "recommend/interactions.h"

namespace rowmill {

// Names as numbers from 0, in the order of their first appearance.
class NameTable {
 public:
  NameTable() = default;
  NameTable(NameTable&&) = default;
  NameTable& operator=(NameTable&&) = default;

  // Throws DataError where there are more than 2^32 - 2.
  uint32_t Add(std::string_view name);
  std::optional<uint32_t> Find(std::string_view name) const;
  size_t size() const { return names_.size(); }
  const std::string& name(size_t i) const { return *names_[i]; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> numbers_;
  std::vector<const std::string*> names_;  // keys of the map, which stay where they are
};

struct RatingColumns {
  std::string user = "user";
  std::string item = "item";
  std::string rating;  // empty: every rating is 1
  std::string time;    // empty: the order of the rows
};

// The first row of a file that was left out, and why.
struct RowProblem {
  uint64_t row = 0;   // from 0
  uint64_t line = 0;  // from 1
  std::string what;
};

struct Ratings {
  NameTable users;  // also those of whose rows none is usable
  NameTable items;
  Interactions interactions;
  uint64_t num_rows = 0;
  uint64_t num_invalid = 0;   // left out
  uint64_t num_repeated = 0;  // replaced by a later one of the same pair
  std::optional<RowProblem> first_problem;
};

struct ReadLimits {
  std::optional<uint64_t> rows;          // only the first
  std::function<bool()> stop_requested;  // may be empty
};

// Throws UsageError where the data set has no such column, DataError where it cannot be read to its
// end or holds no usable rating, StoppedError.
Ratings ReadRatings(Source& source, const RatingColumns& columns, const ReadLimits& limits);

// What keeps a value from being the name of a user or item, as "is empty"; null where nothing does.
const char* NameProblem(const std::optional<FieldValue>& value);

// A time as a number that orders: seconds since 1970 for dates as ISO 8601 writes them
// (`2024-05-31`, `2024-05-31T12:30:00.5Z`, with a space for the T, or an offset `+02:00`), numbers
// as they are. Nothing for other texts.
std::optional<double> ParseTime(std::string_view text);

}  // namespace rowmill
