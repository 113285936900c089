#include "tasks/classify.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/error.h"
#include "base/real_math.h"
#include "data/json_text.h"

namespace rowmill {
namespace {

// What stands for the row when its prior is asked for: one of the content-free inputs of the paper.
constexpr std::string_view kContentFree = "N/A";

BuiltinPrompt ClassifyPrompt(std::span<const Label> labels) {
  const std::string question =
      "Classify the text as " + EscapePromptText(JoinLabelNames(labels)) + ".\n";
  return {.chat = question + "Text: {{text}}\nAnswer with one label only.",
          .raw = question + "Text: {{text}}\nLabel:"};
}

LabelTokens TokenizeForPrompt(const ClassifyOptions& options, const PromptEncoder& encoder) {
  LabelTokenOptions how;
  how.seam = encoder.AnswerBeginsAfterSpace() ? LabelSeam::kAsIs : LabelSeam::kSpace;
  how.end = options.label_end;
  if (options.label_end != LabelEnd::kNone) how.end_tokens = encoder.EndOfAnswer();
  return TokenizeLabels(options.labels, encoder.tokenizer(), how);
}

size_t LongestOf(const LabelTokens& labels) {
  size_t longest = 0;
  for (const std::vector<int32_t>& tokens : labels.tokens)
    longest = std::max(longest, tokens.size());
  return longest;
}

bool HasAnswer(const RowResult& result) {
  return IsFine(result.status) && result.decoded.finite && !result.decoded.label_log_probs.empty();
}

}  // namespace

size_t IndexOfLargest(std::span<const double> values) {
  CHECK(!values.empty());
  return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

std::vector<double> Softmax(std::span<const double> scores) {
  const double largest = scores[IndexOfLargest(scores)];
  std::vector<double> out(scores.size());
  double sum = 0.0;
  for (size_t i = 0; i < scores.size(); ++i) {
    // Equal infinities count as equal numbers.
    const double difference = scores[i] == largest ? 0.0 : scores[i] - largest;
    out[i] = difference < -700.0 ? 0.0 : RealExp(difference);
    sum += out[i];
  }
  for (double& value : out) value /= sum;
  return out;
}

ClassifyTask::ClassifyTask(const TaskModel& model, const ClassifyOptions& options)
    : ClassifyTask("classify", model, options, ClassifyPrompt(options.labels)) {}

// Members are made in the order of the class: the labels need the prompt's encoder, and the rows
// need the longest label; so the encoder is made in the initialiser of the rows and the labels are
// read from it.
ClassifyTask::ClassifyTask(std::string_view name, const TaskModel& model,
                           const ClassifyOptions& options, const BuiltinPrompt& builtin)
    : name_(name),
      options_(options),
      label_tokens_(TokenizeForPrompt(options, PromptEncoder(model, options.prompt, builtin))),
      rows_(model, options.prompt, PromptEncoder(model, options.prompt, builtin),
            LongestOf(label_tokens_)),
      decode_spec_(ScoreSpec{std::make_shared<const LabelTrie>(label_tokens_.tokens)}) {
  for (const Label& label : options.labels) label_names_.push_back(label.name);
  columns_ = {"label", "probability"};
  if (options.probabilities) {
    for (const std::string& label : label_names_) columns_.push_back("probability_" + label);
  }
  if (options.log_probs) columns_.push_back("log_probs");
}

std::vector<double> ClassifyTask::NormalisedScores(const RowResult& result) const {
  std::vector<double> scores = result.decoded.label_log_probs;
  CHECK(scores.size() == label_names_.size());
  if (options_.label_norm == LabelNorm::kPrior) {
    CHECK(prior_.size() == scores.size());
    for (size_t i = 0; i < scores.size(); ++i) scores[i] -= prior_[i];
  }
  if (options_.label_norm == LabelNorm::kTokens) {
    for (size_t i = 0; i < scores.size(); ++i) {
      scores[i] /= static_cast<double>(label_tokens_.tokens[i].size());
    }
  }
  return scores;
}

std::vector<double> ClassifyTask::LabelScores(const RowResult& result) const {
  if (!HasAnswer(result)) return {};
  return NormalisedScores(result);
}

std::vector<double> ClassifyTask::Probabilities(const RowResult& result) const {
  if (!HasAnswer(result)) return {};
  return Softmax(NormalisedScores(result));
}

std::optional<size_t> ClassifyTask::PredictedLabel(const RowResult& result) const {
  if (!HasAnswer(result)) return {};
  return IndexOfLargest(NormalisedScores(result));
}

std::vector<CellKind> ClassifyTask::column_kinds() const {
  std::vector<CellKind> kinds(columns_.size(), CellKind::kNumber);
  kinds.front() = CellKind::kText;
  if (options_.log_probs) kinds.back() = CellKind::kFloats;
  return kinds;
}

void ClassifyTask::Output(const RowResult& result, std::vector<Cell>& cells) const {
  cells.assign(columns_.size(), std::monostate());
  if (!HasAnswer(result)) return;
  const std::vector<double> scores = NormalisedScores(result);
  const std::vector<double> probabilities = Softmax(scores);
  const size_t label = IndexOfLargest(scores);
  size_t next = 0;
  cells[next++] = label_names_[label];
  cells[next++] = probabilities[label];
  if (options_.probabilities) {
    for (const double probability : probabilities) cells[next++] = probability;
  }
  if (options_.log_probs) {
    const std::vector<double>& log_probs = result.decoded.label_log_probs;
    cells[next++] = std::vector<float>(log_probs.begin(), log_probs.end());
  }
  CHECK(next == cells.size());
}

std::vector<std::pair<std::string, std::string>> ClassifyTask::FingerprintEntries() const {
  std::vector<std::pair<std::string, std::string>> entries = {{"task", name_}};
  for (auto& entry : rows_.FingerprintEntries()) entries.push_back(std::move(entry));
  std::string labels;
  for (const Label& label : options_.labels) {
    labels += labels.empty() ? "[" : ", ";
    AppendJsonString(label.text, labels);
  }
  entries.emplace_back("labels", labels + "]");
  entries.emplace_back("label_end", label_tokens_.end_scored ? "scored" : "not scored");
  constexpr const char* kNorms[] = {"none", "tokens", "prior"};
  entries.emplace_back("label_norm", kNorms[static_cast<size_t>(options_.label_norm)]);
  entries.emplace_back("probabilities", options_.probabilities ? "yes" : "no");
  entries.emplace_back("log_probs", options_.log_probs ? "yes" : "no");
  return entries;
}

std::vector<std::vector<int32_t>> ClassifyTask::CalibrationPrompts() const {
  if (options_.label_norm != LabelNorm::kPrior) return {};
  return {rows_.PromptWith(kContentFree)};
}

void ClassifyTask::SetCalibration(std::span<const std::vector<double>> label_log_probs) {
  CHECK(label_log_probs.size() == 1 && label_log_probs[0].size() == label_names_.size());
  for (const double value : label_log_probs[0]) {
    if (value - value == 0.0) continue;  // finite
    throw ModelError(
        "--label-norm prior: the model gives a label no probability at all for a prompt without "
        "content; use --label-norm none.");
  }
  prior_ = label_log_probs[0];
}

}  // namespace rowmill
