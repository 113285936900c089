#include "tasks/row_result.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace rowmill {
namespace {

RowResult Scored() {
  RowResult result;
  result.prompt_tokens = 64;
  result.generated_tokens = 0;
  result.decoded.finish = FinishReason::kScored;
  result.decoded.label_log_probs = {-0.25, -1e-300, -std::numeric_limits<double>::infinity(), -0.0};
  return result;
}

RowResult Generated() {
  RowResult result;
  result.status = RowStatus::kTruncated;
  result.prompt_tokens = 4000000000u;
  result.generated_tokens = 5;
  result.decoded.finish = FinishReason::kStopRule;
  result.decoded.answers = {{1, 2, 49151}, {}, {0, 7}};
  return result;
}

RowResult Failed() {
  RowResult result;
  result.status = RowStatus::kError;
  result.error = "the prompt has 9000 tokens; the context holds 8192 \xC3\xA9";
  result.decoded.finite = false;
  return result;
}

void ExpectEqual(const RowResult& a, const RowResult& b) {
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.prompt_tokens, b.prompt_tokens);
  EXPECT_EQ(a.generated_tokens, b.generated_tokens);
  EXPECT_EQ(a.decoded.finite, b.decoded.finite);
  EXPECT_EQ(a.decoded.finish, b.decoded.finish);
  EXPECT_EQ(a.decoded.answers, b.decoded.answers);
  ASSERT_EQ(a.decoded.label_log_probs.size(), b.decoded.label_log_probs.size());
  for (size_t i = 0; i < a.decoded.label_log_probs.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint64_t>(a.decoded.label_log_probs[i]),
              std::bit_cast<uint64_t>(b.decoded.label_log_probs[i]));
  }
}

TEST(RowResult, ComesBackAsItWas) {
  for (const RowResult& result : {RowResult(), Scored(), Generated(), Failed()}) {
    ExpectEqual(ParseRowResult(Serialize(result)), result);
  }
}

TEST(RowResult, TheBytesAreFixed) {
  RowResult result;
  result.status = RowStatus::kTruncated;
  result.error = "ab";
  result.prompt_tokens = 0x01020304;
  result.generated_tokens = 1;
  result.decoded.finish = FinishReason::kMaxTokens;
  result.decoded.label_log_probs = {1.0};
  result.decoded.answers = {{258}};
  result.decoded.embedding = {0.5f};
  const std::vector<uint8_t> expected = {1,                     // status
                                         2, 0, 0, 0, 'a', 'b',  // error
                                         4, 3, 2, 1,            // prompt tokens
                                         1, 0, 0, 0,            // generated tokens
                                         1, 3,                  // finite, finish
                                         1, 0, 0, 0,            // label log-probabilities
                                         0, 0, 0, 0, 0,   0,   0xF0, 0x3F,              // 1.0
                                         1, 0, 0, 0, 1,   0,   0,    0,    2, 1, 0, 0,  // answers
                                         1, 0, 0, 0, 0,   0,   0,    0x3F};             // embedding
  const std::vector<std::byte> bytes = Serialize(result);
  ASSERT_EQ(bytes.size(), expected.size());
  for (size_t i = 0; i < bytes.size(); ++i)
    EXPECT_EQ(static_cast<uint8_t>(bytes[i]), expected[i]) << i;
}

TEST(RowResult, EveryTruncationAndEveryExtraByteIsRefused) {
  for (const RowResult& result : {Scored(), Generated(), Failed()}) {
    std::vector<std::byte> bytes = Serialize(result);
    for (size_t size = 0; size < bytes.size(); ++size) {
      // An allocation of its own, so that a sanitizer sees a read past the end.
      const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_THROW(ParseRowResult(cut), DataError) << size;
    }
    bytes.push_back(std::byte{0});
    EXPECT_THROW(ParseRowResult(bytes), DataError);
  }
}

// Any change of a byte is refused or gives a result that serialises to those very bytes.
TEST(RowResult, MutatedBytesAreRefusedOrMeanThemselves) {
  for (const RowResult& result : {Scored(), Generated(), Failed()}) {
    const std::vector<std::byte> bytes = Serialize(result);
    for (size_t i = 0; i < bytes.size(); ++i) {
      for (const int value : {0, 1, 2, 5, 6, 127, 128, 255}) {
        std::vector<std::byte> mutated = bytes;
        mutated[i] = static_cast<std::byte>(value);
        try {
          EXPECT_EQ(Serialize(ParseRowResult(mutated)), mutated);
        } catch (const DataError&) {
        }
      }
    }
  }
}

TEST(RowResult, TheFirstOfTheWorstInputsDecidesForTheRow) {
  const auto decides = [](std::vector<RowStatus> statuses) {
    std::vector<RowResult> results(statuses.size());
    for (size_t i = 0; i < results.size(); ++i) results[i].status = statuses[i];
    return static_cast<size_t>(&DecidingResult(results) - results.data());
  };
  EXPECT_EQ(decides({RowStatus::kOk}), 0u);
  EXPECT_EQ(decides({RowStatus::kOk, RowStatus::kOk}), 0u);
  EXPECT_EQ(decides({RowStatus::kOk, RowStatus::kTruncated, RowStatus::kTruncated}), 1u);
  EXPECT_EQ(decides({RowStatus::kTruncated, RowStatus::kSkipped}), 1u);
  EXPECT_EQ(decides({RowStatus::kSkipped, RowStatus::kOk, RowStatus::kError, RowStatus::kError}),
            2u);
  EXPECT_THROW(decides({}), InternalError);
}

TEST(RowResult, NamesAreThoseOfTheOutputFormat) {
  EXPECT_EQ(Name(RowStatus::kOk), "ok");
  EXPECT_EQ(Name(RowStatus::kTruncated), "truncated");
  EXPECT_EQ(Name(RowStatus::kInvalid), "invalid");
  EXPECT_EQ(Name(RowStatus::kError), "error");
  EXPECT_EQ(Name(RowStatus::kSkipped), "skipped");
  EXPECT_EQ(Name(FinishReason::kEndToken), "end");
  EXPECT_EQ(Name(FinishReason::kContext), "context");
}

}  // namespace
}  // namespace rowmill
