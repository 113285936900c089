// For each row, the rows of another file whose texts mean most nearly the same: the largest cosines
// of their vectors, all pairs compared.
//
// Column: `similar`, a list of {"row", "score", "text"}, best first, equal scores by row. `row` is
// the 0-based position in the other file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "tasks/prompt_rows.h"
#include "tasks/task.h"
#include "tasks/text_collection.h"

namespace rowmill {

struct SimilarOptions {
  PromptOptions prompt;  // of the rows and of the other file's
  std::string others;    // path of the other file
  size_t num_results = 5;
};

class SimilarTask final : public OneInputTask {
 public:
  // Reads and embeds the other file: its vectors and texts are held in memory. Throws UsageError
  // where there is nothing to compare with.
  SimilarTask(const TaskModel& model, const SimilarOptions& options, FileSystem& file_system,
              ThreadTeam& team);

  std::string_view name() const override { return "similar"; }
  const std::vector<std::string>& input_columns() const override { return rows_.input_columns(); }
  void CheckColumns(const ColumnNames& columns) const override { rows_.CheckColumns(columns); }
  void Prepare(const Record& record, PrepareScratch& scratch, ModelInput& input) const override {
    rows_.Prepare(record, scratch, input);
  }
  const DecodeSpec& decode_spec() const override { return decode_spec_; }
  size_t max_prompt_tokens() const override { return rows_.max_prompt_tokens(); }
  const std::vector<std::string>& columns() const override { return columns_; }
  void Output(const RowResult& result, std::vector<Cell>& cells) const override;
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override;
  uint64_t held_bytes() const override { return others_.bytes(); }

  const TextCollection& others() const { return others_; }

 private:
  PromptRows rows_;
  size_t num_results_;
  TextCollection others_;
  DecodeSpec decode_spec_ = EncodeSpec{};
  std::vector<std::string> columns_ = {"similar"};
};

}  // namespace rowmill
