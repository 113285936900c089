#include "tasks/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tasks/classify.h"
#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using testing::MakeTinyModel;
using testing::Readable;
using testing::ReadRecord;
using testing::TinyModel;

ClassifyOptions Options(const std::string& prompt) {
  ClassifyOptions options;
  options.labels = ParseLabelList("yes,no");
  options.prompt.prompt = prompt;
  options.prompt.mode = PromptMode::kRaw;
  return options;
}

ExplainTask MakeTask(const TinyModel& model, const ClassifyOptions& options) {
  return ExplainTask(std::make_unique<ClassifyTask>(model.ForTasks(), options));
}

std::vector<std::string> Prompts(const TinyModel& model, const ExplainTask& task,
                                 const Record& record) {
  PrepareScratch scratch;
  ModelInputs inputs;
  task.PrepareRow(record, scratch, inputs);
  std::vector<std::string> prompts;
  for (size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(inputs[i].error, "");
    prompts.push_back(Readable(*model.tokenizer, inputs[i].tokens));
  }
  return prompts;
}

RowResult Scored(std::vector<double> log_probs) {
  RowResult result;
  result.decoded.label_log_probs = std::move(log_probs);
  return result;
}

TEST(LogOddsTest, IsThatOfTheProbability) {
  EXPECT_DOUBLE_EQ(LogOdds(std::vector<double>{-1.0, -3.0}, 0), 2.0);
  EXPECT_DOUBLE_EQ(LogOdds(std::vector<double>{-1.0, -3.0}, 1), -2.0);
  const std::vector<double> scores = {-1.0, -2.0, -0.5};
  const double p = Softmax(scores)[1];
  EXPECT_NEAR(LogOdds(scores, 1), std::log(p / (1.0 - p)), 1e-14);
  // Probabilities that round to 1 still have log-odds.
  EXPECT_DOUBLE_EQ(LogOdds(std::vector<double>{0.0, -500.0}, 0), 500.0);
  EXPECT_THROW(LogOdds(std::vector<double>{0.0}, 0), InternalError);
}

TEST(ExplainTaskTest, AsksWithoutEachWord) {
  const TinyModel model = MakeTinyModel();
  const ExplainTask task = MakeTask(model, Options("<{{text}}>"));
  EXPECT_THAT(Prompts(model, task, ReadRecord(R"({"text": " not bad,  really\n"})")),
              ElementsAre("< not bad,  really\n>", "< bad,  really\n>", "< not  really\n>",
                          "< not bad,\n>"));
  EXPECT_THAT(Prompts(model, task, ReadRecord(R"({"text": "bad"})")), ElementsAre("<bad>", "<>"));
}

TEST(ExplainTaskTest, AsksWithoutTheWordsOfEachColumn) {
  const TinyModel model = MakeTinyModel();
  const ExplainTask task = MakeTask(model, Options("<{{title}}|{{text}}>"));
  EXPECT_THAT(Prompts(model, task, ReadRecord(R"({"text": "a b", "title": "a"})")),
              ElementsAre("<a|a b>", "<|a b>", "<a|b>", "<a|a>"));
}

TEST(ExplainTaskTest, ARowThatCannotBeAskedIsOneInput) {
  const TinyModel model = MakeTinyModel();
  const ExplainTask task = MakeTask(model, Options("{{text}}"));
  PrepareScratch scratch;
  ModelInputs inputs;
  task.PrepareRow(ReadRecord(R"({"text": " "})"), scratch, inputs);
  ASSERT_EQ(inputs.size(), 1u);
  EXPECT_EQ(inputs[0].status, RowStatus::kInvalid);
}

TEST(ExplainTaskTest, ALongTextIsExplainedByRunsOfWords) {
  TinyModel model = MakeTinyModel();
  model.max_seq_len = 4096;
  const ExplainTask task = MakeTask(model, Options("{{text}}"));
  std::string text = "w0";
  for (int i = 1; i < 300; ++i) text += " w" + std::to_string(i);
  const Record record = ReadRecord("{\"text\": \"" + text + "\"}");
  EXPECT_EQ(Prompts(model, task, record).size(), kMaxExplainedParts + 1);
  const Explanation explanation =
      task.Explain({record, std::vector<RowResult>(kMaxExplainedParts + 1, Scored({-1.0, -2.0}))});
  // Runs leave no word out.
  size_t words = 0;
  for (const ExplainedPart& part : explanation.parts) {
    const std::string run = text.substr(part.span.begin, part.span.end - part.span.begin);
    words += FindWords(run).size();
    EXPECT_THAT(FindWords(run).size(), ::testing::AllOf(::testing::Ge(2u), ::testing::Le(3u)));
  }
  EXPECT_EQ(words, 300u);
}

TEST(ExplainTaskTest, ContributionsAreDifferencesOfTheLabelsLogOdds) {
  const TinyModel model = MakeTinyModel();
  const ExplainTask task = MakeTask(model, Options("{{text}}"));
  EXPECT_THAT(task.columns(), ElementsAre("label", "probability", "explanation"));
  const Record record = ReadRecord(R"({"text": "not \"bad\" so"})");
  // The whole text gets `no`, by 1.5; without `not` it would be `yes`.
  const std::vector<RowResult> results = {Scored({-2.0, -0.5}), Scored({-1.0, -3.0}),
                                          Scored({-2.0, -0.5}), Scored({-4.0, -0.25})};
  std::vector<Cell> cells;
  task.OutputRow({record, results}, cells);
  ASSERT_EQ(cells.size(), 3u);
  EXPECT_EQ(std::get<std::string>(cells[0]), "no");
  EXPECT_EQ(std::get<JsonText>(cells[2]).text, R"([["not", 3.5], ["\"bad\"", 0], ["so", -2.25]])");
  EXPECT_EQ(task.PredictedLabelOf({record, results}), 1u);
}

TEST(ExplainTaskTest, AFailedInputLeavesTheRowWithoutAnAnswer) {
  const TinyModel model = MakeTinyModel();
  const ExplainTask task = MakeTask(model, Options("{{text}}"));
  std::vector<RowResult> results(2, Scored({-1.0, -2.0}));
  results[1].status = RowStatus::kSkipped;
  std::vector<Cell> cells;
  const Record record = ReadRecord(R"({"text": "word"})");
  task.OutputRow({record, results}, cells);
  EXPECT_THAT(cells, ElementsAre(Cell(), Cell(), Cell()));
  EXPECT_TRUE(task.Explain({record, results}).parts.empty());
}

TEST(ExplainTaskTest, NeedsTwoLabelsAndIsPartOfTheFingerprint) {
  const TinyModel model = MakeTinyModel();
  ClassifyOptions options = Options("{{text}}");
  const ClassifyTask plain(model.ForTasks(), options);
  EXPECT_NE(MakeTask(model, options).FingerprintEntries(), plain.FingerprintEntries());
  options.labels = ParseLabelList("only");
  EXPECT_THROW(MakeTask(model, options), UsageError);
}

}  // namespace
}  // namespace rowmill
