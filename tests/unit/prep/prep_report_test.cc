#include "prep/prep_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace rowmill {
namespace {

TEST(PrepReportTest, CountsRowsNotColumns) {
  PrepReport report;
  RowChanges row;
  row.Add({.html = true});
  row.Add({.utf8 = true, .html = true});
  report.AddRow(row, 10);
  report.AddRow({}, 20);
  report.AddRow({.space = true, .emptied = true}, 0);
  report.AddRow({}, 0);
  EXPECT_EQ(report.rows, 4u);
  EXPECT_EQ(report.changed_rows, 2u);
  EXPECT_EQ(report.html_rows, 1u);
  EXPECT_EQ(report.utf8_rows, 1u);
  EXPECT_EQ(report.space_rows, 1u);
  EXPECT_EQ(report.empty_rows, 2u);
  EXPECT_EQ(report.emptied_rows, 1u);
  EXPECT_EQ(report.lengths.count(), 2u);
  EXPECT_EQ(report.lengths.max(), 20u);
}

TEST(PrepReportTest, PartsAddUpInAnyOrder) {
  PrepReport a;
  PrepReport b;
  a.AddRow({.control = true, .nfc = true}, 7);
  b.AddRow({.html = true}, 0);
  b.duplicate_rows = 3;
  PrepReport ab = a;
  ab.Merge(b);
  b.Merge(a);
  EXPECT_EQ(ab.ToJson(), b.ToJson());
  EXPECT_EQ(ab.rows, 2u);
  EXPECT_EQ(ab.duplicate_rows, 3u);
}

TEST(PrepReportTest, TheJsonIsJson) {
  PrepReport report;
  report.AddRow({.utf8 = true}, 42);
  const nlohmann::json json = nlohmann::json::parse(report.ToJson());
  EXPECT_EQ(json.at("rows"), 1);
  EXPECT_EQ(json.at("utf8_rows"), 1);
  EXPECT_EQ(json.at("longest_characters"), 42);
  EXPECT_EQ(json.size(), report.Items().size());
}

}  // namespace
}  // namespace rowmill
