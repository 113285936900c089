#include "tasks/encoder_classify.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "data/source.h"
#include "tasks/embed.h"
#include "tasks/fit_head.h"

namespace rowmill {
namespace {

constexpr double kCosineScale = 20.0;

bool HasAnswer(const RowResult& result) {
  return IsFine(result.status) && result.decoded.finite && !result.decoded.label_log_probs.empty();
}

struct Described {
  std::string name;
  std::string description;
};

// "name=description", or a name that describes itself.
Described SplitDescription(const Label& label) {
  const size_t equals = label.name.find('=');
  if (equals == std::string::npos) return {label.name, label.name};
  const auto trim = [](std::string text) {
    const size_t first = text.find_first_not_of(" \t");
    if (first == std::string::npos) return std::string();
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
  };
  Described out = {trim(label.name.substr(0, equals)), trim(label.name.substr(equals + 1))};
  if (out.name.empty() || out.description.empty()) {
    throw UsageError("the label '" + label.name +
                     "' has an empty side; write name=description, or the name alone.");
  }
  return out;
}

std::string HashOf(const LinearHead& head) {
  Sha256 hash;
  hash.Update(std::as_bytes(std::span(head.weights)));
  hash.Update(std::as_bytes(std::span(head.bias)));
  return Hex(hash.Finish());
}

}  // namespace

EncoderClassifyTask::EncoderClassifyTask(std::string_view name, const TaskModel& model,
                                         const EncoderClassifyOptions& options,
                                         FileSystem& file_system, ThreadTeam& team)
    : name_(name),
      rows_(model, options.prompt,
            PromptEncoder(model, EncoderPrompt(options.prompt), PlainTextPrompt()), 0),
      probabilities_(options.probabilities) {
  CHECK(model.encoder != nullptr);
  const Encoder& encoder = *model.encoder;
  EncodeSpec spec;
  if (options.head) {
    if (!options.labels.empty()) {
      throw UsageError("--head brings its labels along; leave --labels out.");
    }
    method_ = "head";
    label_names_ = options.head->labels;
    head_ = std::make_shared<const LinearHead>(options.head->head);
    if (head_->dim != encoder.embedding_dim()) {
      throw UsageError("--head: it is for vectors of " + std::to_string(head_->dim) +
                       " numbers, but this model's have " +
                       std::to_string(encoder.embedding_dim()) + ".");
    }
  } else if (!options.examples.empty()) {
    method_ = "examples";
    UseExamples(encoder, options, file_system, team);
  } else if (!options.labels.empty()) {
    method_ = "descriptions";
    UseDescriptions(model, options.labels, team);
  } else if (!encoder.labels().empty()) {
    method_ = "model";
    spec.output = EncoderOutput::kLogits;
    label_names_.assign(encoder.labels().begin(), encoder.labels().end());
  } else {
    throw UsageError("this model has no labels of its own; give --labels, --examples or --head.");
  }
  spec.head = head_;
  decode_spec_ = spec;
  columns_ = {"label", "probability"};
  if (probabilities_) {
    for (const std::string& label : label_names_) columns_.push_back("probability_" + label);
  }
}

void EncoderClassifyTask::UseDescriptions(const TaskModel& model, std::span<const Label> labels,
                                          ThreadTeam& team) {
  ValidateLabels(labels);
  const Encoder& encoder = *model.encoder;
  std::vector<std::vector<int32_t>> ids;
  for (const Label& label : labels) {
    const Described described = SplitDescription(label);
    if (std::find(label_names_.begin(), label_names_.end(), described.name) != label_names_.end()) {
      throw UsageError("the label '" + described.name + "' is given twice.");
    }
    label_names_.push_back(described.name);
    const Tokenizer& tokenizer = *model.tokenizer;
    std::vector<int32_t> text = tokenizer.Encode(described.description, SpecialTokens::kPlainText);
    text.insert(text.begin(), tokenizer.start_ids().begin(), tokenizer.start_ids().end());
    text.insert(text.end(), tokenizer.end_ids().begin(), tokenizer.end_ids().end());
    if (text.empty() || text.size() > encoder.max_seq_len()) {
      throw UsageError("the description of the label '" + described.name +
                       "' does not fit the model's context.");
    }
    ids.push_back(std::move(text));
  }
  LinearHead head;
  head.num_labels = label_names_.size();
  head.dim = encoder.embedding_dim();
  head.bias.assign(head.num_labels, 0.0);
  for (const std::vector<float>& vector : EmbedTokens(encoder, team, ids)) {
    for (const float x : vector) head.weights.push_back(kCosineScale * static_cast<double>(x));
  }
  head_ = std::make_shared<const LinearHead>(std::move(head));
}

void EncoderClassifyTask::UseExamples(const Encoder& encoder, const EncoderClassifyOptions& options,
                                      FileSystem& file_system, ThreadTeam& team) {
  SourceOptions source_options;
  source_options.input.path = options.examples;
  const std::unique_ptr<Source> source = OpenSource(file_system, source_options);
  FitReport report;
  std::vector<std::vector<int32_t>> ids;
  std::vector<std::string> names;
  Record record;
  PrepareScratch scratch;
  ModelInput input;
  while (source->Next(record)) {
    rows_.Prepare(record, scratch, input);
    const std::optional<FieldValue> label =
        record.problem.empty() ? record.Field(options.example_label) : std::nullopt;
    const bool has_label = label && label->kind != FieldKind::kNull && !label->text.empty();
    if (!input.error.empty() || !has_label) {
      ++report.num_skipped;
      continue;
    }
    ids.push_back(input.tokens);
    names.push_back(label->text);
  }
  if (ids.empty()) {
    throw UsageError("--examples " + options.examples + ": no row has both a text and a label (" +
                     options.example_label + "); name the columns by --text and --example-label.");
  }
  for (const Label& label : options.labels) label_names_.push_back(label.name);
  if (label_names_.empty()) {
    label_names_ = names;
    std::sort(label_names_.begin(), label_names_.end());
    label_names_.erase(std::unique(label_names_.begin(), label_names_.end()), label_names_.end());
  }
  LabelledVectors data;
  data.dim = encoder.embedding_dim();
  data.num_labels = label_names_.size();
  std::vector<size_t> counts(label_names_.size(), 0);
  std::vector<std::vector<int32_t>> kept;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto found = std::find(label_names_.begin(), label_names_.end(), names[i]);
    if (found == label_names_.end()) {
      ++report.num_skipped;
      continue;
    }
    data.labels.push_back(static_cast<size_t>(found - label_names_.begin()));
    ++counts[data.labels.back()];
    kept.push_back(std::move(ids[i]));
  }
  constexpr size_t kMostLabels = 1000;
  if (label_names_.size() < 2 || label_names_.size() > kMostLabels) {
    throw UsageError("--examples " + options.examples + ": " + std::to_string(label_names_.size()) +
                     " different labels; 2 to 1000 can be told apart.");
  }
  for (size_t label = 0; label < counts.size(); ++label) {
    if (counts[label] >= 2) continue;
    throw UsageError("--examples " + options.examples + ": the label '" + label_names_[label] +
                     "' has " + std::to_string(counts[label]) +
                     " rows; at least two are needed of each.");
  }
  data.vectors = EmbedTokens(encoder, team, kept);
  const FittedHead fitted = FitHead(data);
  report.num_examples = kept.size();
  report.c = fitted.c;
  report.accuracy = fitted.accuracy;
  report.num_folds = fitted.num_folds;
  fit_report_ = report;
  head_ = std::make_shared<const LinearHead>(fitted.head);
}

