#include "data/output_row.h"

#include <gtest/gtest.h>

#include <clocale>
#include <cmath>
#include <limits>

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

// O23: a decimal comma in the environment changes nothing.
TEST(OutputRowTest, TheLocaleDoesNotMatter) {
  const char* saved = std::setlocale(LC_ALL, nullptr);
  const std::string old = saved == nullptr ? "C" : saved;
  if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) GTEST_SKIP() << "no-locale";
  EXPECT_EQ(Json(0.5), "0.5");
  std::setlocale(LC_ALL, old.c_str());
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
