#include "data/record.h"

#include <gtest/gtest.h>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using testing::Options;
using testing::SourceOver;

TEST(RecordTest, GivesFieldsByName) {
  const auto source = SourceOver("id,text\n7,\"a \"\"b\"\"\"\n8\n", Options(Format::kCsv));
  Record record;
  ASSERT_TRUE(source->Next(record));
  EXPECT_EQ(record.Field("text")->text, "a \"b\"");
  EXPECT_EQ(record.Field("text")->kind, FieldKind::kString);
  EXPECT_EQ(record.RawField(1), "\"a \"\"b\"\"\"");
  EXPECT_FALSE(record.Field("none").has_value());
  ASSERT_TRUE(source->Next(record));
  EXPECT_EQ(record.Field("id")->text, "8");
  EXPECT_FALSE(record.Field("text").has_value());  // The row has too few columns.
}

TEST(RecordTest, TextIsRepairedAndRawBytesAreNot) {
  const auto source =
      SourceOver(std::string_view("id,text\n7,\"a\xff\0\"\n", 16), Options(Format::kCsv));
  Record record;
  ASSERT_TRUE(source->Next(record));
  EXPECT_EQ(record.Field("text")->text, "a\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_TRUE(record.Field("text")->repaired);
  EXPECT_FALSE(record.Field("id")->repaired);
  std::string bytes;
  record.AppendFieldBytes(1, bytes);
  EXPECT_EQ(bytes, std::string("a\xff\0", 3));
}

TEST(RecordTest, ClearForgetsEverything) {
  const auto source =
      SourceOver("{\"a\":\"\\ud800\"}\n{\"a\":1,\"a\":1}\n", Options(Format::kJsonl));
  Record record;
  ASSERT_TRUE(source->Next(record));
  EXPECT_TRUE(record.repaired);
  ASSERT_TRUE(source->Next(record));
  EXPECT_FALSE(record.repaired);
  EXPECT_NE(record.problem, "");
  record.Clear(Format::kText);
  EXPECT_EQ(record.problem, "");
  EXPECT_EQ(record.num_fields(), 0u);
  EXPECT_FALSE(record.is_object);
}

}  // namespace
}  // namespace rowmill
