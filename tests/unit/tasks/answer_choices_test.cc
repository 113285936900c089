#include "tasks/answer_choices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MakeTinyModel;
using testing::Readable;
using testing::ReadRecord;
using testing::TinyModel;

ChoiceOptions Options() {
  ChoiceOptions options;
  options.prompt.text_column = "q";
  options.choice_columns = {"a", "b"};
  return options;
}

ModelInputs Prepare(const ChoiceTask& task, const std::string& json) {
  PrepareScratch scratch;
  ModelInputs inputs;
  task.PrepareRow(ReadRecord(json), scratch, inputs);
  return inputs;
}

std::vector<RowResult> Scored(const std::vector<double>& log_probs) {
  std::vector<RowResult> results(log_probs.size());
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].decoded.label_log_probs = {log_probs[i]};
  }
  return results;
}

TEST(ChoiceTaskTest, EachChoiceIsAnInputWhoseEndIsScored) {
  const TinyModel model = MakeTinyModel();
  const ChoiceTask task(model.ForTasks(), Options());
  const ModelInputs inputs = Prepare(task, R"({"q": "Why?", "a": "so", "b": " not so"})");
  ASSERT_EQ(inputs.size(), 2u);
  EXPECT_EQ(Readable(*model.tokenizer, inputs[0].tokens), "Question: Why?\nAnswer: so");
  EXPECT_EQ(inputs[0].num_scored, 3u);
  EXPECT_EQ(Readable(*model.tokenizer, inputs[1].tokens), "Question: Why?\nAnswer: not so");
  EXPECT_EQ(inputs[1].num_scored, 7u) << "a space of its own is enough";
}

TEST(ChoiceTaskTest, MayHaveAPassageAndNumbersForChoices) {
  const TinyModel model = MakeTinyModel();
  ChoiceOptions options = Options();
  options.context_column = "passage";
  const ChoiceTask task(model.ForTasks(), options);
  const ModelInputs inputs =
      Prepare(task, R"({"q": "How many?", "passage": "Two.", "a": 1, "b": true})");
  ASSERT_EQ(inputs.size(), 2u);
  EXPECT_EQ(Readable(*model.tokenizer, inputs[0].tokens), "Two.\n\nQuestion: How many?\nAnswer: 1");
  EXPECT_EQ(Readable(*model.tokenizer, inputs[1].tokens),
            "Two.\n\nQuestion: How many?\nAnswer: true");
}

TEST(ChoiceTaskTest, RowsThatLackSomethingAreOneInvalidInput) {
  TinyModel model = MakeTinyModel();
  model.max_seq_len = 120;
  const ChoiceTask task(model.ForTasks(), Options());
  const std::pair<const char*, const char*> cases[] = {
      {R"({"q": "", "a": "x", "b": "y"})", "column 'q' is empty"},
      {R"({"q": "?", "a": "x"})", "column 'b' is missing"},
      {R"({"q": "?", "a": " ", "b": "y"})", "column 'a' is empty"},
      {R"({"q": "?", "a": "x", "b": ["y"]})", "column 'b' is an array, not a string"}};
  for (const auto& [json, error] : cases) {
    const ModelInputs inputs = Prepare(task, json);
    ASSERT_EQ(inputs.size(), 1u) << json;
    EXPECT_EQ(inputs[0].status, RowStatus::kInvalid);
    EXPECT_EQ(inputs[0].error, error);
  }
  const ModelInputs long_one =
      Prepare(task, "{\"q\": \"?\", \"a\": \"x\", \"b\": \"" + std::string(120, 'y') + "\"}");
  ASSERT_EQ(long_one.size(), 1u);
  EXPECT_EQ(long_one[0].status, RowStatus::kError);
  EXPECT_THAT(long_one[0].error, HasSubstr("tokens, but only 120 fit the context"));
}

