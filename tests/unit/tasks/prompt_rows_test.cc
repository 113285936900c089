#include "tasks/prompt_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "data/json_text.h"
#include "text/utf8.h"
#include "unit/tasks/task_fixtures.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using testing::MakeTinyModel;
using testing::Readable;
using testing::ReadRecord;
using testing::ReadRecords;
using testing::TinyModel;

PromptOptions RawOptions(const std::string& prompt, Overflow overflow = Overflow::kError) {
  PromptOptions options;
  options.prompt = prompt;
  options.mode = PromptMode::kRaw;
  options.overflow = overflow;
  return options;
}

PromptRows MakeRows(const TinyModel& model, const PromptOptions& options,
                    size_t answer_tokens = 1) {
  return PromptRows(model.ForTasks(), options, PromptEncoder(model.ForTasks(), options, {}),
                    answer_tokens);
}

ModelInput Prepare(const PromptRows& rows, const Record& record) {
  PrepareScratch scratch;
  ModelInput input;
  input.error = "left over";
  input.tokens = {1, 2, 3};
  rows.Prepare(record, scratch, input);
  if (input.status == RowStatus::kOk || input.status == RowStatus::kTruncated) {
    EXPECT_EQ(input.error, "");
    EXPECT_FALSE(input.tokens.empty());
  } else {
    EXPECT_NE(input.error, "");
    EXPECT_TRUE(input.tokens.empty());
  }
  return input;
}

std::string JsonText(const std::string& text) {
  std::string out;
  AppendJsonString(text, out);
  return out;
}

TEST(PromptRows, FineRowsBecomeTokens) {
  const TinyModel model = MakeTinyModel();
  const PromptRows rows = MakeRows(model, RawOptions("{{text}} ({{stars}}, {{new}}):"));
  EXPECT_EQ(rows.input_columns(), (std::vector<std::string>{"text", "stars", "new"}));
  const ModelInput input =
      Prepare(rows, ReadRecord(R"({"text": "a\u00e9\nb", "stars": 4.50, "new": true})"));
  EXPECT_EQ(input.status, RowStatus::kOk);
  EXPECT_EQ(Readable(*model.tokenizer, input.tokens), "a\xC3\xA9\nb (4.50, true):");
}

TEST(PromptRows, InvalidRowsSayWhichWay) {
  const TinyModel model = MakeTinyModel();
  const PromptRows rows = MakeRows(model, RawOptions("{{text}}: {{n}}"));
  const auto error = [&](const std::string& json) {
    const ModelInput input = Prepare(rows, ReadRecord(json));
    EXPECT_EQ(input.status, RowStatus::kInvalid) << json;
    return input.error;
  };
  EXPECT_EQ(error(R"({"n": 1})"), "column 'text' is missing");
  EXPECT_EQ(error(R"({"text": null, "n": 1})"), "column 'text' is null");
  EXPECT_EQ(error(R"({"text": 5, "n": 1})"), "column 'text' is a number, not a string");
  EXPECT_EQ(error(R"({"text": ["secret"], "n": 1})"), "column 'text' is an array, not a string");
  EXPECT_EQ(error(R"({"text": "a", "n": {"b": 1}})"), "column 'n' is an object, not a string");
  EXPECT_EQ(error(R"({"text": " ", "n": ""})"), "all columns that the prompt uses are empty");
  EXPECT_NE(error("[1, 2]"), "");
  EXPECT_NE(error("{\"text\": "), "");
  EXPECT_EQ(Prepare(rows, ReadRecord(R"({"text": "", "n": 1})")).status, RowStatus::kOk);

  const PromptRows one = MakeRows(model, RawOptions("{{text}}:"));
  for (const char* blank : {"", " ", "\t\r\n", "\xC2\xA0\xE2\x80\x83"}) {
    const ModelInput input = Prepare(one, ReadRecord("{\"text\": " + JsonText(blank) + "}"));
    EXPECT_EQ(input.status, RowStatus::kInvalid);
    EXPECT_EQ(input.error, "column 'text' is empty");
  }
}

