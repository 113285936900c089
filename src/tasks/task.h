// What is asked of each row: how a record becomes the tokens that a model reads, what the decoder
// does after them, and how its result becomes output columns. One object per job, const while rows
// run, so that all threads share it; what changes lies in the caller's PrepareScratch.
//
// A row becomes one model input or several (the choices of a question, the sentences of a text);
// each input is run, journalled and found to be a duplicate by itself, and the task gets the
// results of a row's inputs together. Most tasks need one: they derive from OneInputTask.
//
// What it is not: it runs no model (but the encoder that finds a row's passages,
// tasks/passage_retriever.h) and counts no measures (metrics/), and reads no files but the one that
// a row names, where rows are media (tasks/media_rows.h). Whatever it does with a row depends on
// that row alone, never on its index or its neighbours.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/record.h"
#include "data/schema.h"
#include "decode/decode_spec.h"
#include "prep/prep_report.h"
#include "tasks/gold_measure.h"
#include "tasks/row_result.h"
#include "text/tokenizer_scratch.h"

namespace rowmill {

// A record, or a part of one, as the model will read it, or why it will not.
struct ModelInput {
  RowStatus status = RowStatus::kOk;  // kOk or kTruncated: `tokens` is the prompt
  std::string error;  // of kInvalid and kError; never quotes the row, never says where it stands
  std::vector<int32_t> tokens;  // at least one; empty where there is an error
  // Of media, whose `tokens` are the digest of the file's content (tasks/media_rows.h): where the
  // unit that runs the row finds the file, and what it costs, in Task::work_name()'s unit, above 0.
  std::string path;
  uint32_t cost = 0;
  // For a ContinuationSpec: so many tokens at the end are scored, fewer than there are and at most
  // kMaxScoredTokens.
  uint32_t num_scored = 0;

  void Clear() {
    status = RowStatus::kOk;
    error.clear();
    tokens.clear();
    path.clear();
    cost = 0;
    num_scored = 0;
  }
};
inline constexpr uint32_t kMaxScoredTokens = UINT16_MAX;

// The inputs of one record, in order. Their memory is used again for the next record.
class ModelInputs {
 public:
  void Clear() { size_ = 0; }
  // An empty input behind the others. The reference is good until the next call.
  ModelInput& Add() {
    if (size_ == inputs_.size()) inputs_.emplace_back();
    inputs_[size_].Clear();
    return inputs_[size_++];
  }
  size_t size() const { return size_; }
  ModelInput& operator[](size_t index) { return inputs_[index]; }
  const ModelInput& operator[](size_t index) const { return inputs_[index]; }

 private:
  std::vector<ModelInput> inputs_;
  size_t size_ = 0;
};

// What came of a record: the results of its inputs, in the order of PrepareRow.
struct RowAnswer {
  const Record& record;
  std::span<const RowResult> results;  // at least one
};

// Memory of one thread that prepares rows.
struct PrepareScratch {
  TokenizerScratch tokenizer;
  std::vector<std::string> values;  // of the columns that the prompt uses
  std::string supplied;             // the value of PromptOptions::supplied_column
  PrepReport report;                // what cleaning changed; each row that Prepare reads is added
  std::vector<std::byte> file;      // of rows that are files: the content
};

class Task {
 public:
  virtual ~Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  virtual std::string_view name() const = 0;  // of the command

  // The columns of the input that the task reads.
  virtual const std::vector<std::string>& input_columns() const = 0;
  // Throws UsageError, with "did you mean", where `columns` lacks one of them. For inputs whose
  // columns are known before the first row; elsewhere a row that lacks one is invalid.
  virtual void CheckColumns(const ColumnNames& columns) const = 0;

  // Makes at least one input; `inputs` is cleared first. A record that cannot be asked is one input
  // with its error. Thread-safe as long as each thread has its own scratch.
  virtual void PrepareRow(const Record& record, PrepareScratch& scratch,
                          ModelInputs& inputs) const = 0;

  // What a model input's cost counts, as progress and reports call it.
  virtual std::string_view work_name() const { return "tokens"; }

  virtual const DecodeSpec& decode_spec() const = 0;
  // The longest prompt, in tokens, that leaves room for what decode_spec() adds.
  virtual size_t max_prompt_tokens() const = 0;

  // The names of the columns that the task adds.
  virtual const std::vector<std::string>& columns() const = 0;
  // What their cells are, for output with types: [columns()].
  virtual std::vector<CellKind> column_kinds() const {
    return std::vector<CellKind>(columns().size(), CellKind::kText);
  }
  // One cell for each of columns(); nulls where the row has no answer. `cells` is overwritten.
  virtual void OutputRow(const RowAnswer& row, std::vector<Cell>& cells) const = 0;

  // Names of the answers where they are known in advance, for --gold; empty for free text.
  virtual std::span<const std::string> labels() const { return {}; }
  // Which of labels() the row got; nothing where it has no answer or there are no labels.
  virtual std::optional<size_t> PredictedLabelOf(const RowAnswer& /*row*/) const { return {}; }

  // Which of labels() a row's value of the gold column means.
  virtual std::optional<size_t> GoldLabel(const Record& /*record*/, std::string_view gold) const {
    const std::span<const std::string> names = labels();
    const auto found = std::find(names.begin(), names.end(), gold);
    if (found == names.end()) return {};
    return static_cast<size_t>(found - names.begin());
  }
  // What compares answers that are not labels; null where there is nothing to compare with.
  // `gold_column`: that of --gold.
  virtual std::unique_ptr<GoldMeasure> MakeGoldMeasure(
      const std::optional<std::string>& /*gold_column*/) const {
    return nullptr;
  }

  // What decides the output besides model and input: names and values for the journal's
  // fingerprint.
  virtual std::vector<std::pair<std::string, std::string>> FingerprintEntries() const = 0;

  // Memory that the task holds while rows run: texts and vectors of another file, a second model.
  virtual uint64_t held_bytes() const { return 0; }

  // Prompts whose scores the task needs before it can turn results into columns; none for most
  // tasks. Where there are some the engine runs them like rows, before the job's output is written,
  // and hands the label_log_probs of each over, in their order.
  virtual std::vector<std::vector<int32_t>> CalibrationPrompts() const { return {}; }
  virtual void SetCalibration(std::span<const std::vector<double>> /*label_log_probs*/) {}

 protected:
  Task() = default;
};

// A task whose rows are one input each.
class OneInputTask : public Task {
 public:
  void PrepareRow(const Record& record, PrepareScratch& scratch, ModelInputs& inputs) const final {
    inputs.Clear();
    Prepare(record, scratch, inputs.Add());
  }
  void OutputRow(const RowAnswer& row, std::vector<Cell>& cells) const final {
    Output(row.results.front(), cells);
  }
  std::optional<size_t> PredictedLabelOf(const RowAnswer& row) const final {
    return PredictedLabel(row.results.front());
  }

  // As their namesakes of Task. `input` is cleared first.
  virtual void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const = 0;
  virtual void Output(const RowResult& result, std::vector<Cell>& cells) const = 0;
  virtual std::optional<size_t> PredictedLabel(const RowResult& /*result*/) const { return {}; }
};

}  // namespace rowmill
