#include "report/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kEvil = "</script><img src=x onerror=alert(1)>\"'";

Json SomeRun() {
  return Json::parse(R"({
    "rowmill": "0.1", "task": "classify", "input": "in.csv", "output": "out.csv",
    "rows": {"total": 10, "ok": 8, "invalid": 2, "error": 0},
    "tokens": {"computed": 100, "saved_by_deduplication": 20, "saved_by_prefix_sharing": 300},
    "measures": {"speed": 0.1, "accuracy": 0.8, "efficiency": 0.1, "rows_per_second": 12.5,
      "wall_seconds": 2, "stages": {"load": 0.5, "plan": 0.1, "inference": 1.5, "write": 0.1},
      "units": [{"model_seconds": 1, "busy": 0.9, "steps": 4, "tokens": 50,
                 "phases": {"attention": 0.4, "feed_forward": 0.6}}]},
    "gold": {"rows": 10, "correct": 8, "accuracy": 0.8, "accuracy_interval_95": [0.49, 0.94],
      "macro_f1": 0.79, "ece_10_bins": 0.05,
      "classes": [{"label": "a", "rows": 6, "predicted": 5, "precision": 0.8, "recall": 0.7,
                   "f1": 0.75}],
      "confusion": [[5, 1], [0, 0]]},
    "charts": {"timeline": {"bin_seconds": 0.5, "units": [[1, 0.5, 0.25]]},
      "row_seconds": [{"from": 0.1, "to": 0.2, "rows": 7}],
      "row_tokens": [{"from": 3, "to": 4, "rows": 10}],
      "reliability": [{"confidence": 0.9, "accuracy": 0.8, "rows": 10}]},
    "errors": [{"status": "invalid", "error": "column is empty", "rows": 2}]})");
}

TEST(HtmlReport, HasEverySection) {
  const std::vector<ReportedRow> rows = {
      {ReportedRow::Reason::kWrong, 3, 4, "the text", "a", "b", 0.97}};
  const std::string page = HtmlReport(SomeRun(), rows);
  for (const char* heading :
       {"Rows", "Accuracy", "Can its confidence be trusted?", "Surest of the wrong answers",
        "Where the time went", "Execution units", "Time of a row", "Length of a row in tokens",
        "Saved", "Machine and configuration"}) {
    EXPECT_THAT(page, HasSubstr(std::string("<h2>") + heading + "</h2>"));
  }
  EXPECT_THAT(page, HasSubstr("80.0 %"));
  EXPECT_THAT(page, HasSubstr("95 % interval 49.0 % to 94.0 %"));
  EXPECT_THAT(page, HasSubstr("column is empty"));
  EXPECT_THAT(page, HasSubstr("the text"));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme:dark"));
}

TEST(HtmlReport, LoadsAndRunsNothing) {
  const std::string page = HtmlReport(SomeRun(), {});
  for (const char* word : {"<script", "http://", "https://", "@import", "url(", "src=", "<link"}) {
    EXPECT_THAT(page, Not(HasSubstr(word)));
  }
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

// Replaces every text by mark-up.
void Poison(Json& json) {
  if (json.is_string()) json = kEvil;
  if (json.is_structured()) {
    for (Json& value : json) Poison(value);
  }
}

TEST(HtmlReport, EveryTextIsEscaped) {
  Json run = SomeRun();
  run["options"] = {{kEvil, kEvil}};
  run["machine"] = {{kEvil, kEvil}};
  run["redaction"]["rows"] = 1;
  run["redaction"]["found"][kEvil] = 2;
  run["error"] = kEvil;
  Poison(run);
  const std::vector<ReportedRow> rows = {
      {ReportedRow::Reason::kWrong, 3, 4, kEvil, kEvil, kEvil, 0.97},
      {ReportedRow::Reason::kUncertain, 3, 4, kEvil, kEvil, kEvil, 0.5}};
  EXPECT_THAT(HtmlReport(run, rows), Not(HasSubstr("<img")));
  EXPECT_THAT(HtmlReport(run, rows), HasSubstr("&lt;img"));
  const std::vector<Json> runs = {run, SomeRun()};
  const std::vector<std::string> names = {kEvil, "b"};
  EXPECT_THAT(HtmlComparison(runs, names), Not(HasSubstr("<img")));
}

TEST(HtmlReport, WhatIsMissingOrOfAnotherTypeIsLeftOut) {
  const Json run = SomeRun();
  for (const auto& [name, value] : run.items()) {
    Json other = run;
    other.erase(name);
    HtmlReport(other, {});
    for (const Json& wrong : {Json::array({1, "x", nullptr}), Json("x"), Json(3)}) {
      other[name] = wrong;
      HtmlReport(other, {});
      VegaLite(other);
    }
  }
  for (const char* chart : {"timeline", "row_seconds", "row_tokens", "reliability"}) {
    for (const char* text : {"null", "\"x\"", "[1]", "[[]]", "{\"units\": [1]}",
                             "{\"units\": [[\"x\"]], \"bin_seconds\": 1}"}) {
      Json other = run;
      other["charts"][chart] = Json::parse(text);
      HtmlReport(other, {});
      VegaLite(other);
    }
  }
  Json gold = run;
  gold["gold"]["confusion"] = Json::array({1, 2});
  HtmlReport(gold, {});
}

TEST(Comparison, FactorsAndDifferences) {
  Json other = SomeRun();
  other["measures"]["rows_per_second"] = 25.0;
  other["gold"]["accuracy_interval_95"] = {0.95, 0.99};
  other["options"]["prompt"] = "new";
  const std::vector<Json> runs = {SomeRun(), other};
  const std::vector<std::string> names = {"old.run.json", "new.run.json"};
  const std::string text = TextComparison(runs, names);
  EXPECT_THAT(text, HasSubstr("25.0 (2.00x)"));
  EXPECT_THAT(text, HasSubstr("new.run.json: the accuracy differs by more than chance"));
  EXPECT_THAT(text, HasSubstr("prompt"));
  EXPECT_THAT(HtmlComparison(runs, names), HasSubstr("<span class=\"good\">2.00x</span>"));
}

TEST(VegaLite, HasTheFiguresOfTheCharts) {
  const Json spec = Json::parse(VegaLite(SomeRun()));
  EXPECT_EQ(spec["datasets"]["timeline"].size(), 3u);
  EXPECT_EQ(spec["datasets"]["row_seconds"][0]["rows"], 7);
  EXPECT_EQ(spec["vconcat"].size(), 5u);
}

}  // namespace
}  // namespace rowmill
