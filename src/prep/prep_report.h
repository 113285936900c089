// What preprocessing changed, and in how many rows. Sums only: merging the reports of several
// threads in any order gives the report of one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "prep/length_histogram.h"
#include "prep/redact/redactor.h"

namespace rowmill {

// What was done to the text of one row, over all columns that the model reads.
struct RowChanges {
  bool utf8 = false;     // something became U+FFFD
  bool html = false;     // markup or character references
  bool control = false;  // control characters
  bool nfc = false;      // another normal form
  bool space = false;    // white space
  bool emptied = false;  // there was text, and cleaning left none

  bool any() const { return utf8 || html || control || nfc || space; }
  // The changes of a further column of the same row.
  void Add(const RowChanges& column);
  bool operator==(const RowChanges&) const = default;
};

struct PrepReport {
  uint64_t rows = 0;
  uint64_t changed_rows = 0;  // rows whose text the model reads otherwise than it stands there
  uint64_t utf8_rows = 0;
  uint64_t html_rows = 0;
  uint64_t control_rows = 0;
  uint64_t nfc_rows = 0;
  uint64_t space_rows = 0;
  uint64_t empty_rows = 0;      // no text, before or after cleaning
  uint64_t emptied_rows = 0;    // of these: only after it
  uint64_t duplicate_rows = 0;  // counted by the planner, which has the digests of all rows
  RedactCounts redacted;        // what was found and replaced; no part of Items()
  LengthHistogram lengths;      // of the text in characters, of rows that have some

  // One row: `num_characters` is the length of its cleaned text.
  void AddRow(const RowChanges& changes, uint64_t num_characters);
  void Merge(const PrepReport& other);

  // Names and counts in the order of the report, lengths and outliers included.
  std::vector<std::pair<std::string, uint64_t>> Items() const;
  // The same as a JSON object.
  std::string ToJson() const;
};

}  // namespace rowmill
