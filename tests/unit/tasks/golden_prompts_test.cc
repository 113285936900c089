// The prompts of the reference outputs must come out token for token: through the chat template,
// and raw with the template text of the reference's meta file.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "support/shared_data.h"
#include "tasks/classify.h"
#include "tasks/generate.h"
#include "tasks/loaded_model.h"
#include "tasks/sentiment.h"
#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using nlohmann::json;
using testing::ReadRecord;

json ReadJson(const std::string& path) {
  std::ifstream file(path);
  return json::parse(file);
}

class GoldenPrompts : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto model = testing::ModelPath(testing::kSmolLm2);
    if (!model) GTEST_SKIP() << "absent: " << testing::kSmolLm2;
    file_ = std::make_unique<const ModelFile>(ModelFile::Open(*model));
    text_ = LoadText(*file_);
  }

  TaskModel ForTasks() const {
    return {text_.tokenizer.get(),
            text_.chat_template.get(),
            text_.chat_template_error,
            8192,
            nullptr,
            {}};
  }

  // The job that the label-scoring references describe.
  ClassifyOptions GoldenClassify(const json& meta) const {
    ClassifyOptions options;
    options.prompt.mode = PromptMode::kRaw;
    options.prompt.prompt = EscapePromptText(meta["prefix"].get<std::string>()) + "{{text}}" +
                            EscapePromptText(meta["suffix"].get<std::string>());
    options.label_end = LabelEnd::kNone;
    std::string lines;
    for (const json& label : meta["labels"]) lines += label.get<std::string>() + "\n";
    options.labels = ParseLabelFile(lines, "labels");
    return options;
  }

  std::unique_ptr<const ModelFile> file_;
  LoadedText text_;
};

class GoldenLabelPrompts : public GoldenPrompts,
                           public ::testing::WithParamInterface<const char*> {};

TEST_P(GoldenLabelPrompts, AreTokenForTokenEqual) {
  const auto rows = testing::SharedPath(std::string("goldens/") + GetParam() + ".jsonl");
  const auto meta_path = testing::SharedPath(std::string("goldens/") + GetParam() + ".meta.json");
  if (!rows || !meta_path) GTEST_SKIP() << "absent: shared goldens";
  const json meta = ReadJson(*meta_path);
  const ClassifyTask task(ForTasks(), GoldenClassify(meta));
  EXPECT_EQ(task.label_tokens().tokens, meta["label_ids"].get<std::vector<std::vector<int32_t>>>());

  PrepareScratch scratch;
  ModelInput input;
  size_t compared = 0;
  for (const json& row : testing::ReadJsonLines(*rows)) {
    const Record record = ReadRecord(json{{"text", row["text"]}}.dump());
    task.Prepare(record, scratch, input);
    ASSERT_EQ(input.status, RowStatus::kOk) << input.error;
    EXPECT_EQ(input.tokens.size(), row["n_prompt"].get<size_t>()) << "row " << row["row"];
    const auto tail = row["prompt_ids_tail"].get<std::vector<int32_t>>();
    ASSERT_GE(input.tokens.size(), tail.size());
    EXPECT_TRUE(std::equal(tail.rbegin(), tail.rend(), input.tokens.rbegin()))
        << "row " << row["row"];
    ++compared;
  }
  EXPECT_EQ(compared, meta["n"].get<size_t>());
}

INSTANTIATE_TEST_SUITE_P(All, GoldenLabelPrompts,
                         ::testing::Values("sst2_smollm2", "agnews_smollm2", "multilabel_smollm2"));

TEST_F(GoldenPrompts, ChatPromptsAreTokenForTokenEqual) {
  const auto rows = testing::SharedPath("goldens/greedy_smollm2_chat.jsonl");
  if (!rows) GTEST_SKIP() << "absent: shared goldens";
  GenerateOptions options;
  options.prompt.prompt = "{{text}}";
  const GenerateTask task(ForTasks(), options);
  PrepareScratch scratch;
  ModelInput input;
  size_t compared = 0;
  for (const json& row : testing::ReadJsonLines(*rows)) {
    task.Prepare(ReadRecord(json{{"text", row["prompt"]}}.dump()), scratch, input);
    EXPECT_EQ(input.tokens, row["prompt_ids"].get<std::vector<int32_t>>()) << "id " << row["id"];
    // The answer comes back as the reference wrote it; the end token is no part of it.
    auto answer = row["output_ids"].get<std::vector<int32_t>>();
    EXPECT_EQ(task.AnswerText(answer), row["output_text"].get<std::string>()) << "id " << row["id"];
    ++compared;
  }
  EXPECT_GT(compared, 10u);
  const auto& spec = std::get<GenerateSpec>(task.decode_spec());
  EXPECT_EQ(spec.end_tokens, (std::vector<int32_t>{0, 2}));
}

TEST_F(GoldenPrompts, NoRowMakesASpecialToken) {
  const Vocabulary& vocabulary = text_.tokenizer->vocabulary();
  PromptOptions options;
  options.prompt = "{{text}}";
  for (const PromptMode mode : {PromptMode::kChat, PromptMode::kRaw}) {
    options.mode = mode;
    const PromptEncoder encoder(ForTasks(), options, {});
    TokenizerScratch scratch;
    std::vector<int32_t> harmless;
    ASSERT_EQ(encoder.Encode(std::vector<std::string_view>{"x"}, scratch, harmless), "");
    const auto count_special = [&](const std::vector<int32_t>& ids) {
      return std::count_if(ids.begin(), ids.end(),
                           [&](int32_t id) { return vocabulary.IsControl(id); });
    };
    size_t tried = 0;
    for (int32_t id = 0; id < static_cast<int32_t>(vocabulary.size()); ++id) {
      if (!vocabulary.IsControl(id)) continue;
      std::vector<int32_t> ids;
      const std::string text = "a" + vocabulary.texts[id] + "b";
      ASSERT_EQ(encoder.Encode(std::vector<std::string_view>{text}, scratch, ids), "");
      EXPECT_EQ(count_special(ids), count_special(harmless)) << vocabulary.texts[id];
      ++tried;
    }
    EXPECT_GT(tried, 10u);
  }
}

TEST_F(GoldenPrompts, SentimentLabelsAreSingleTokens) {
  const SentimentTask task(ForTasks(), {});
  EXPECT_EQ(task.label_tokens().tokens, (std::vector<std::vector<int32_t>>{{2731}, {3524}}));
  EXPECT_EQ(task.prompt_encoder().EndOfAnswer(), std::vector<int32_t>{198});  // raw: a line break
  ClassifyOptions chat;
  chat.labels = ParseLabelList("good,good enough");
  const ClassifyTask classify(ForTasks(), chat);
  EXPECT_TRUE(classify.label_tokens().end_scored);
  for (const auto& tokens : classify.label_tokens().tokens) EXPECT_EQ(tokens.back(), 2);
}

}  // namespace
}  // namespace rowmill
