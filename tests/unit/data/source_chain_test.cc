// Several files as one data set: rows and columns over all of them, and what does not fit.
#include "data/source_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::ErrorText;
using testing::FolderTest;
using ::testing::HasSubstr;
using testing::ReadRows;

class SourceChainTest : public FolderTest {
 protected:
  std::unique_ptr<Source> Open(const std::vector<std::string>& names) {
    SourceOptions options;
    for (const std::string& name : names) options.paths.push_back(Path(name));
    options.input.spool_path = Path("spool");
    return OpenSource(*fs_, options);
  }
  std::string DataErrorOf(const std::vector<std::string>& names) {
    return ErrorText<DataError>([&] { Open(names); });
  }
};

TEST_F(SourceChainTest, RowsCountOverAllFilesAndLinesInEach) {
  Write("a.csv", "n,text\n1,a\n");
  Write("b.csv", "");
  Write("c.csv", "n,text\n2,\"b\nb\"\n3,c");
  const auto source = Open({"a.csv", "b.csv", "c.csv", "a.csv"});
  EXPECT_TRUE(source->knows_columns());
  EXPECT_THAT(source->columns().names(), ElementsAre("n", "text"));
  const std::vector<std::string> rows = ReadRows(*source);
  EXPECT_THAT(rows, ElementsAre("0 @2+7 <n=1> <text=a>", "1 @2+7 <n=2> <text=b\nb>",
                                "2 @4+15 <n=3> <text=c>", "3 @2+7 <n=1> <text=a>"));
  source->Rewind();
  EXPECT_EQ(ReadRows(*source), rows);
  source->Rewind();
  Record record;
  std::vector<std::string> files;
  while (source->Next(record)) files.push_back(record.file->substr(folder_.size() + 1));
  EXPECT_THAT(files, ElementsAre("a.csv", "c.csv", "c.csv", "a.csv"));
}

TEST_F(SourceChainTest, NamesOfJsonLinesAreThoseOfAllFiles) {
  Write("a.jsonl", "{\"x\":1}");
  Write("b.jsonl", "{\"y\":1,\"x\":2}\n{\"z\":1}\n");
  const auto source = Open({"a.jsonl", "b.jsonl"});
  EXPECT_FALSE(source->knows_columns());
  EXPECT_EQ(ReadRows(*source).size(), 3u);
  EXPECT_THAT(source->columns().names(), ElementsAre("x", "y", "z"));
}

TEST_F(SourceChainTest, WhatDoesNotFitIsNamed) {
  Write("a.csv", "n,text\n");
  Write("order.csv", "text,n\n");
  Write("less.csv", "n\n");
  Write("more.csv", "n,text,m\n");
  Write("twice.csv", "n,n\n");
  Write("t.tsv", "n\ttext\n");
  EXPECT_THAT(DataErrorOf({"a.csv", "order.csv"}),
              AllOf(HasSubstr("order.csv': column 1 is 'text'"), HasSubstr("a.csv' has 'n'")));
  EXPECT_THAT(DataErrorOf({"a.csv", "less.csv"}),
              AllOf(HasSubstr("less.csv': column 2 is missing"), HasSubstr("has 'text'")));
  EXPECT_THAT(DataErrorOf({"a.csv", "more.csv"}),
              AllOf(HasSubstr("more.csv': column 3 is 'm'"), HasSubstr("has no such column")));
  EXPECT_THAT(DataErrorOf({"a.csv", "twice.csv"}), HasSubstr("twice.csv'"));
  EXPECT_THAT(ErrorText<UsageError>([&] { Open({"a.csv", "t.tsv"}); }),
              AllOf(HasSubstr("csv"), HasSubstr("one format")));
  EXPECT_THAT(ErrorText<UsageError>([&] { Open({"a.csv", "none.csv"}); }), HasSubstr("none.csv'"));
}

TEST_F(SourceChainTest, DamageEndsReadingBehindTheRowsBefore) {
  Write("a.csv", "text\na\n");
  Write("b.csv", "text\nb\n\"open\n");
  Write("c.csv", "text\nc\n");
  EXPECT_THAT(ReadRows(*Open({"a.csv", "b.csv", "c.csv"})),
              ElementsAre("0 @2+5 <text=a>", "1 @2+5 <text=b>",
                          AllOf(HasSubstr("damage: "), HasSubstr("b.csv': a quote"))));
}

}  // namespace
}  // namespace rowmill
