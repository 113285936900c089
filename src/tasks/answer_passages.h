// Answers questions from a collection: for each question the nearest passages are found by an
// encoder, and the model writes its answer from them (retrieval-augmented generation, Lewis et al.,
// arXiv:2005.11401, without training).
//
// Columns: `answer`, as of tasks/answer.h; `passages`, a JSON list of what the answer was written
// from, best first: {"row", "id" where the collection has ids, "score", "text"}.
//
// The prompt names the passages by {{passages}}: their texts, best first, with an empty line
// between them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/answer.h"
#include "tasks/passage_retriever.h"
#include "tasks/task.h"

namespace rowmill {

struct AnswerPassagesOptions {
  AnswerOptions answer;        // its context_column is ours
  RetrieverOptions retriever;  // its question is ours
  // Of the right passage: its id, or its row where the collection has no ids.
  std::optional<std::string> gold_passage_column;
};

class AnswerPassagesTask final : public Task {
 public:
  // `retriever`: an encoder, loaded beside the model; it and `team` outlive the task. Throws
  // UsageError and ModelError as AnswerTask and PassageRetriever.
  AnswerPassagesTask(const TaskModel& model, const TaskModel& retriever,
                     const AnswerPassagesOptions& options, FileSystem& file_system,
                     ThreadTeam& team);

  std::string_view name() const override { return "answer"; }
  const std::vector<std::string>& input_columns() const override { return answer_.input_columns(); }
  void CheckColumns(const ColumnNames& columns) const override;
  void PrepareRow(const Record& record, PrepareScratch& scratch,
                  ModelInputs& inputs) const override;
  const DecodeSpec& decode_spec() const override { return answer_.decode_spec(); }
  size_t max_prompt_tokens() const override { return answer_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  void OutputRow(const RowAnswer& row, std::vector<Cell>& cells) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;
  uint64_t held_bytes() const override { return retriever_.bytes(); }
  // Of the answers, and where the right passages are known `recall_at_1`, `recall_at_K` and `mrr`
  // (zero where the right one is not among the K).
  std::unique_ptr<GoldMeasure> MakeGoldMeasure(
      const std::optional<std::string>& gold_column) const override;

  const TextCollection& passages() const { return retriever_.passages(); }

 private:
  AnswerTask answer_;
  PassageRetriever retriever_;
  std::optional<std::string> id_column_;
  std::optional<std::string> gold_passage_column_;
  std::vector<std::string> columns_ = {"answer", "passages"};
};

}  // namespace rowmill
