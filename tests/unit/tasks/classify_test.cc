#include "tasks/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "base/error.h"
#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using testing::MakeTinyModel;
using testing::Readable;
using testing::ReadRecord;
using testing::TinyModel;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

ClassifyOptions Options(const std::string& labels) {
  ClassifyOptions options;
  options.labels = ParseLabelList(labels);
  return options;
}

RowResult Scored(std::vector<double> log_probs, RowStatus status = RowStatus::kOk) {
  RowResult result;
  result.status = status;
  result.decoded.label_log_probs = std::move(log_probs);
  return result;
}

std::vector<Cell> Output(const OneInputTask& task, const RowResult& result) {
  std::vector<Cell> cells = {std::string("left over")};
  task.Output(result, cells);
  EXPECT_EQ(cells.size(), task.columns().size());
  return cells;
}

std::string PromptOf(const OneInputTask& task, const Tokenizer& tokenizer,
                     const std::string& json) {
  PrepareScratch scratch;
  ModelInput input;
  task.Prepare(ReadRecord(json), scratch, input);
  EXPECT_EQ(input.status, RowStatus::kOk) << input.error;
  return Readable(tokenizer, input.tokens);
}

TEST(Softmax, IsExactWhereItMatters) {
  const std::vector<double> p = Softmax(std::vector<double>{-1.0, -2.5, -700.0, kMinusInfinity});
  const double sum = std::exp(0.0) + std::exp(-1.5);
  EXPECT_NEAR(p[0], 1.0 / sum, 1e-15);
  EXPECT_NEAR(p[1], std::exp(-1.5) / sum, 1e-15);
  EXPECT_GT(p[2], 0.0);
  EXPECT_EQ(p[3], 0.0);
  EXPECT_EQ(Softmax(std::vector<double>{-5000.0, -5000.0}), (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(Softmax(std::vector<double>{kMinusInfinity, kMinusInfinity}),
            (std::vector<double>{0.5, 0.5}));
}

TEST(IndexOfLargest, TheFirstOfEqualsWins) {
  EXPECT_EQ(IndexOfLargest(std::vector<double>{-2.0, -1.0, -1.0}), 1u);
  EXPECT_EQ(IndexOfLargest(std::vector<double>{kMinusInfinity, kMinusInfinity}), 0u);
}

TEST(ClassifyTask, AsksInTheChatTemplateAndListsTheLabels) {
  const TinyModel model = MakeTinyModel();
  const ClassifyTask task(model.ForTasks(), Options("billing,bug,other"));
  EXPECT_EQ(task.name(), "classify");
  EXPECT_EQ(task.input_columns(), std::vector<std::string>{"text"});
  const std::string prompt = PromptOf(task, *model.tokenizer, R"({"text": "It crashed."})");
  EXPECT_THAT(prompt, HasSubstr("billing, bug or other"));
  EXPECT_THAT(prompt, HasSubstr("It crashed."));
  EXPECT_THAT(prompt, ::testing::EndsWith("«<|im_start|>»assistant\n"));
  // After the template's line break labels begin without a space.
  EXPECT_EQ(task.label_tokens().tokens[1], (std::vector<int32_t>{'b', 'u', 'g'}));
  EXPECT_EQ(std::get<ScoreSpec>(task.decode_spec()).trie->num_labels(), 3u);
  EXPECT_EQ(task.max_prompt_tokens(), 512u - 7u);
  // Braces in a label are text.
  EXPECT_THAT(PromptOf(ClassifyTask(model.ForTasks(), Options("{{x}},b")), *model.tokenizer,
                       R"({"text": "a"})"),
              HasSubstr("as {{x}} or b."));
}

TEST(ClassifyTask, RawPromptsPutASpaceBeforeLabels) {
  const TinyModel model = MakeTinyModel();
  ClassifyOptions options = Options("a,b");
  options.prompt.mode = PromptMode::kRaw;
  const ClassifyTask builtin(model.ForTasks(), options);
  EXPECT_EQ(builtin.label_tokens().tokens[0], (std::vector<int32_t>{' ', 'a'}));
  options.prompt.prompt = "{{text}}\n";
  EXPECT_EQ(ClassifyTask(model.ForTasks(), options).label_tokens().tokens[0],
            (std::vector<int32_t>{'a'}));
}

TEST(ClassifyTask, EndsAreScoredWithTheTokenOfTheMode) {
  const TinyModel model = MakeTinyModel();
  ClassifyOptions options = Options("bill,billing");
  const ClassifyTask chat(model.ForTasks(), options);
  EXPECT_TRUE(chat.label_tokens().end_scored);
  EXPECT_EQ(chat.label_tokens().tokens[0], (std::vector<int32_t>{'b', 'i', 'l', 'l', 258}));
  options.prompt.mode = PromptMode::kRaw;
  EXPECT_EQ(ClassifyTask(model.ForTasks(), options).label_tokens().tokens[0],
            (std::vector<int32_t>{' ', 'b', 'i', 'l', 'l', '\n'}));
  options.label_end = LabelEnd::kNone;
  EXPECT_EQ(ClassifyTask(model.ForTasks(), options).label_tokens().tokens[0],
            (std::vector<int32_t>{' ', 'b', 'i', 'l', 'l'}));
}

TEST(ClassifyTask, OutputsLabelAndProbability) {
  const TinyModel model = MakeTinyModel();
  ClassifyOptions options = Options("a,b,c");
  const ClassifyTask plain(model.ForTasks(), options);
  EXPECT_EQ(plain.columns(), (std::vector<std::string>{"label", "probability"}));
  const RowResult result = Scored({-3.0, -1.0, -2.0});
  const std::vector<double> p = Softmax(std::vector<double>{-3.0, -1.0, -2.0});
  EXPECT_EQ(Output(plain, result), (std::vector<Cell>{std::string("b"), p[1]}));
  EXPECT_EQ(plain.PredictedLabel(result), 1u);
  EXPECT_EQ(std::vector<std::string>(plain.labels().begin(), plain.labels().end()),
            (std::vector<std::string>{"a", "b", "c"}));

  options.probabilities = true;
  options.log_probs = true;
  const ClassifyTask full(model.ForTasks(), options);
  EXPECT_EQ(full.columns(),
            (std::vector<std::string>{"label", "probability", "probability_a", "probability_b",
                                      "probability_c", "log_probs"}));
  EXPECT_EQ(Output(full, Scored({-3.0, -1.0, -2.0}, RowStatus::kTruncated)),
            (std::vector<Cell>{std::string("b"), p[1], p[0], p[1], p[2],
                               std::vector<float>{-3.0f, -1.0f, -2.0f}}));
}

TEST(ClassifyTask, RowsWithoutAnAnswerGiveNulls) {
  const TinyModel model = MakeTinyModel();
  const ClassifyTask task(model.ForTasks(), Options("a,b"));
  RowResult not_finite = Scored({});
  not_finite.decoded.finite = false;
  for (const RowResult& result : {Scored({}, RowStatus::kInvalid), Scored({}, RowStatus::kError),
                                  Scored({}, RowStatus::kSkipped), not_finite}) {
    EXPECT_EQ(Output(task, result), (std::vector<Cell>{std::monostate(), std::monostate()}));
    EXPECT_EQ(task.PredictedLabel(result), std::nullopt);
    EXPECT_TRUE(task.Probabilities(result).empty());
  }
}

TEST(ClassifyTask, NormalisesByTokens) {
  const TinyModel model = MakeTinyModel();
  ClassifyOptions options = Options("ab,wxyz");
  const RowResult result = Scored({-2.0, -3.0});
  EXPECT_EQ(ClassifyTask(model.ForTasks(), options).PredictedLabel(result), 0u);
  options.label_norm = LabelNorm::kTokens;
  const ClassifyTask task(model.ForTasks(), options);
  EXPECT_EQ(task.PredictedLabel(result), 1u);  // -1 against -0.75
  EXPECT_EQ(task.Probabilities(result), Softmax(std::vector<double>{-1.0, -0.75}));
  EXPECT_TRUE(task.CalibrationPrompts().empty());
}

TEST(ClassifyTask, NormalisesByThePrior) {
  const TinyModel model = MakeTinyModel();
  ClassifyOptions options = Options("a,b");
  options.label_norm = LabelNorm::kPrior;
  options.prompt.mode = PromptMode::kRaw;
  options.prompt.prompt = "<{{text}}{{x}}>";
  ClassifyTask task(model.ForTasks(), options);
  ASSERT_EQ(task.CalibrationPrompts().size(), 1u);
  EXPECT_EQ(Readable(*model.tokenizer, task.CalibrationPrompts()[0]), "<N/AN/A>");
  const RowResult result = Scored({-2.0, -3.0});
  EXPECT_THROW(task.Probabilities(result), InternalError);  // asked before it was calibrated
  task.SetCalibration(std::vector<std::vector<double>>{{-1.0, -4.0}});
  EXPECT_EQ(task.PredictedLabel(result), 1u);  // -1 against 1
  EXPECT_EQ(task.Probabilities(result), Softmax(std::vector<double>{-1.0, 1.0}));
  EXPECT_THROW(task.SetCalibration(std::vector<std::vector<double>>{{-1.0, kMinusInfinity}}),
               ModelError);
}

TEST(ClassifyTask, RefusesLabelsThatMakeNoSense) {
  const TinyModel model = MakeTinyModel();
  for (const char* labels : {"a", "a,b,a"}) {
    EXPECT_THROW(ClassifyTask(model.ForTasks(), Options(labels)), UsageError) << labels;
  }
  ClassifyOptions none;
  EXPECT_THROW(ClassifyTask(model.ForTasks(), none), UsageError);
}

TEST(ClassifyTask, TheFingerprintSeesEveryOption) {
  const TinyModel model = MakeTinyModel();
  const auto entries = [&](const std::function<void(ClassifyOptions&)>& change) {
    ClassifyOptions options = Options("a,b");
    change(options);
    return ClassifyTask(model.ForTasks(), options).FingerprintEntries();
  };
  const auto base = entries([](ClassifyOptions&) {});
  EXPECT_EQ(entries([](ClassifyOptions&) {}), base);
  const std::function<void(ClassifyOptions&)> changes[] = {
      [](ClassifyOptions& o) { o.labels = ParseLabelList("b,a"); },
      [](ClassifyOptions& o) { o.labels = ParseLabelFile("a\n b", "f"); },
      [](ClassifyOptions& o) { o.label_end = LabelEnd::kAlways; },
      [](ClassifyOptions& o) { o.label_norm = LabelNorm::kTokens; },
      [](ClassifyOptions& o) { o.probabilities = true; },
      [](ClassifyOptions& o) { o.log_probs = true; },
      [](ClassifyOptions& o) { o.prompt.prompt = "{{text}}?"; },
      [](ClassifyOptions& o) { o.prompt.text_column = "body"; },
      [](ClassifyOptions& o) { o.prompt.system = "Be brief."; },
      [](ClassifyOptions& o) { o.prompt.mode = PromptMode::kRaw; },
      [](ClassifyOptions& o) { o.prompt.overflow = Overflow::kTail; },
      [](ClassifyOptions& o) { o.prompt.max_context = 300; },
  };
  for (size_t i = 0; i < std::size(changes); ++i) EXPECT_NE(entries(changes[i]), base) << i;
}

}  // namespace
}  // namespace rowmill
