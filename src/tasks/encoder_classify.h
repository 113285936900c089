// Classes by an encoder, in one of four ways:
//   descriptions  the label whose own vector is nearest (cosine); a label may be written as
//                 `name=description`, and the description is what is embedded;
//   examples      a linear head fitted on labelled rows (tasks/fit_head.h);
//   a head file   one that was fitted and saved before;
//   the weights' own classification head, where the model has one and nothing else is asked for.
//
// `probability` is the softmax of the label's scores: of 20 times the cosine for descriptions, the
// scale that sentence encoders are trained with.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "tasks/classify.h"
#include "tasks/embed_texts.h"
#include "tasks/head_file.h"
#include "tasks/label_task.h"
#include "tasks/prompt_rows.h"
#include "tasks/task.h"

namespace rowmill {

struct EncoderClassifyOptions {
  PromptOptions prompt;
  std::vector<Label> labels;      // descriptions; with examples: which of their labels, or all
  std::string examples;           // --examples: a file of labelled rows
  std::string example_label;      // the column of it with the labels
  std::optional<NamedHead> head;  // --head
  bool probabilities = false;
};

// What fitting has shown, for a line on standard error.
struct FitReport {
  size_t num_examples = 0;
  size_t num_skipped = 0;  // rows of the file without text or label
  double c = 0.0;
  double accuracy = 0.0;
  size_t num_folds = 0;
};

class EncoderClassifyTask final : public LabelTask {
 public:
  // Throws UsageError and DataError where labels, examples or head do not go with the model.
  EncoderClassifyTask(std::string_view name, const TaskModel& model,
                      const EncoderClassifyOptions& options, FileSystem& file_system,
                      ThreadTeam& team);

  std::string_view name() const override { return name_; }
  const std::vector<std::string>& input_columns() const override { return rows_.input_columns(); }
  void CheckColumns(const ColumnNames& columns) const override { rows_.CheckColumns(columns); }
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const override {
    rows_.Prepare(record, scratch, input);
  }
  const DecodeSpec& decode_spec() const override { return decode_spec_; }
  size_t max_prompt_tokens() const override { return rows_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::vector<CellKind> column_kinds() const override;
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::span<const std::string> labels() const override { return label_names_; }
  std::optional<size_t> PredictedLabel(const RowResult& result) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;

  std::vector<double> LabelScores(const RowResult& result) const override;
  const PromptRows& prompt_rows() const override { return rows_; }

  // Null where the weights' own head is used.
  const std::shared_ptr<const LinearHead>& head() const { return head_; }
  const std::optional<FitReport>& fit_report() const { return fit_report_; }

 private:
  void UseDescriptions(const TaskModel& model, std::span<const Label> labels, ThreadTeam& team);
  void UseExamples(const Encoder& encoder, const EncoderClassifyOptions& options,
                   FileSystem& file_system, ThreadTeam& team);

  std::string name_;
  PromptRows rows_;
  bool probabilities_;
  std::string method_;  // for the fingerprint
  std::vector<std::string> label_names_;
  std::shared_ptr<const LinearHead> head_;
  std::optional<FitReport> fit_report_;
  DecodeSpec decode_spec_;
  std::vector<std::string> columns_;
};

}  // namespace rowmill
