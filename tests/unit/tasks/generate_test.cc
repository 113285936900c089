#include "tasks/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "base/error.h"
#include "text/utf8.h"
#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using testing::MakeTinyModel;
using testing::TinyModel;

GenerateOptions Options() {
  GenerateOptions options;
  options.prompt.prompt = "Say {{text}}";
  options.max_tokens = 16;
  return options;
}

RowResult Generated(std::vector<std::vector<int32_t>> answers) {
  RowResult result;
  result.decoded.answers = std::move(answers);
  result.decoded.finish = FinishReason::kStopRule;
  return result;
}

std::vector<int32_t> Bytes(const std::string& text) {
  std::vector<int32_t> ids;
  for (const char c : text) ids.push_back(static_cast<uint8_t>(c));
  return ids;
}

TEST(GenerateTask, SaysWhatTheDecoderDoes) {
  const TinyModel model = MakeTinyModel();
  GenerateOptions options = Options();
  options.sampling.temperature = 0.5f;
  options.num_samples = 2;
  options.stop = {"\n\n"};
  const GenerateTask task(model.ForTasks(), options);
  const auto& spec = std::get<GenerateSpec>(task.decode_spec());
  EXPECT_EQ(spec.max_tokens, 16u);
  EXPECT_EQ(spec.num_samples, 2u);
  EXPECT_EQ(spec.sampling.temperature, 0.5f);
  EXPECT_EQ(spec.end_tokens, (std::vector<int32_t>{256, 258}));  // ascending
  ASSERT_NE(spec.stop_rule, nullptr);
  EXPECT_TRUE(spec.stop_rule->ShouldStop(Bytes("a\n\n")));
  EXPECT_EQ(task.max_prompt_tokens(), 512u - 16u);
  EXPECT_EQ(task.columns(), (std::vector<std::string>{"text", "text_2"}));
  EXPECT_EQ(
      std::get<GenerateSpec>(GenerateTask(model.ForTasks(), Options()).decode_spec()).stop_rule,
      nullptr);
}

TEST(GenerateTask, CanGoOnBehindTheEnd) {
  const TinyModel model = MakeTinyModel();
  GenerateOptions options = Options();
  options.ignore_eos = true;
  const GenerateTask task(model.ForTasks(), options);
  EXPECT_TRUE(std::get<GenerateSpec>(task.decode_spec()).end_tokens.empty());
}

TEST(GenerateTask, CutsBeforeTheStopAndLeavesControlTokensOut) {
  const TinyModel model = MakeTinyModel();
  GenerateOptions options = Options();
  options.stop = {"END", "\n"};
  const GenerateTask task(model.ForTasks(), options);
  EXPECT_EQ(task.AnswerText(Bytes("one END two\nthree")), "one ");
  EXPECT_EQ(task.AnswerText(Bytes("one\nEND")), "one");
  EXPECT_EQ(task.AnswerText(Bytes("EN")), "EN");
  EXPECT_EQ(task.AnswerText({}), "");
  EXPECT_EQ(task.AnswerText(std::vector<int32_t>{'a', 257, 'E', 258, 'N', 'D'}), "a");
  EXPECT_EQ(task.AnswerText(Bytes("END")), "");
}

TEST(GenerateTask, TextIsAlwaysValidUtf8) {
  const TinyModel model = MakeTinyModel();
  const GenerateTask task(model.ForTasks(), Options());
  EXPECT_EQ(task.AnswerText(Bytes("a\xF0\x9F\x98")),
            "a\xEF\xBF\xBD");  // half an emoji at the limit
  for (uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    std::vector<int32_t> answer(random() % 40);
    for (int32_t& token : answer) token = static_cast<int32_t>(random() % 259);
    const std::string text = task.AnswerText(answer);
    EXPECT_EQ(ValidUtf8Prefix(text), text.size()) << "seed " << seed;
  }
}

