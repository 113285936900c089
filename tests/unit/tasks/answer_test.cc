#include "tasks/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using testing::MakeTinyModel;
using testing::Readable;
using testing::ReadRecord;
using testing::TinyModel;

AnswerOptions Options() {
  AnswerOptions options;
  options.prompt.text_column = "q";
  options.context_column = "passage";
  return options;
}

ModelInput Prepare(const OneInputTask& task, const std::string& json) {
  PrepareScratch scratch;
  ModelInput input;
  task.Prepare(ReadRecord(json), scratch, input);
  return input;
}

TEST(AnswerTaskTest, AsksByACompletionWithAnExampleAndByPromptsOfOnesOwnInAChat) {
  const TinyModel model = MakeTinyModel();
  const std::string row = R"({"q": "Who?", "passage": "Ann did."})";
  const AnswerTask builtin(model.ForTasks(), Options());
  const std::string text = Readable(*model.tokenizer, Prepare(builtin, row).tokens);
  EXPECT_THAT(text, ::testing::StartsWith("Passage: The bridge was opened"));
  EXPECT_THAT(text, ::testing::EndsWith("\n\nPassage: Ann did.\n\nQuestion: Who?\nAnswer:"));
  AnswerOptions options = Options();
  options.prompt.prompt = "{{passage}} {{text}}";
  EXPECT_EQ(Readable(*model.tokenizer, Prepare(AnswerTask(model.ForTasks(), options), row).tokens),
            "\u00AB<|im_start|>\u00BBuser\nAnn did. Who?\u00AB<|im_end|>\u00BB\n"
            "\u00AB<|im_start|>\u00BBassistant\n");
}

TEST(AnswerTaskTest, ARowWithoutAQuestionIsInvalid) {
  const TinyModel model = MakeTinyModel();
  const AnswerTask task(model.ForTasks(), Options());
  const ModelInput input = Prepare(task, R"({"q": " ", "passage": "Ann did."})");
  EXPECT_EQ(input.status, RowStatus::kInvalid);
  EXPECT_EQ(input.error, "column 'q' is empty");
  EXPECT_TRUE(input.tokens.empty());
  EXPECT_EQ(Prepare(task, R"({"q": "Who?"})").error, "column 'passage' is missing");
}

TEST(AnswerTaskTest, TheAnswerIsALineWithoutWhiteSpaceAround) {
  const TinyModel model = MakeTinyModel();
  const AnswerTask task(model.ForTasks(), Options());
  EXPECT_THAT(task.columns(), ElementsAre("answer"));
  RowResult result;
  result.decoded.answers = {
      model.tokenizer->Encode(" Ann Lee \nQuestion: more", SpecialTokens::kPlainText)};
  std::vector<Cell> cells;
  task.Output(result, cells);
  EXPECT_THAT(cells, ElementsAre(Cell(std::string("Ann Lee"))));
  result.decoded.answers = {{}};
  task.Output(result, cells);
  EXPECT_THAT(cells, ElementsAre(Cell(std::string())));
  result.status = RowStatus::kError;
  task.Output(result, cells);
  EXPECT_THAT(cells, ElementsAre(Cell()));
}

TEST(AnswerTaskTest, EveryOptionIsPartOfTheFingerprint) {
  const TinyModel model = MakeTinyModel();
  const auto entries = [&](const AnswerOptions& options) {
    return AnswerTask(model.ForTasks(), options).FingerprintEntries();
  };
  const auto plain = entries(Options());
  EXPECT_EQ(plain.front(), std::pair(std::string("task"), std::string("answer")));
  AnswerOptions options = Options();
  options.context_column = "other";
  EXPECT_NE(entries(options), plain);
  options = Options();
  options.max_tokens = 5;
  EXPECT_NE(entries(options), plain);
  options = Options();
  options.context_column = "a}b";
  EXPECT_THROW(entries(options), UsageError);
}

TEST(AnswerTaskTest, MeasuresWithAGoldColumnOnly) {
  const TinyModel model = MakeTinyModel();
  const AnswerTask task(model.ForTasks(), Options());
  EXPECT_EQ(task.MakeGoldMeasure(std::nullopt), nullptr);
  EXPECT_NE(task.MakeGoldMeasure("gold"), nullptr);
}

}  // namespace
}  // namespace rowmill
