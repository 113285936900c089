#include "tasks/task.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

// Asks by the row's number of tokens, and answers with it.
class LengthTask final : public OneInputTask {
 public:
  std::string_view name() const override { return "length"; }
  const std::vector<std::string>& input_columns() const override { return none_; }
  void CheckColumns(const ColumnNames&) const override {}
  void Prepare(const Record& record, PrepareScratch&, ModelInput& input) const override {
    EXPECT_TRUE(input.tokens.empty() && input.error.empty());
    input.tokens.assign(record.index + 1, 7);
  }
  const DecodeSpec& decode_spec() const override { return spec_; }
  size_t max_prompt_tokens() const override { return 10; }
  const std::vector<std::string>& columns() const override { return none_; }
  void Output(const RowResult& result, std::vector<Cell>& cells) const override {
    cells = {static_cast<double>(result.prompt_tokens)};
  }
  std::optional<size_t> PredictedLabel(const RowResult& result) const override {
    return result.prompt_tokens;
  }
  std::vector<std::pair<std::string, std::string>> FingerprintEntries() const override {
    return {};
  }

 private:
  std::vector<std::string> none_;
  DecodeSpec spec_ = GenerateSpec{};
};

TEST(OneInputTaskTest, IsATaskOfOneInputPerRow) {
  const LengthTask length;
  const Task& task = length;
  PrepareScratch scratch;
  ModelInputs inputs;
  inputs.Add().error = "of the row before";
  inputs.Add();
  Record record;
  record.index = 2;
  task.PrepareRow(record, scratch, inputs);
  ASSERT_EQ(inputs.size(), 1u);
  EXPECT_EQ(inputs[0].tokens, std::vector<int32_t>(3, 7));

  std::vector<RowResult> results(1);
  results[0].prompt_tokens = 3;
  std::vector<Cell> cells;
  task.OutputRow({record, results}, cells);
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_EQ(std::get<double>(cells[0]), 3.0);
  EXPECT_EQ(task.PredictedLabelOf({record, results}), 3u);
}

}  // namespace
}  // namespace rowmill
