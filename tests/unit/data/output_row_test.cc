#include "data/output_row.h"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <limits>
#include <locale>

namespace rowmill {
namespace {

std::string Json(const Cell& cell) {
  std::string out;
  AppendCellAsJson(cell, out);
  return out;
}

std::string Text(const Cell& cell) {
  std::string out;
  AppendCellAsText(cell, out);
  return out;
}

TEST(OutputRowTest, CellsAsJson) {
  EXPECT_EQ(Json({}), "null");
  EXPECT_EQ(Json(std::string("a\"\n")), "\"a\\\"\\n\"");
  EXPECT_EQ(Json(int64_t{-42}), "-42");
  EXPECT_EQ(Json(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(Json(0.25), "0.25");
  EXPECT_EQ(Json(std::nan("")), "null");
  EXPECT_EQ(Json(true), "true");
  EXPECT_EQ(Json(std::vector<float>{0.1f, -2, 1e-10f}), "[0.1,-2,1e-10]");
  EXPECT_EQ(Json(std::vector<float>{}), "[]");
  EXPECT_EQ(Json(JsonText{"[{\"a\":1}]"}), "[{\"a\":1}]");
}

TEST(OutputRowTest, CellsAsText) {
  EXPECT_EQ(Text({}), "");
  EXPECT_EQ(Text(std::string("a\"\n\xff")), "a\"\n\xef\xbf\xbd");
  EXPECT_EQ(Text(0.25), "0.25");
  EXPECT_EQ(Text(-std::numeric_limits<double>::infinity()), "");
  EXPECT_EQ(Text(std::vector<float>{1, 2}), "[1,2]");
}

// A decimal comma and grouped thousands, without the need of a locale that the system has.
class CommaPunctuation final : public std::numpunct<char> {
 protected:
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

// O23: the environment's way of writing numbers changes nothing.
TEST(OutputRowTest, TheLocaleDoesNotMatter) {
  const std::locale saved =
      std::locale::global(std::locale(std::locale::classic(), new CommaPunctuation));
  std::setlocale(LC_ALL, "de_DE.UTF-8");  // As well, where the system has it.
  const std::string numbers = Json(1234567.5) + " " + Json(int64_t{1234567});
  std::setlocale(LC_ALL, "C");
  std::locale::global(saved);
  EXPECT_EQ(numbers, "1234567.5 1234567");
}

TEST(OutputRowTest, StatusesHaveTheirWords) {
  EXPECT_EQ(RowStatusName(RowStatus::kOk), "ok");
  EXPECT_EQ(RowStatusName(RowStatus::kTruncated), "truncated");
  EXPECT_EQ(RowStatusName(RowStatus::kInvalid), "invalid");
  EXPECT_EQ(RowStatusName(RowStatus::kError), "error");
  EXPECT_EQ(RowStatusName(RowStatus::kSkipped), "skipped");
}

}  // namespace
}  // namespace rowmill
