#include "engine/step_log.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.h"

namespace rowmill {
namespace {

using Clock = StepLog::Clock;
using std::chrono::milliseconds;

double Sum(const StepLog& log) {
  return std::accumulate(log.busy_seconds().begin(), log.busy_seconds().end(), 0.0);
}

TEST(StepLog, WorkIsKeptWhileBinsGetWider) {
  const Clock::time_point start = Clock::now();
  StepLog log(0, start, nullptr);
  double expected = 0.0;
  for (int i = 0; i < 2000; ++i) {
    log.Add(start + milliseconds(50 * i), start + milliseconds(50 * i + 20), 10, 2);
    expected += 0.02;
    ASSERT_LE(log.busy_seconds().size(), StepLog::kMaxBins);
  }
  EXPECT_NEAR(Sum(log), expected, 1e-6);
  EXPECT_GE(log.bin_seconds() * StepLog::kMaxBins, 100.0);
  for (const double busy : log.busy_seconds()) EXPECT_LE(busy, log.bin_seconds() + 1e-9);
  const double before = log.bin_seconds();
  log.WidenTo(4 * before);
  EXPECT_EQ(log.bin_seconds(), 4 * before);
  EXPECT_NEAR(Sum(log), expected, 1e-6);
}

TEST(TraceWriter, WritesAnArrayOfEvents) {
  const std::string path = (std::filesystem::temp_directory_path() / "step_log_test.json").string();
  const Clock::time_point start = Clock::now();
  TraceWriter trace(path, start);
  StepLog log(3, start, &trace);
  log.Add(start + milliseconds(1), start + milliseconds(3), 10, 2);
  trace.Row(17, start, start + milliseconds(3));
  trace.Stage("plan", start, start + milliseconds(1));
  trace.Finish();
  std::ifstream file(path);
  const nlohmann::json events = nlohmann::json::parse(file);
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[2]["name"], "step");
  EXPECT_EQ(events[2]["tid"], 3);
  EXPECT_EQ(events[2]["ts"], 1000.0);
  EXPECT_EQ(events[2]["dur"], 2000.0);
  EXPECT_EQ(events[2]["args"]["tokens"], 10);
  EXPECT_EQ(events[3]["ph"], "b");
  EXPECT_EQ(events[4]["ph"], "e");
  std::filesystem::remove(path);
  EXPECT_THROW(TraceWriter("/no/such/folder/x", start), IoError);
}

}  // namespace
}  // namespace rowmill