TEST(ChoiceTaskTest, TheLikeliestWinsUnderEachNorm) {
  const TinyModel model = MakeTinyModel();
  // Two bytes against six; with the space in front three tokens against seven.
  const Record record = ReadRecord(R"({"q": "?", "a": "so", "b": "not so"})");
  const std::vector<RowResult> results = Scored({-3.0, -6.5});
  const auto output = [&](ChoiceNorm norm) {
    ChoiceOptions options = Options();
    options.norm = norm;
    options.log_probs = true;
    const ChoiceTask task(model.ForTasks(), options);
    std::vector<Cell> cells;
    task.OutputRow({record, results}, cells);
    EXPECT_EQ(task.PredictedLabelOf({record, results}),
              std::get<std::string>(cells[0]) == "so" ? 0u : 1u);
    EXPECT_EQ(std::get<std::vector<float>>(cells[2]), (std::vector<float>{-3.0f, -6.5f}));
    return std::pair(std::get<std::string>(cells[0]), std::get<double>(cells[1]));
  };
  const auto softmax = [](double best, double other) {
    return 1.0 / (1.0 + std::exp(other - best));
  };
  EXPECT_EQ(output(ChoiceNorm::kNone).first, "so");
  EXPECT_NEAR(output(ChoiceNorm::kNone).second, softmax(-3.0, -6.5), 1e-15);
  EXPECT_EQ(output(ChoiceNorm::kTokens).first, "not so");
  EXPECT_NEAR(output(ChoiceNorm::kTokens).second, softmax(-6.5 / 7, -3.0 / 3), 1e-15);
  EXPECT_EQ(output(ChoiceNorm::kBytes).first, "not so");
  EXPECT_NEAR(output(ChoiceNorm::kBytes).second, softmax(-6.5 / 6, -3.0 / 2), 1e-15);
}

TEST(ChoiceTaskTest, AChoiceThatWasNotRunLeavesTheRowWithoutAnAnswer) {
  const TinyModel model = MakeTinyModel();
  const ChoiceTask task(model.ForTasks(), Options());
  const Record record = ReadRecord(R"({"q": "?", "a": "x", "b": "y"})");
  std::vector<RowResult> results = Scored({-1.0, -2.0});
  results[1] = {};
  results[1].status = RowStatus::kSkipped;
  std::vector<Cell> cells;
  task.OutputRow({record, results}, cells);
  EXPECT_THAT(cells, ElementsAre(Cell(), Cell()));
  EXPECT_EQ(task.PredictedLabelOf({record, results}), std::nullopt);
}

TEST(ChoiceTaskTest, GoldIsAColumnANumberOrTheText) {
  const TinyModel model = MakeTinyModel();
  const ChoiceTask task(model.ForTasks(), Options());
  const Record record = ReadRecord(R"({"q": "?", "a": "yes", "b": "no"})");
  EXPECT_EQ(task.GoldLabel(record, "b"), 1u);
  EXPECT_EQ(task.GoldLabel(record, "0"), 0u);
  EXPECT_EQ(task.GoldLabel(record, "no"), 1u);
  EXPECT_EQ(task.GoldLabel(record, "2"), std::nullopt);
  EXPECT_EQ(task.GoldLabel(record, "maybe"), std::nullopt);
}

TEST(ChoiceTaskTest, RefusesChoicesThatAreNone) {
  const TinyModel model = MakeTinyModel();
  ChoiceOptions options = Options();
  options.choice_columns = {"a"};
  EXPECT_THROW(ChoiceTask(model.ForTasks(), options), UsageError);
  options.choice_columns = {"a", "b", "a"};
  EXPECT_THROW(ChoiceTask(model.ForTasks(), options), UsageError);
}

TEST(ChoiceTaskTest, EveryOptionIsPartOfTheFingerprint) {
  const TinyModel model = MakeTinyModel();
  const auto entries = [&](const ChoiceOptions& options) {
    return ChoiceTask(model.ForTasks(), options).FingerprintEntries();
  };
  const auto plain = entries(Options());
  ChoiceOptions options = Options();
  options.choice_columns = {"b", "a"};
  EXPECT_NE(entries(options), plain);
  options = Options();
  options.norm = ChoiceNorm::kTokens;
  EXPECT_NE(entries(options), plain);
  options = Options();
  options.log_probs = true;
  EXPECT_NE(entries(options), plain);
  options = Options();
  options.context_column = "passage";
  EXPECT_NE(entries(options), plain);
}

}  // namespace
}  // namespace rowmill
