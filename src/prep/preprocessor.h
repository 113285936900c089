// Cleans the text of a row before the model reads it. The columns that pass through to the output
// are not touched, and no row is removed: a row that cleaning leaves without text becomes `invalid`
// like any other empty row.
//
// The order is fixed, whatever the order of the words of --clean: UTF-8, HTML (its references may
// stand for control characters and composed letters), control characters, NFC, white space (taking
// out the others may leave some).
#pragma once

#include <string>

#include "data/record.h"
#include "prep/clean_options.h"
#include "prep/prep_report.h"

namespace rowmill {

// Const and without hidden state, so that all threads share one.
class Preprocessor {
 public:
  explicit Preprocessor(const CleanOptions& options) : options_(options) {}

  const CleanOptions& options() const { return options_; }

  // Cleans in place and says what changed. The text may be any bytes; it is valid UTF-8 afterwards.
  RowChanges Clean(std::string& text) const;
  // The same for a field of a record: its text is valid already, `repaired` says whether it was
  // before. Only strings are cleaned; numbers and JSON texts stay as they are.
  RowChanges Clean(FieldValue& value) const;

 private:
  CleanOptions options_;
};

}  // namespace rowmill
