// The rows that --report shows: those with the surest wrong answers, and those whose answers were
// least sure. A few are kept, whatever the number of rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/output_row.h"
#include "prep/redact/redactor.h"
#include "report/reported_row.h"
#include "tasks/task.h"

namespace rowmill {

class RowSelection {
 public:
  static constexpr size_t kKept = 20;  // of each kind

  // `redactor` may be null; what it finds is not shown. All outlive the object.
  RowSelection(const Task& task, const std::optional<std::string>& gold_column,
               const Redactor* redactor);

  void Add(const RowAnswer& row, const OutputRow& output);
  // The wrong ones first, the most telling of each kind first.
  std::vector<ReportedRow> Rows() const;

 private:
  std::string TextOf(const Record& record) const;
  void Keep(std::vector<ReportedRow>& rows, ReportedRow row) const;

  const Task& task_;
  std::optional<std::string> gold_column_;
  const Redactor* redactor_;
  std::optional<size_t> label_;  // columns of the task
  std::optional<size_t> probability_;
  std::vector<ReportedRow> wrong_;
  std::vector<ReportedRow> uncertain_;
};

}  // namespace rowmill
