#include "data/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(FormatTest, ComesFromTheName) {
  EXPECT_EQ(FormatFromPath("a.jsonl"), Format::kJsonl);
  EXPECT_EQ(FormatFromPath("a.ndjson"), Format::kJsonl);
  EXPECT_EQ(FormatFromPath("a.json-lines"), Format::kJsonl);
  EXPECT_EQ(FormatFromPath("/x.csv/a.TSV"), Format::kTsv);
  EXPECT_EQ(FormatFromPath("a.csv.gz"), Format::kCsv);
  EXPECT_EQ(FormatFromPath("a.txt.zst"), Format::kText);
  EXPECT_EQ(FormatFromPath("a.tab"), Format::kTsv);
  EXPECT_EQ(FormatFromPath("a.Parquet"), Format::kParquet);
  EXPECT_EQ(FormatFromPath("-"), std::nullopt);
  EXPECT_EQ(FormatFromPath("dir.csv/file"), std::nullopt);
  EXPECT_EQ(FormatFromPath("csv"), std::nullopt);
}

TEST(FormatTest, CompressionComesFromTheLastSuffix) {
  EXPECT_EQ(CompressionFromPath("a.csv.gz"), Compression::kGzip);
  EXPECT_EQ(CompressionFromPath("a.csv.ZST"), Compression::kZstd);
  EXPECT_EQ(CompressionFromPath("a.gz.csv"), Compression::kNone);
}

TEST(FormatTest, RefusalsSayTheWayOut) {
  using testing::ErrorText;
  EXPECT_THAT(ErrorText<UsageError>([] { FormatFromPath("a.json"); }), HasSubstr("jq -c"));
  EXPECT_THAT(ErrorText<UsageError>([] { FormatFromPath("a.parquet.gz"); }),
              HasSubstr("compressed within"));
  EXPECT_THAT(ErrorText<UsageError>([] { RequireFormat("-"); }),
              AllOf(HasSubstr("standard input"), HasSubstr("--format")));
  EXPECT_THAT(ErrorText<UsageError>([] { RequireFormat("flores.en"); }), HasSubstr("flores.en"));
  EXPECT_THAT(ErrorText<UsageError>([] { ParseFormat("josnl"); }),
              HasSubstr("did you mean 'jsonl'"));
  EXPECT_EQ(ParseFormat("text"), Format::kText);
  EXPECT_EQ(ParseFormat(FormatName(Format::kTsv)), Format::kTsv);
}

}  // namespace
}  // namespace rowmill