TEST(PromptRows, ErrorsNeverQuoteTheRow) {
  const TinyModel model = MakeTinyModel();
  const PromptRows rows = MakeRows(model, RawOptions("{{text}}"));
  for (const std::string& json :
       {std::string(R"({"text": ["secret"]})"), std::string(R"({"secret": 1})"),
        std::string("secret"), "{\"text\": \"" + std::string(1000, 's') + "secret\"}"}) {
    EXPECT_THAT(Prepare(rows, ReadRecord(json)).error, ::testing::Not(HasSubstr("secret")));
  }
}

TEST(PromptRows, CleansBeforeItLooksAndReportsWhatChanged) {
  const TinyModel model = MakeTinyModel();
  PromptOptions options = RawOptions("{{text}}!");
  options.clean = ParseCleanOptions("html,space");
  const PromptRows rows = MakeRows(model, options);
  PrepareScratch scratch;
  ModelInput input;
  rows.Prepare(ReadRecord(R"({"text": " <b>a</b>  b &amp; c"})"), scratch, input);
  EXPECT_EQ(Readable(*model.tokenizer, input.tokens), "a b & c!");
  rows.Prepare(ReadRecord(R"({"text": "a"})"), scratch, input);
  EXPECT_EQ(input.status, RowStatus::kOk);
  rows.Prepare(ReadRecord(R"({"text": "<br>"})"), scratch, input);
  EXPECT_EQ(input.status, RowStatus::kInvalid);
  EXPECT_EQ(input.error, "column 'text' is empty after cleaning");
  rows.Prepare(ReadRecord(R"({"text": ""})"), scratch, input);
  EXPECT_EQ(input.error, "column 'text' is empty");
  EXPECT_EQ(scratch.report.rows, 4u);
  EXPECT_EQ(scratch.report.changed_rows, 2u);
  EXPECT_EQ(scratch.report.empty_rows, 2u);
  EXPECT_EQ(scratch.report.emptied_rows, 1u);
  EXPECT_NE(rows.FingerprintEntries(),
            MakeRows(model, RawOptions("{{text}}!")).FingerprintEntries());
}

TEST(PromptRows, CsvFieldsAreText) {
  const TinyModel model = MakeTinyModel();
  const PromptRows rows = MakeRows(model, RawOptions("{{text}}!"));
  const std::vector<Record> records =
      ReadRecords("id,text\n1,\"a, \"\"b\"\"\"\n2,\n3\n", Format::kCsv);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(Readable(*model.tokenizer, Prepare(rows, records[0]).tokens), "a, \"b\"!");
  EXPECT_EQ(Prepare(rows, records[1]).error, "column 'text' is empty");
  EXPECT_EQ(Prepare(rows, records[2]).status, RowStatus::kInvalid);
  const ColumnNames columns({"id", "txet"});
  EXPECT_THROW(rows.CheckColumns(columns), UsageError);
  EXPECT_NO_THROW(rows.CheckColumns(ColumnNames({"id", "text"})));
}

TEST(PromptRows, TooLongIsAnErrorWithBothCounts) {
  TinyModel model = MakeTinyModel();
  model.max_seq_len = 20;
  const PromptRows rows = MakeRows(model, RawOptions("<{{text}}>"), 3);
  EXPECT_EQ(rows.max_prompt_tokens(), 17u);
  const auto prepare = [&](size_t size) {
    return Prepare(rows, ReadRecord("{\"text\": \"" + std::string(size, 'a') + "\"}"));
  };
  EXPECT_EQ(prepare(14).status, RowStatus::kOk);
  EXPECT_EQ(prepare(15).status, RowStatus::kOk);
  EXPECT_EQ(prepare(15).tokens.size(), 17u);
  EXPECT_EQ(prepare(16).status, RowStatus::kError);
  EXPECT_EQ(prepare(16).error,
            "the prompt has 18 tokens, but only 17 fit the context of 20 with an answer of 3");
  EXPECT_EQ(prepare(100000).status, RowStatus::kError);
  EXPECT_THAT(prepare(100000).error, HasSubstr("100000 tokens"));
}