TEST(GenerateTask, OutputsAColumnForEachSample) {
  const TinyModel model = MakeTinyModel();
  GenerateOptions options = Options();
  options.sampling.temperature = 1.0f;
  options.num_samples = 3;
  options.finish_reason = true;
  const GenerateTask task(model.ForTasks(), options);
  EXPECT_EQ(task.columns(),
            (std::vector<std::string>{"text", "text_2", "text_3", "finish_reason"}));
  std::vector<Cell> cells;
  task.Output(Generated({Bytes("a"), {}, Bytes("c")}), cells);
  EXPECT_EQ(cells, (std::vector<Cell>{std::string("a"), std::string(), std::string("c"),
                                      std::string("stop")}));
  RowResult invalid;
  invalid.status = RowStatus::kInvalid;
  task.Output(invalid, cells);
  EXPECT_EQ(cells, std::vector<Cell>(4));
  EXPECT_EQ(task.PredictedLabel(invalid), std::nullopt);
  EXPECT_TRUE(task.labels().empty());
}

TEST(GenerateTask, RefusesOptionsThatCannotBeMeant) {
  const TinyModel model = MakeTinyModel();
  const auto message = [&](const std::function<void(GenerateOptions&)>& change) -> std::string {
    GenerateOptions options = Options();
    change(options);
    try {
      GenerateTask task(model.ForTasks(), options);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_THAT(message([](GenerateOptions& o) { o.prompt.prompt.reset(); }), HasSubstr("--prompt"));
  EXPECT_THAT(message([](GenerateOptions& o) { o.max_tokens = 0; }), HasSubstr("--max-tokens"));
  EXPECT_THAT(message([](GenerateOptions& o) { o.max_tokens = UINT32_MAX; }), HasSubstr("no room"));
  EXPECT_THAT(message([](GenerateOptions& o) { o.num_samples = 0; }), HasSubstr("--samples"));
  EXPECT_THAT(message([](GenerateOptions& o) { o.num_samples = 65; }), HasSubstr("--samples"));
  EXPECT_THAT(message([](GenerateOptions& o) { o.num_samples = 2; }), HasSubstr("--temperature"));
  EXPECT_THAT(message([](GenerateOptions& o) { o.sampling.top_p = 2.0f; }), HasSubstr("--top-p"));
  EXPECT_THAT(message([](GenerateOptions& o) { o.stop = {""}; }), HasSubstr("--stop"));
}

TEST(GenerateTask, TheFingerprintSeesEveryOption) {
  const TinyModel model = MakeTinyModel();
  const auto entries = [&](const std::function<void(GenerateOptions&)>& change) {
    GenerateOptions options = Options();
    options.sampling.temperature = 0.5f;
    change(options);
    return GenerateTask(model.ForTasks(), options).FingerprintEntries();
  };
  const auto base = entries([](GenerateOptions&) {});
  const std::function<void(GenerateOptions&)> changes[] = {
      [](GenerateOptions& o) { o.prompt.prompt = "Say  {{text}}"; },
      [](GenerateOptions& o) { o.max_tokens = 17; },
      [](GenerateOptions& o) { o.num_samples = 2; },
      [](GenerateOptions& o) { o.stop = {"a"}; },
      [](GenerateOptions& o) { o.finish_reason = true; },
      [](GenerateOptions& o) { o.ignore_eos = true; },
      [](GenerateOptions& o) { o.sampling.temperature = 0.6f; },
      [](GenerateOptions& o) { o.sampling.top_k = 1; },
      [](GenerateOptions& o) { o.sampling.top_p = 0.5f; },
      [](GenerateOptions& o) { o.sampling.min_p = 0.5f; },
      [](GenerateOptions& o) { o.sampling.repetition_penalty = 1.5f; },
      [](GenerateOptions& o) { o.sampling.seed = 1; },
  };
  for (size_t i = 0; i < std::size(changes); ++i) EXPECT_NE(entries(changes[i]), base) << i;
}

}  // namespace
}  // namespace rowmill
