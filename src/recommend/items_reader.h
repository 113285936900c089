// Reads what is said of items, one a row, from any format that data/ reads: a text for each, and
// the title by which people know it.
//
// A row without a name or with one that stood before is left out and counted. Items that nobody has
// rated get numbers behind those that somebody has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/source.h"
#include "recommend/ratings_reader.h"

namespace rowmill {

struct ItemColumns {
  std::string item = "item";
  std::vector<std::string> text;  // empty: all but the item's name
  std::string title;              // empty: `title` or `name` where there is one
};

struct ItemTexts {
  // [items]; empty where nothing is said of the item.
  std::vector<std::string> texts;
  std::vector<std::string> titles;
  uint64_t num_rows = 0;
  uint64_t num_invalid = 0;
  uint64_t num_repeated = 0;  // the first row of a name counts
  uint64_t num_unrated = 0;   // items that came new to `items`
  std::optional<RowProblem> first_problem;
};

// Adds names to `items`. Throws UsageError where the data set has no such column, DataError where
// it cannot be read to its end, StoppedError.
ItemTexts ReadItems(Source& source, const ItemColumns& columns, const ReadLimits& limits,
                    NameTable& items);

}  // namespace rowmill