TEST(PromptRows, HeadAndTailCutTheRowsTextOnly) {
  TinyModel model = MakeTinyModel();
  model.max_seq_len = 12;
  const auto prepare = [&](Overflow overflow, const std::string& text) {
    const PromptRows rows = MakeRows(model, RawOptions("Q <{{text}}> A:", overflow), 1);
    return Prepare(rows, ReadRecord("{\"text\": " + JsonText(text) + "}"));
  };
  const ModelInput head = prepare(Overflow::kHead, "abcdefgh");
  EXPECT_EQ(head.status, RowStatus::kTruncated);
  EXPECT_EQ(Readable(*model.tokenizer, head.tokens), "Q <efgh> A:");
  const ModelInput tail = prepare(Overflow::kTail, "abcdefgh");
  EXPECT_EQ(tail.status, RowStatus::kTruncated);
  EXPECT_EQ(Readable(*model.tokenizer, tail.tokens), "Q <abcd> A:");
  EXPECT_EQ(prepare(Overflow::kTail, "abcd").status, RowStatus::kOk);
  // A character is never cut in two.
  EXPECT_EQ(Readable(*model.tokenizer, prepare(Overflow::kTail, "ab\xE2\x82\xAC\x64").tokens),
            "Q <ab> A:");
  EXPECT_EQ(Readable(*model.tokenizer, prepare(Overflow::kHead, "\xE2\x82\xAC\x61\x62").tokens),
            "Q <ab> A:");
  // Where not even one character fits there is no row to ask about.
  EXPECT_EQ(prepare(Overflow::kTail, "\xF0\x9F\x98\x80\xF0\x9F\x98\x80").status,
            RowStatus::kTruncated);
  model.max_seq_len = 11;
  EXPECT_EQ(prepare(Overflow::kTail, "\xF0\x9F\x98\x80\xF0\x9F\x98\x80").status, RowStatus::kError);
}

TEST(PromptRows, TheLongestValueIsCutFirst) {
  TinyModel model = MakeTinyModel();
  model.max_seq_len = 13;
  const PromptRows rows = MakeRows(model, RawOptions("{{a}}|{{b}}:", Overflow::kTail), 1);
  const auto cut = [&](const std::string& a, const std::string& b) {
    const ModelInput input =
        Prepare(rows, ReadRecord("{\"a\": \"" + a + "\", \"b\": \"" + b + "\"}"));
    EXPECT_EQ(input.status, RowStatus::kTruncated);
    return Readable(*model.tokenizer, input.tokens);
  };
  EXPECT_EQ(cut("12345678", "abcd"), "123456|abcd:");
  EXPECT_EQ(cut("1234", "abcdefgh"), "1234|abcdef:");
}

// Very long rows are cut before they are rendered, which must not show.
TEST(PromptRows, MegabytesAreCutLikeAnythingElse) {
  TinyModel model = MakeTinyModel({" word"});
  for (const Overflow overflow : {Overflow::kHead, Overflow::kTail}) {
    PromptOptions options = RawOptions("Q: {{text}}\nA:", overflow);
    options.mode = PromptMode::kChat;
    const PromptRows rows = MakeRows(model, options, 10);
    std::string text = "start";
    for (int i = 0; i < 200000; ++i) text += " word";
    text += " end";
    const ModelInput input = Prepare(rows, ReadRecord("{\"text\": \"" + text + "\"}"));
    EXPECT_EQ(input.status, RowStatus::kTruncated);
    EXPECT_LE(input.tokens.size(), rows.max_prompt_tokens());
    EXPECT_GE(input.tokens.size() + 4, rows.max_prompt_tokens());
    const std::string readable = Readable(*model.tokenizer, input.tokens);
    EXPECT_THAT(readable,
                HasSubstr(overflow == Overflow::kTail ? "Q: start word" : "word end\nA:"));
    EXPECT_THAT(readable, ::testing::EndsWith("«<|im_end|>»\n«<|im_start|>»assistant\n"));
  }
}

