// What a run was and how it went: the numbers behind OUTPUT.run.json and the summary on the
// terminal.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/output_row.h"
#include "data/schema.h"
#include "engine/execution_unit.h"
#include "metrics/classification.h"
#include "metrics/quantile_histogram.h"
#include "prep/prep_report.h"

namespace rowmill {

// A row that got no answer, and where it stands.
struct RowFailure {
  uint64_t row = 0;   // from 0
  uint64_t line = 0;  // of the file, from 1
  std::string error;
  std::string file;  // empty where the input is one file
};

// How many rows failed in one way. Numbers in the text are N, so that "4812 tokens" and "4813
// tokens" are one way.
struct FailureKind {
  RowStatus status = RowStatus::kInvalid;
  std::string error;
  uint64_t rows = 0;
};

struct RunReport {
  ExitCode exit_code = ExitCode::kOk;
  std::string error;  // what ended it early; empty otherwise

  std::string task;
  std::string model_reference;
  std::string model_sha256;
  std::string architecture;
  std::string isa;
  std::string numerics;
  std::string input;
  std::string output;
  size_t num_units = 1;
  size_t threads_per_unit = 1;
  std::vector<std::pair<std::string, std::string>> options;    // what decides the output's bytes
  std::vector<std::pair<std::string, std::string>> execution;  // what does not
  std::vector<Rename> renamed_columns;
  PrepReport prep;  // what cleaning changed
  // What --redact replaced, by name; never the values. `_output`: in what the model wrote.
  std::vector<std::pair<std::string, uint64_t>> redacted;
  std::vector<std::pair<std::string, uint64_t>> redacted_output;
  uint64_t redacted_rows = 0;
  uint64_t redacted_output_rows = 0;
  bool redacts = false;
  std::string fingerprint;  // digest of what decides the output's bytes; empty without a file
  std::string undivided;    // the same without the shard: what shards of one job share
  uint64_t output_bytes = 0;
  bool finished_before = false;  // nothing was left to do; no other field says anything then

  // Rows.
  uint64_t rows = 0;
  std::array<uint64_t, 5> rows_by_status{};  // by RowStatus
  std::optional<RowFailure> first_failure;   // the first row that is invalid or failed
  uint64_t resumed_rows = 0;                 // found finished in the journal
  uint64_t interrupted_rows = 0;  // begun by an earlier run, done again by this one; their inputs
  uint64_t computed_rows = 0;     // for which this run ran a model
  uint64_t duplicate_rows = 0;    // got other rows' answers alone
  // Of jobs with a store of answers.
  struct StoreCounts {
    uint64_t rows = 0;       // answered from it
    uint64_t tokens = 0;     // of them
    uint64_t added = 0;      // answers that it did not have
    uint64_t completed = 0;  // inputs of which it had some labels, run for the others alone
  };
  std::optional<StoreCounts> store;
  // Of jobs in which a row becomes several model inputs.
  struct InputCounts {
    uint64_t total = 0;
    uint64_t computed = 0;
    uint64_t duplicates = 0;
  };
  std::optional<InputCounts> inputs;

  // Tokens, or what else the task's costs are counted in (Task::work_name).
  std::string work_name = "tokens";
  uint64_t prompt_tokens = 0;    // of the rows that this run answered
  uint64_t computed_tokens = 0;  // through the model, prefixes included
  uint64_t generated_tokens = 0;
  uint64_t saved_by_deduplication = 0;
  uint64_t saved_by_prefix_sharing = 0;

  // Seconds.
  double load_seconds = 0.0;  // of the model; not part of the rest
  double plan_seconds = 0.0;
  double inference_seconds = 0.0;  // wall time of the units
  double write_seconds = 0.0;
  double wall_seconds = 0.0;  // first row read to last row written
  std::vector<UnitTimes> units;
  // Share of each bin in which a unit worked, [units][bins]; the first bin begins with the units.
  double timeline_bin_seconds = 0.0;
  std::vector<std::vector<double>> timeline;
  QuantileHistogram row_nanoseconds;  // of the inputs that this run answered
  QuantileHistogram row_tokens;       // of all inputs that have a prompt
  std::vector<FailureKind> failures;  // the most frequent first
  std::vector<std::pair<std::string, std::string>> machine;
  double row_p50_seconds = 0.0;
  double row_p95_seconds = 0.0;

  std::optional<ClassificationCounts> gold;  // with --gold and known labels
  // With --gold and answers that are not labels (tasks/gold_measure.h).
  struct GoldValues {
    uint64_t rows = 0;
    std::vector<std::pair<std::string, double>> values;
  };
  std::optional<GoldValues> gold_measure;
  std::vector<std::string> labels;  // of the counts

  // Rows that cost this run something: those that an earlier one had finished do not count.
  uint64_t fresh_rows() const { return rows - resumed_rows - (store ? store->rows : 0); }
  double rows_per_second() const;
  double tokens_per_second() const;
  // speed = inference seconds / (rows x threads); efficiency = inference seconds / (threads x
  // rows): by their definitions the same number, both reported under their names. 0 where no row
  // was computed.
  double speed() const;
  double efficiency() const;
  std::optional<double> accuracy() const;

  std::string ToJson() const;
};

}  // namespace rowmill
