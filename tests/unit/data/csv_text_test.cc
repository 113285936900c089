#include "data/csv_text.h"

#include <gtest/gtest.h>

#include <string>

namespace rowmill {
namespace {

std::string Field(std::string_view text, char delimiter = ',') {
  std::string out;
  AppendCsvField(text, delimiter, out);
  return out;
}

std::string Unquoted(std::string_view text) {
  std::string out;
  AppendCsvUnquoted(text, out);
  return out;
}

TEST(CsvTextTest, QuotesOnlyWhereItMust) {
  EXPECT_EQ(Field("plain text;"), "plain text;");
  EXPECT_EQ(Field(""), "");
  EXPECT_EQ(Field("a,b"), "\"a,b\"");
  EXPECT_EQ(Field("a,b", '\t'), "a,b");
  EXPECT_EQ(Field("a\tb", '\t'), "\"a\tb\"");
  EXPECT_EQ(Field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(Field("\""), "\"\"\"\"");
  EXPECT_EQ(Field("a\r\nb"), "\"a\r\nb\"");
  EXPECT_EQ(Field("a\rb"), "\"a\rb\"");
}

TEST(CsvTextTest, UnquotesWhatItQuotes) {
  EXPECT_EQ(Unquoted("\"\""), "");
  EXPECT_EQ(Unquoted("\"\"\"\""), "\"");
  EXPECT_EQ(Unquoted("\"a\"\"b\"\"\"\"c\""), "a\"b\"\"c");
  for (const std::string text : {"\"", "\"\"", "a\"", "\"a", "\n\"\r\"\n", "\",\""}) {
    EXPECT_EQ(Unquoted(Field(text)), text);
  }
}

}  // namespace
}  // namespace rowmill
