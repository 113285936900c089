// What a picture shows: the likeliest classes of an image classifier, with their probabilities.
//
// Columns: `label`, `probability`, and `top`, a list of {"label", "probability"} of the likeliest
// few, the likeliest first. A class is called by its name where the model or the user gives names,
// by its number from 0 on otherwise.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "media/image.h"
#include "tasks/media_rows.h"
#include "tasks/picture_task.h"
#include "tasks/prompt_options.h"

namespace rowmill {

struct RecognizeOptions {
  MediaRowsOptions rows;
  std::vector<std::string> labels;  // --labels-file; empty: those of the model
  uint32_t top = 5;
  ImageLimits limits;
};

class RecognizeTask final : public PictureTask {
 public:
  // Throws UsageError where the model has no classes, or not as many as there are labels.
  RecognizeTask(const TaskModel& model, const RecognizeOptions& options,
                std::shared_ptr<FileSystem> file_system);

  std::string_view name() const override { return "recognize"; }
  const std::vector<std::string>& columns() const override { return columns_; }
  std::vector<CellKind> column_kinds() const override {
    return {CellKind::kText, CellKind::kNumber, CellKind::kText};
  }
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  // Two classes of one name are one label, the lower of them.
  std::span<const std::string> labels() const override { return labels_; }
  std::optional<size_t> PredictedLabel(const RowResult& result) const override;
  // By name, or by the number of the class.
  std::optional<size_t> GoldLabel(const Record& record, std::string_view gold) const override;
  // Whether the right class is among the likeliest five, where so many are asked for.
  std::unique_ptr<GoldMeasure> MakeGoldMeasure(
      const std::optional<std::string>& gold_column) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;

 private:
  std::vector<std::string> labels_;
  std::vector<std::string> columns_ = {"label", "probability", "top"};
};

}  // namespace rowmill
