#include "tasks/recognize.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/real_math.h"
#include "data/json_text.h"
#include "models/image_model.h"
#include "tasks/model_kind.h"

namespace rowmill {
namespace {

constexpr size_t kTopOfMeasure = 5;

class TopFive final : public GoldMeasure {
 public:
  TopFive(const RecognizeTask& task, std::string gold_column)
      : task_(task), gold_column_(std::move(gold_column)) {}

  void Add(const Record& record, std::span<const Cell> cells) override {
    const std::optional<FieldValue> gold = record.Field(gold_column_);
    if (!gold || gold->text.empty()) return;
    const std::optional<size_t> right = task_.GoldLabel(record, gold->text);
    if (!right) return;
    ++num_rows_;
    const auto* top = std::get_if<JsonText>(&cells.back());
    if (top == nullptr) return;
    std::string wanted = "{\"label\":";
    AppendJsonString(task_.labels()[*right], wanted);
    size_t place = 0;
    const size_t found = top->text.find(wanted + ",");
    for (size_t i = top->text.find("{\"label\":"); i < found && found != std::string::npos;
         i = top->text.find("{\"label\":", i + 1)) {
      ++place;
    }
    if (found != std::string::npos && place < kTopOfMeasure) ++num_right_;
  }
  std::vector<std::pair<std::string, double>> Values() const override {
    if (num_rows_ == 0) return {};
    return {{"top-5", static_cast<double>(num_right_) / static_cast<double>(num_rows_)}};
  }
  uint64_t num_rows() const override { return num_rows_; }

 private:
  const RecognizeTask& task_;
  std::string gold_column_;
  uint64_t num_rows_ = 0;
  uint64_t num_right_ = 0;
};

const ImageModel& RequireClasses(const TaskModel& model) {
  RequireModelKind("recognize", ModelKind::kImages, model);
  if (model.image_model->num_classes() == 0) {
    throw UsageError("this model has no classes that a picture could be recognised as");
  }
  return *model.image_model;
}

}  // namespace

RecognizeTask::RecognizeTask(const TaskModel& model, const RecognizeOptions& options,
                             std::shared_ptr<FileSystem> file_system)
    : PictureTask(MediaRows(std::move(file_system), options.rows), options.limits,
                  {.output = RecognizeSpec::Output::kClasses, .top = options.top}) {
  const ImageModel& images = RequireClasses(model);
  const size_t num_classes = images.num_classes();
  if (options.top < 1) throw UsageError("--top takes a number from 1 on");
  if (!options.labels.empty()) {
    if (options.labels.size() != num_classes) {
      throw UsageError("--labels-file has " + std::to_string(options.labels.size()) +
                       " lines, but the model has " + std::to_string(num_classes) +
                       " classes: it takes a name per class, in their order");
    }
    labels_ = options.labels;
  } else if (!images.labels().empty()) {
    labels_.assign(images.labels().begin(), images.labels().end());
  } else {
    for (size_t i = 0; i < num_classes; ++i) labels_.push_back(std::to_string(i));
  }
}

void RecognizeTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(columns_.size(), std::monostate());
  const DecodeResult& decoded = result.decoded;
  if (decoded.answers.empty()) return;
  const std::vector<int32_t>& classes = decoded.answers.front();
  CHECK(classes.size() == decoded.label_log_probs.size());
  std::string top = "[";
  for (size_t i = 0; i < classes.size(); ++i) {
    const std::string& label = labels_[static_cast<size_t>(classes[i])];
    const double probability = RealExp(decoded.label_log_probs[i]);
    if (i == 0) {
      cells[0] = label;
      cells[1] = probability;
    }
    top += i == 0 ? "{\"label\":" : ",{\"label\":";
    AppendJsonString(label, top);
    top += ",\"probability\":";
    AppendJsonNumber(probability, top);
    top += '}';
  }
  cells[2] = JsonText{top + "]"};
}

std::optional<size_t> RecognizeTask::PredictedLabel(const RowResult& result) const {
  if (result.decoded.answers.empty()) return {};
  const auto best = static_cast<size_t>(result.decoded.answers.front().front());
  const auto first = std::find(labels_.begin(), labels_.end(), labels_[best]);
  return static_cast<size_t>(first - labels_.begin());
}

std::optional<size_t> RecognizeTask::GoldLabel(const Record& record, std::string_view gold) const {
  if (const std::optional<size_t> named = Task::GoldLabel(record, gold)) return named;
  size_t number = 0;
  const auto [end, failure] = std::from_chars(gold.data(), gold.data() + gold.size(), number);
  if (failure != std::errc() || end != gold.data() + gold.size() || number >= labels_.size()) {
    return {};
  }
  return number;
}

std::unique_ptr<GoldMeasure> RecognizeTask::MakeGoldMeasure(
    const std::optional<std::string>& gold_column) const {
  const size_t top = std::get<RecognizeSpec>(decode_spec()).top;
  if (!gold_column || top < std::min(kTopOfMeasure, labels_.size())) return nullptr;
  return std::make_unique<TopFive>(*this, *gold_column);
}

std::vector<std::pair<std::string, std::string>> RecognizeTask::FingerprintEntries() const {
  std::string labels;
  for (const std::string& label : labels_) labels += label + "\n";
  const auto& spec = std::get<RecognizeSpec>(decode_spec());
  return {{"task", "recognize"},
          {"path", input_columns().front()},
          {"labels", Sha256Hex(AsBytes(labels))},
          {"top", std::to_string(spec.top)},
          {"max_pixels", std::to_string(spec.max_pixels)}};
}

}  // namespace rowmill
