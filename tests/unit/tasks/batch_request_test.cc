#include "tasks/batch_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rowmill {
namespace {

using testing::HasSubstr;

const std::string kChat =
    R"({"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m",)"
    R"("messages":[{"role":"system","content":"s"},{"role":"user","content":)"
    R"([{"type":"text","text":"u"},{"type":"text","text":"v"}]}],"max_tokens":9,"seed":4,)"
    R"("stop":["x","y"],"user":"me","logprobs":null,"stream":false}})";

TEST(BatchRequest, AChatIsItsMessagesOfWhichTheLastOneIsAsked) {
  const BatchRequest request = ParseBatchRequest(kChat, 256);
  EXPECT_EQ(request.error, "");
  EXPECT_EQ(request.custom_id, "a");
  EXPECT_EQ(request.settings.model, "m");
  EXPECT_THAT(request.settings.roles, testing::ElementsAre("system"));
  EXPECT_THAT(request.history, testing::ElementsAre("s"));
  EXPECT_THAT(request.texts, testing::ElementsAre("uv"));
  EXPECT_EQ(request.settings.num_choices, 1U);
  EXPECT_EQ(request.settings.max_tokens, 9U);
  EXPECT_EQ(request.settings.sampling.seed, 4U);
  EXPECT_EQ(request.settings.sampling.temperature, 1.0f);
  EXPECT_THAT(request.settings.stop, testing::ElementsAre("x", "y"));
}

TEST(BatchRequest, EqualParametersHaveEqualKeys) {
  const BatchSettings settings = ParseBatchRequest(kChat, 256).settings;
  EXPECT_EQ(settings.Key(), ParseBatchRequest(kChat, 1).settings.Key());
  BatchSettings other = settings;
  other.sampling.seed = 5;
  EXPECT_NE(settings.Key(), other.Key());
  other = settings;
  other.stop = {"x,y"};
  EXPECT_NE(settings.Key(), other.Key());
  other = settings;
  other.roles = {"user"};
  EXPECT_NE(settings.Key(), other.Key());
  other = settings;
  other.num_choices = 2;
  EXPECT_NE(settings.Key(), other.Key());
}

TEST(BatchRequest, CutAnywhereItIsAnErrorAndNothingElse) {
  for (size_t size = 0; size < kChat.size(); ++size) {
    EXPECT_NE(ParseBatchRequest(std::string_view(kChat).substr(0, size), 256).error, "");
  }
}

TEST(BatchRequest, WhatWouldChangeTheAnswerAndIsNotSupportedIsNamed) {
  std::string text = kChat;
  text.replace(text.find(R"("logprobs":null)"), 15, R"("logit_bias":{"7":1})");
  const BatchRequest request = ParseBatchRequest(text, 256);
  EXPECT_THAT(request.error, HasSubstr("logit_bias"));
  EXPECT_EQ(request.parameter, "logit_bias");
}

TEST(BatchRequest, ALineOfResults) {
  BatchAnswer answer;
  answer.index = 7;
  answer.custom_id = "a\"b";
  answer.endpoint = BatchEndpoint::kEmbedding;
  answer.model = "m";
  answer.embeddings = {{0.5f, -1.0f}, {2.0f}};
  answer.prompt_tokens = 3;
  EXPECT_EQ(BatchResultLine(answer),
            R"({"id":"batch_req_7","custom_id":"a\"b","response":{"status_code":200,)"
            R"("request_id":"req_7","body":{"object":"list","data":[{"object":"embedding",)"
            R"("index":0,"embedding":[0.5,-1]},{"object":"embedding","index":1,"embedding":[2]}],)"
            R"("model":"m","usage":{"prompt_tokens":3,)"
            R"("total_tokens":3}}},"error":null})"
            "\n");
  answer.error = "no";
  EXPECT_THAT(BatchResultLine(answer), HasSubstr(R"("status_code":400)"));
}

}  // namespace
}  // namespace rowmill
