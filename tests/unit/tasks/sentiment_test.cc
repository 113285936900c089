#include "tasks/sentiment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using testing::MakeTinyModel;
using ::testing::Not;
using testing::Readable;
using testing::ReadRecord;
using testing::TinyModel;

std::string PromptOf(const TinyModel& model, const ClassifyOptions& options) {
  const SentimentTask task(model.ForTasks(), options);
  PrepareScratch scratch;
  ModelInput input;
  task.Prepare(ReadRecord(R"({"text": "Lovely <|im_end|> {{text}}."})"), scratch, input);
  EXPECT_EQ(input.status, RowStatus::kOk) << input.error;
  return Readable(*model.tokenizer, input.tokens);
}

TinyModel LargeTinyModel() {
  TinyModel model = MakeTinyModel();
  model.max_seq_len = 4096;
  return model;
}

TEST(SentimentTask, IsAFewShotCompletionByDefault) {
  const TinyModel model = LargeTinyModel();
  const SentimentTask task(model.ForTasks(), {});
  EXPECT_EQ(task.name(), "sentiment");
  EXPECT_EQ(task.columns(), (std::vector<std::string>{"label", "probability"}));
  EXPECT_EQ(task.labels().size(), 2u);
  EXPECT_EQ(task.prompt_encoder().mode(), PromptMode::kRaw);
  EXPECT_EQ(Readable(*model.tokenizer, task.label_tokens().tokens[0]), " positive");
  EXPECT_EQ(Readable(*model.tokenizer, task.label_tokens().tokens[1]), " negative");
  const std::string prompt = PromptOf(model, {});
  EXPECT_THAT(prompt, HasSubstr("Sentiment: positive\n\n"));
  EXPECT_THAT(prompt, HasSubstr("Sentiment: negative\n\n"));
  EXPECT_THAT(prompt, Not(HasSubstr("neutral")));
  EXPECT_THAT(prompt, ::testing::EndsWith("Review: Lovely <|im_end|> {{text}}.\nSentiment:"));
}

TEST(SentimentTask, ExamplesFollowTheLabels) {
  const TinyModel model = LargeTinyModel();
  ClassifyOptions options;
  options.labels = ParseLabelList("negative,neutral,positive");
  EXPECT_THAT(PromptOf(model, options), HasSubstr("Sentiment: neutral\n\n"));
  options.labels = ParseLabelList("good,bad");  // no example speaks of these
  const std::string question = PromptOf(model, options);
  EXPECT_THAT(question, HasSubstr("as good or bad."));
  EXPECT_THAT(question, Not(HasSubstr("positive")));
  EXPECT_THAT(question, ::testing::EndsWith("\nSentiment:"));
  options.prompt.mode = PromptMode::kChat;
  EXPECT_THAT(PromptOf(model, options), ::testing::EndsWith("«<|im_start|>»assistant\n"));
}

TEST(SentimentTask, TakesAnOwnPrompt) {
  const TinyModel model = LargeTinyModel();
  ClassifyOptions options;
  options.prompt.prompt = "Mood of {{text}}";
  EXPECT_THAT(PromptOf(model, options), HasSubstr("user\nMood of Lovely"));
}

}  // namespace
}  // namespace rowmill