std::optional<size_t> EncoderClassifyTask::PredictedLabel(const RowResult& result) const {
  if (!HasAnswer(result)) return {};
  return IndexOfLargest(result.decoded.label_log_probs);
}

std::vector<double> EncoderClassifyTask::LabelScores(const RowResult& result) const {
  if (!HasAnswer(result)) return {};
  return result.decoded.label_log_probs;
}

std::vector<CellKind> EncoderClassifyTask::column_kinds() const {
  std::vector<CellKind> kinds(columns_.size(), CellKind::kNumber);
  kinds.front() = CellKind::kText;
  return kinds;
}

void EncoderClassifyTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(columns_.size(), std::monostate());
  if (!HasAnswer(result)) return;
  CHECK(result.decoded.label_log_probs.size() == label_names_.size());
  const std::vector<double> probabilities = Softmax(result.decoded.label_log_probs);
  const size_t label = IndexOfLargest(result.decoded.label_log_probs);
  cells[0] = label_names_[label];
  cells[1] = probabilities[label];
  if (!probabilities_) return;
  for (size_t i = 0; i < probabilities.size(); ++i) cells[2 + i] = probabilities[i];
}

std::vector<std::pair<std::string, std::string>> EncoderClassifyTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", name_}};
  for (auto& entry : rows_.FingerprintEntries()) entries.push_back(std::move(entry));
  entries.emplace_back("method", method_);
  for (size_t i = 0; i < label_names_.size(); ++i) {
    entries.emplace_back("label " + std::to_string(i), label_names_[i]);
  }
  // Descriptions, examples and files alike decide by their weights.
  if (head_ != nullptr) entries.emplace_back("head", HashOf(*head_));
  entries.emplace_back("probabilities", probabilities_ ? "yes" : "no");
  return entries;
}

}  // namespace rowmill
