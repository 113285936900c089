#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "cli/standard_streams.h"

namespace rowmill {
namespace {

constexpr std::chrono::seconds kLineInterval{5};
constexpr size_t kBarWidth = 28;

double Fraction(const JobProgress& progress) {
  if (progress.left && progress.seconds + progress.left->seconds > 0.0) {
    return progress.seconds / (progress.seconds + progress.left->seconds);
  }
  // Tokens tell more than rows: a long row counts for what it costs. Rows tell the end exactly.
  if (progress.tokens_total > 0) {
    return std::min(1.0, static_cast<double>(progress.tokens_done) /
                             static_cast<double>(progress.tokens_total));
  }
  if (progress.rows_total == 0) return 0.0;
  return static_cast<double>(progress.rows_done) / static_cast<double>(progress.rows_total);
}

std::string LeftText(const JobProgress& progress) {
  if (!progress.left) return "";
  const JobProgress::Left& left = *progress.left;
  std::string text = "left: " + FormatDuration(left.seconds);
  if (left.high - left.low > 0.2 * left.seconds && left.high > 10.0) {
    text += fmt::format(" ({} to {})", FormatDuration(left.low), FormatDuration(left.high));
  }
  return text;
}

std::string Describe(const JobProgress& progress) {
  const double seconds = std::max(progress.seconds, 1e-9);
  if (progress.stage == JobProgress::Stage::kPlan) {
    return fmt::format("reading: {} {}", progress.rows_done, progress.row_name);
  }
  std::string text = fmt::format(
      "{}/{} {}  {:.1f} {}/s  ", progress.rows_done, progress.rows_total, progress.row_name,
      static_cast<double>(progress.rows_done) / seconds, progress.row_name);
  if (progress.work_name != progress.row_name) {
    text += fmt::format("{:.0f} {}/s  ", static_cast<double>(progress.tokens_done) / seconds,
                        progress.work_name);
  }
  return text + LeftText(progress);
}

// A terminal that can go back to the beginning of a line and clear it.
bool HasTerminal() {
  const char* kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && (kind == nullptr || std::string_view(kind) != "dumb");
}

}  // namespace

ProgressMode ParseProgressMode(const std::string& word) {
  if (word == "none") return ProgressMode::kNone;
  if (word == "json") return ProgressMode::kJson;
  if (word == "auto") return HasTerminal() ? ProgressMode::kBar : ProgressMode::kLines;
  throw UsageError("--progress takes auto, json or none, not '" + word + "'");
}

std::string FormatDuration(double seconds) {
  if (seconds < 10.0) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

void ProgressDisplay::Show(const JobProgress& progress) {
  switch (mode_) {
    case ProgressMode::kNone:
      return;
    case ProgressMode::kJson:
      return ShowJson(progress);
    case ProgressMode::kLines: {
      const auto now = std::chrono::steady_clock::now();
      if (last_line_.time_since_epoch().count() != 0 && now - last_line_ < kLineInterval) return;
      // The first line comes after an interval, or with what a pilot has shown: short jobs show
      // only their summary.
      if (last_line_.time_since_epoch().count() == 0 && progress.left &&
          progress.tokens_done == 0) {
        Say("{} {}  {}\n", progress.rows_total, progress.row_name, LeftText(progress));
        last_line_ = now;
        return;
      }
      if (last_line_.time_since_epoch().count() != 0) Say("{}\n", Describe(progress));
      last_line_ = now;
      return;
    }
    case ProgressMode::kBar: {
      const auto filled = static_cast<size_t>(Fraction(progress) * kBarWidth);
      Say("\r\x1b[2K[{:=<{}}{: <{}}] {}", "", filled, "", kBarWidth - filled, Describe(progress));
      std::fflush(stderr);
      bar_open_ = true;
      return;
    }
  }
}

void ProgressDisplay::ShowJson(const JobProgress& progress) const {
  constexpr const char* kStages[] = {"plan", "run", "write"};
  Say("{{\"stage\":\"{}\",\"rows_done\":{},\"rows_total\":{},\"tokens_done\":{},"
      "\"tokens_total\":{},\"seconds\":{:.3f},\"seconds_left\":{},"
      "\"seconds_left_between\":{}}}\n",
      kStages[static_cast<size_t>(progress.stage)], progress.rows_done, progress.rows_total,
      progress.tokens_done, progress.tokens_total, progress.seconds,
      progress.left ? fmt::format("{:.1f}", progress.left->seconds) : "null",
      progress.left ? fmt::format("[{:.1f},{:.1f}]", progress.left->low, progress.left->high)
                    : "null");
}

void ProgressDisplay::Finish() {
  if (bar_open_) Say("\r\x1b[2K");
  bar_open_ = false;
}

}  // namespace rowmill
