#include "tasks/answer_passages.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tasks/answer_scores.h"

namespace rowmill {
namespace {

constexpr const char* kPassages = "passages";

AnswerOptions WithPassages(AnswerOptions options) {
  options.prompt.supplied_column = kPassages;
  options.context_column = kPassages;
  return options;
}

RetrieverOptions WithQuestion(RetrieverOptions options, const PromptOptions& prompt) {
  options.question = prompt;
  return options;
}

// Answers against the right answers, passages against the right passages: either, or both.
class PassageMeasure final : public GoldMeasure {
 public:
  PassageMeasure(std::optional<AnswerMeasure> answers, std::optional<std::string> passage_column,
                 const char* name_key, size_t num_passages)
      : answers_(std::move(answers)),
        passage_column_(std::move(passage_column)),
        name_key_(name_key),
        num_passages_(num_passages) {}

  void Add(const Record& record, std::span<const Cell> cells) override {
    if (answers_) answers_->Add(record, cells);
    if (!passage_column_) return;
    const std::optional<FieldValue> gold = record.Field(*passage_column_);
    if (!gold || gold->kind == FieldKind::kNull || gold->text.empty()) return;
    ++num_rows_;
    const auto* passages = cells.size() < 2 ? nullptr : std::get_if<JsonText>(&cells[1]);
    if (passages == nullptr) return;
    const size_t rank = RankOf(gold->text, passages->text);
    if (rank == 0) return;
    ++num_found_;
    if (rank == 1) ++num_first_;
    sum_reciprocal_ += 1.0 / static_cast<double>(rank);
  }

  std::vector<std::pair<std::string, double>> Values() const override {
    std::vector<std::pair<std::string, double>> values;
    if (answers_) values = answers_->Values();
    if (num_rows_ == 0) return values;
    const auto rows = static_cast<double>(num_rows_);
    values.emplace_back("recall_at_1", static_cast<double>(num_first_) / rows);
    if (num_passages_ == 1) return values;
    values.emplace_back("recall_at_" + std::to_string(num_passages_),
                        static_cast<double>(num_found_) / rows);
    values.emplace_back("mrr", sum_reciprocal_ / rows);
    return values;
  }

  uint64_t num_rows() const override {
    return std::max(num_rows_, answers_ ? answers_->num_rows() : 0);
  }

 private:
  // From 1; 0 where it is not among them.
  size_t RankOf(const std::string& gold, const std::string& passages) const {
    size_t rank = 0;
    for (const nlohmann::json& passage : nlohmann::json::parse(passages)) {
      ++rank;
      const nlohmann::json& name = passage.at(name_key_);
      if ((name.is_string() ? name.get<std::string>() : name.dump()) == gold) return rank;
    }
    return 0;
  }

  std::optional<AnswerMeasure> answers_;
  std::optional<std::string> passage_column_;
  const char* name_key_;
  size_t num_passages_;
  uint64_t num_rows_ = 0;
  uint64_t num_first_ = 0;
  uint64_t num_found_ = 0;
  double sum_reciprocal_ = 0.0;
};

}  // namespace

AnswerPassagesTask::AnswerPassagesTask(const TaskModel& model, const TaskModel& retriever,
                                       const AnswerPassagesOptions& options,
                                       FileSystem& file_system, ThreadTeam& team)
    : answer_(model, WithPassages(options.answer)),
      retriever_(retriever, WithQuestion(options.retriever, options.answer.prompt), file_system,
                 team),
      id_column_(options.retriever.id_column),
      gold_passage_column_(options.gold_passage_column) {}

void AnswerPassagesTask::CheckColumns(const ColumnNames& columns) const {
  answer_.CheckColumns(columns);
  if (gold_passage_column_) RequireColumn(columns, *gold_passage_column_, "--gold-passage");
}

void AnswerPassagesTask::PrepareRow(const Record& record, PrepareScratch& scratch,
                                    ModelInputs& inputs) const {
  inputs.Clear();
  scratch.supplied.clear();
  for (const TextMatch& match : retriever_.Retrieve(record)) {
    if (!scratch.supplied.empty()) scratch.supplied += "\n\n";
    scratch.supplied += retriever_.passages().Text(match.text);
  }
  ModelInput& input = inputs.Add();
  answer_.Prepare(record, scratch, input);
  if (!input.error.empty() || !scratch.supplied.empty()) return;
  input.Clear();
  input.status = RowStatus::kError;
  input.error = "the retriever cannot read the question";
}

void AnswerPassagesTask::OutputRow(const RowAnswer& row, std::vector<Cell>& cells) const {
  answer_.Output(row.results.front(), cells);
  cells.resize(columns_.size());
  if (std::holds_alternative<std::monostate>(cells[0])) return;
  cells[1] = JsonText{passages().ToJson(retriever_.Retrieve(row.record))};
}

std::vector<std::pair<std::string, std::string>> AnswerPassagesTask::FingerprintEntries() const {
  auto entries = answer_.FingerprintEntries();
  for (auto& entry : retriever_.FingerprintEntries()) entries.push_back(std::move(entry));
  return entries;
}

std::unique_ptr<GoldMeasure> AnswerPassagesTask::MakeGoldMeasure(
    const std::optional<std::string>& gold_column) const {
  if (!gold_column && !gold_passage_column_) return nullptr;
  std::optional<AnswerMeasure> answers;
  if (gold_column) answers.emplace(*gold_column);
  return std::make_unique<PassageMeasure>(std::move(answers), gold_passage_column_,
                                          id_column_ ? "id" : "row", retriever_.num_passages());
}

}  // namespace rowmill