// Whatever the text and the vocabulary, a cut prompt fits, is whole characters, and keeps the
// template.
TEST(PromptRows, CutPromptsAlwaysFit) {
  TinyModel model =
      MakeTinyModel({"aaaa", " aa", "ab", "\xE2\x82\xAC", "\xE2\x82\xAC\xE2\x82\xAC", "bab"});
  model.max_seq_len = 24;
  const char* parts[] = {"a", "b", " ", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\n", "aa"};
  for (uint32_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string text = "x";
    for (uint32_t n = 10 + random() % 60; n > 0; --n) text += parts[random() % 7];
    const Overflow overflow = seed % 2 == 0 ? Overflow::kHead : Overflow::kTail;
    const PromptRows rows = MakeRows(model, RawOptions("a {{text}}b:", overflow), 2);
    const ModelInput input = Prepare(rows, ReadRecord("{\"text\": " + JsonText(text) + "}"));
    if (input.status == RowStatus::kError) continue;  // an emoji where there is room for half of it
    ASSERT_LE(input.tokens.size(), rows.max_prompt_tokens());
    std::string bytes;
    model.tokenizer->AppendBytes(input.tokens, {}, bytes);
    EXPECT_EQ(ValidUtf8Prefix(bytes), bytes.size());
    EXPECT_THAT(bytes, ::testing::StartsWith("a "));
    EXPECT_THAT(bytes, ::testing::EndsWith("b:"));
    const std::string kept = bytes.substr(2, bytes.size() - 4);
    if (input.status == RowStatus::kOk) {
      EXPECT_EQ(kept, text);
    } else if (overflow == Overflow::kHead) {
      EXPECT_THAT(text, ::testing::EndsWith(kept));
    } else {
      EXPECT_THAT(text, ::testing::StartsWith(kept));
    }
  }
}

TEST(PromptRows, AContextWithoutRoomIsSaidBeforeTheFirstRow) {
  TinyModel model = MakeTinyModel();
  EXPECT_THROW(MakeRows(model, RawOptions("{{text}}"), 512), UsageError);
  EXPECT_NO_THROW(MakeRows(model, RawOptions("{{text}}"), 511));
  EXPECT_THROW(MakeRows(model, RawOptions(std::string(600, 'p') + "{{text}}")), UsageError);
  PromptOptions small = RawOptions("{{text}}");
  small.max_context = 16;
  EXPECT_EQ(MakeRows(model, small, 6).max_prompt_tokens(), 10u);
  small.max_context = 100000;  // more than the model has
  EXPECT_EQ(MakeRows(model, small, 12).max_prompt_tokens(), 500u);
}

TEST(PromptRows, AChatTemplateThatRefusesARowSpoilsThatRowOnly) {
  TinyModel model = MakeTinyModel();
  model.chat_template = std::make_unique<const ChatTemplate>(ChatTemplate::Parse(
      "{% if 'bad' in messages[0]['content'] %}{{ raise_exception('no') }}{% endif %}"
      "{{ messages[0]['content'] }}",
      "", ""));
  PromptOptions options = RawOptions("{{text}}");
  options.mode = PromptMode::kChat;
  const PromptRows rows = MakeRows(model, options);
  EXPECT_EQ(Prepare(rows, ReadRecord(R"({"text": "fine"})")).status, RowStatus::kOk);
  EXPECT_EQ(Prepare(rows, ReadRecord(R"({"text": "bad"})")).status, RowStatus::kError);
}

}  // namespace
}  // namespace rowmill
