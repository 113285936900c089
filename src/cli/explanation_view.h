// The file of --explain-html: written beside its name while the rows are, and there only when
// whole.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "data/output_row.h"
#include "tasks/explain.h"

namespace rowmill {

class ExplanationView {
 public:
  // More than anybody looks at; browsers get slow beyond.
  static constexpr uint64_t kMaxRows = 1000;

  // `title` heads the page. Throws IoError.
  ExplanationView(const std::string& path, const std::string& title);
  ~ExplanationView();

  // The next row of the output. `task` made it; its first columns are label and probability.
  void Add(const ExplainTask& task, const RowAnswer& row, const OutputRow& output);
  // Puts the file in its place; where there was no row (the job had finished before) a file of
  // before stays. Throws IoError.
  void Finish();

 private:
  std::string path_;
  std::ofstream file_;
  std::string html_;
  uint64_t num_rows_ = 0;
};

}  // namespace rowmill
