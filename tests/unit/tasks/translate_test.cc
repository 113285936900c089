#include "tasks/translate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "kernels/dispatch.h"
#include "models/encoder_decoder.h"
#include "tasks/loaded_model.h"
#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using testing::ReadRecord;

// A family of tests/data/encoder_decoders.
class Translator {
 public:
  explicit Translator(const std::string& family)
      : file_(ModelFile::Open(std::string(ROWMILL_SOURCE_DIR) + "/tests/data/encoder_decoders/" +
                              family)),
        text_(LoadText(file_)),
        model_(LoadEncoderDecoder(file_, {&kernels::ScalarTable(), Numerics::kAuto}, team_)) {}

  TaskModel ForTasks() const {
    TaskModel model;
    model.tokenizer = text_.tokenizer.get();
    model.max_seq_len = model_->max_source_len();
    model.encoder_decoder = model_.get();
    return model;
  }
  std::vector<int32_t> Encode(const std::string& text) const {
    return text_.tokenizer->Encode(text, SpecialTokens::kPlainText);
  }
  int32_t end() const { return model_->end_token(); }

 private:
  ThreadTeam team_{1};
  ModelFile file_;
  LoadedText text_;
  std::unique_ptr<EncoderDecoder> model_;
};

ModelInput Prepared(const TranslateTask& task, const std::string& json) {
  PrepareScratch scratch;
  ModelInput input;
  task.Prepare(ReadRecord(json), scratch, input);
  return input;
}

std::vector<int32_t> Joined(std::vector<std::vector<int32_t>> parts) {
  std::vector<int32_t> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(TranslateTask, ATextEndsWithTheEndToken) {
  const Translator translator("student");
  const TranslateTask task(translator.ForTasks(), {});
  const ModelInput input = Prepared(task, R"({"text": " the cat. A dog. "})");
  EXPECT_EQ(input.status, RowStatus::kOk);
  EXPECT_EQ(input.tokens, Joined({translator.Encode("the cat. A dog."), {translator.end()}}));
}

TEST(TranslateTask, LinesAreTextsAndBlankLinesEndTokens) {
  const Translator translator("student");
  const TranslateTask task(translator.ForTasks(), {});
  const int32_t end = translator.end();
  const ModelInput input = Prepared(task, R"({"text": "the cat\n\na dog\n"})");
  EXPECT_EQ(
      input.tokens,
      Joined(
          {translator.Encode("the cat"), {end, end, end}, translator.Encode("a dog"), {end, end}}));
}

TEST(TranslateTask, LongLinesAreCutIntoSentences) {
  const Translator translator("student");
  const TranslateTask task(translator.ForTasks(), {});
  std::string text;
  std::vector<std::vector<int32_t>> expected;
  for (int i = 0; i < 40; ++i) {
    text += "A dog sing. ";
    expected.push_back(translator.Encode("A dog sing."));
    expected.push_back({translator.end()});
  }
  EXPECT_EQ(Prepared(task, R"({"text": ")" + text + R"("})").tokens, Joined(expected));
}

TEST(TranslateTask, SentencesLongerThanTheContextAreCutBetweenWords) {
  const Translator translator("opus");
  const TranslateTask task(translator.ForTasks(), {});
  std::string text = "the cat";
  for (int i = 0; i < 300; ++i) text += i % 9 == 0 ? ", the cat" : " the cat";
  const ModelInput input = Prepared(task, R"({"text": ")" + text + R"("})");
  ASSERT_EQ(input.status, RowStatus::kOk);
  size_t length = 0;
  std::vector<int32_t> without_ends;
  for (const int32_t token : input.tokens) {
    ++length;
    EXPECT_LE(length, 96u);
    if (token == translator.end()) {
      length = 0;
    } else {
      without_ends.push_back(token);
    }
  }
  EXPECT_EQ(length, 0u);
  EXPECT_EQ(without_ends, translator.Encode(text));
}

TEST(TranslateTask, RowsWithNothingToTranslate) {
  const Translator translator("student");
  const TranslateTask task(translator.ForTasks(), {});
  EXPECT_EQ(Prepared(task, R"({"text": " \n "})").status, RowStatus::kInvalid);
  EXPECT_EQ(Prepared(task, R"({"text": null})").status, RowStatus::kInvalid);
  EXPECT_EQ(Prepared(task, R"({"text": 3})").status, RowStatus::kInvalid);
  EXPECT_EQ(Prepared(task, R"({"other": "x"})").status, RowStatus::kInvalid);
}

TEST(TranslateTask, TheTextOfAnEndTokenEndsNothing) {
  const Translator translator("student");
  const TranslateTask task(translator.ForTasks(), {});
  const ModelInput input = Prepared(task, R"({"text": "a</s>b<pad>"})");
  EXPECT_EQ(std::count(input.tokens.begin(), input.tokens.end(), translator.end()), 1);
  EXPECT_EQ(input.tokens.back(), translator.end());
}

TEST(TranslateTask, AnswersAreJoinedAsTheTextWasCut) {
  const Translator translator("student");
  const int32_t end = translator.end();
  const auto cat = translator.Encode("the cat."), dog = translator.Encode("a dog!");
  const TranslateTask task(translator.ForTasks(), {});
  EXPECT_EQ(task.Join(std::vector<std::vector<int32_t>>{cat, dog, {end}, {end}, cat}),
            "the cat. a dog!\n\nthe cat.");
  EXPECT_EQ(task.Join(std::vector<std::vector<int32_t>>{{end}, {}, cat, {}}), "\nthe cat.");
  TranslateOptions options;
  options.to = "ja";
  EXPECT_EQ(TranslateTask(translator.ForTasks(), options)
                .Join(std::vector<std::vector<int32_t>>{cat, dog}),
            "the cat.a dog!");
}

TEST(TranslateTask, OutputIsNullWithoutAnAnswer) {
  const Translator translator("student");
  const TranslateTask task(translator.ForTasks(), {});
  std::vector<Cell> cells;
  RowResult result;
  result.status = RowStatus::kError;
  task.Output(result, cells);
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(cells[0]));
  result.status = RowStatus::kOk;
  result.decoded.answers = {translator.Encode("a cat")};
  task.Output(result, cells);
  EXPECT_EQ(std::get<std::string>(cells[0]), "a cat");
}

