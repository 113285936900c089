// The last pass: reads the input a second time and writes each row with its result, in input order,
// as far as results are there. For a file all of it happens at the end; standard output gets rows
// as they become complete.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/sink.h"
#include "data/source.h"
#include "engine/planner.h"
#include "engine/result_store.h"
#include "engine/run_report.h"
#include "metrics/classification.h"
#include "prep/redact/redactor.h"
#include "tasks/task.h"

namespace rowmill {

struct RenderCounts {
  std::array<uint64_t, 5> rows_by_status{};
  uint64_t rows = 0;
  std::optional<RowFailure> first_failure;
  std::optional<ClassificationCounts> gold;
  RedactCounts redacted;  // in the output
  std::unique_ptr<GoldMeasure> measure;
  std::vector<FailureKind> failures;  // in the order of their first row
};

class Renderer {
 public:
  // All outlive the renderer. The source stands at its first row.
  Renderer(Source& source, Sink& sink, const Task& task, const Plan& plan, ResultStore& results,
           const std::optional<std::string>& gold_column);

  // Called with each row that is written.
  void SetObserver(std::function<void(const RowAnswer&, const OutputRow&)> on_row) {
    on_row_ = std::move(on_row);
  }
  // What the task writes is redacted as well (--redact-output). Labels, which the user gave, stay.
  void RedactOutput(const Redactor* redactor) { redactor_ = redactor; }

  // Writes rows in order up to the first that has no result yet.
  void WriteAvailable();
  // Writes all rows; those without a result are `skipped`.
  void WriteAll();

  const RenderCounts& counts() const { return counts_; }

 private:
  // Of all inputs of the row.
  bool HasResults(uint64_t row) const;
  bool HasResult(uint64_t input) const;
  RowResult ResultOf(uint64_t input);
  // False at the end of the input or of the shard.
  bool NextRecord();
  void WriteRow();
  void RedactCells();
  void CountFailure(const RowResult& result);
  void CountGold(const RowAnswer& row);

  Source& source_;
  Sink& sink_;
  const Task& task_;
  const Plan& plan_;
  ResultStore& results_;
  std::optional<std::string> gold_column_;
  const Redactor* redactor_ = nullptr;
  std::optional<size_t> probability_column_;  // for calibration
  std::function<void(const RowAnswer&, const OutputRow&)> on_row_;
  Record record_;
  bool has_record_ = false;
  bool at_end_ = false;
  std::vector<RowResult> row_results_;  // of the record's inputs
  std::vector<Cell> cells_;
  RenderCounts counts_;
};

}  // namespace rowmill
