#include "tasks/model_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace rowmill {
namespace {

TEST(ModelKindTest, OfWhatATaskAsks) {
  EXPECT_EQ(KindFor(EncodeSpec{}), ModelKind::kEncoder);
  EXPECT_EQ(KindFor(TranslateSpec{}), ModelKind::kEncoderDecoder);
  EXPECT_EQ(KindFor(GenerateSpec{}), ModelKind::kDecoder);
  EXPECT_EQ(KindFor(ContinuationSpec{}), ModelKind::kDecoder);
}

TEST(ModelKindTest, AModelOfAnotherKindIsRefusedWithOneThatWouldDo) {
  const TaskModel decoder;
  RequireModelKind("generate", ModelKind::kDecoder, decoder);
  try {
    RequireModelKind("embed", ModelKind::kEncoder, decoder);
    FAIL() << "not refused";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "embed needs an encoder, such as minilm; this model is a decoder");
  }
  EXPECT_THROW(RequireModelKind("translate", ModelKind::kEncoderDecoder, decoder), UsageError);
}

}  // namespace
}  // namespace rowmill