TEST(TranslateTask, WhatItTellsT5) {
  EXPECT_EQ(TranslationPrompt("marian", "", ""), "{{text}}");
  EXPECT_EQ(TranslationPrompt("t5", "en", "de"), "translate English to German: {{text}}");
  EXPECT_THROW(TranslationPrompt("t5", "", "de"), UsageError);
  EXPECT_THROW(TranslationPrompt("t5", "en", "tlh"), UsageError);
  EXPECT_EQ(TranslationModel("en", "pt"), "marian-en-pt");
}

TEST(TranslateTask, EveryOptionThatDecidesTheOutputIsInTheFingerprint) {
  const Translator translator("student");
  const auto entries = [&](const TranslateOptions& options) {
    return TranslateTask(translator.ForTasks(), options).FingerprintEntries();
  };
  const auto base = entries({});
  TranslateOptions options;
  options.beam = 4;
  EXPECT_NE(entries(options), base);
  options = {};
  options.length_penalty = 0.5;
  EXPECT_NE(entries(options), base);
  options = {};
  options.max_tokens = 100;
  EXPECT_NE(entries(options), base);
  options = {};
  options.to = "ja";
  EXPECT_NE(entries(options), base);
}

TEST(TranslateTask, RefusesWhatItCannotDo) {
  const Translator translator("student");
  TranslateOptions options;
  options.beam = 0;
  EXPECT_THROW(TranslateTask(translator.ForTasks(), options), UsageError);
  options = {};
  options.prompt.prompt = "{{other}}";
  EXPECT_THROW(TranslateTask(translator.ForTasks(), options), UsageError);
}

}  // namespace
}  // namespace rowmill
