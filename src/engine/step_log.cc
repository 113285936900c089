#include "engine/step_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace rowmill {
namespace {

// The stages' line stands below those of the units.
constexpr size_t kStageThread = 9999;

}  // namespace

TraceWriter::TraceWriter(const std::string& path, Clock::time_point start)
    : path_(path), start_(start), file_(path, std::ios::binary | std::ios::trunc) {
  if (!file_) throw IoError("--trace: cannot write '" + path + "'");
  Write(fmt::format(R"({{"name":"process_name","ph":"M","pid":1,"args":{{"name":"rowmill"}}}})"));
  Write(fmt::format(
      R"({{"name":"thread_name","ph":"M","pid":1,"tid":{},"args":{{"name":"stages"}}}})",
      kStageThread));
}

double TraceWriter::Microseconds(Clock::time_point time) const {
  return std::chrono::duration<double, std::micro>(time - start_).count();
}

void TraceWriter::Write(const std::string& event) {
  std::lock_guard lock(mutex_);
  file_ << (is_first_ ? "[\n" : ",\n") << event;
  is_first_ = false;
}

void TraceWriter::Step(size_t unit, Clock::time_point begin, Clock::time_point end,
                       std::string_view args) {
  Write(fmt::format(
      R"({{"name":"step","ph":"X","ts":{:.1f},"dur":{:.1f},"pid":1,"tid":{},"args":{{{}}}}})",
      Microseconds(begin), Microseconds(end) - Microseconds(begin), unit, args));
}

void TraceWriter::Stage(std::string_view name, Clock::time_point begin, Clock::time_point end) {
  Write(fmt::format(R"({{"name":"{}","ph":"X","ts":{:.1f},"dur":{:.1f},"pid":1,"tid":{}}})", name,
                    Microseconds(begin), Microseconds(end) - Microseconds(begin), kStageThread));
}

void TraceWriter::Row(uint64_t row, Clock::time_point begin, Clock::time_point end) {
  for (const auto& [phase, time] : {std::pair('b', begin), std::pair('e', end)}) {
    Write(fmt::format(
        R"({{"name":"row {}","cat":"row","ph":"{}","id":{},"ts":{:.1f},"pid":1,"tid":{}}})", row,
        phase, row, Microseconds(time), kStageThread));
  }
}

void TraceWriter::Finish() {
  std::lock_guard lock(mutex_);
  file_ << "\n]\n";
  file_.close();
  if (!file_) throw IoError("--trace: cannot write '" + path_ + "'");
}

void StepLog::Add(Clock::time_point begin, Clock::time_point end, const Work& work, size_t rows) {
  if (trace_ != nullptr) {
    trace_->Step(unit_, begin, end, fmt::format(R"("tokens":{},"rows":{})", work.tokens(), rows));
  }
  if (samples_ != nullptr) {
    samples_->push_back({work, std::chrono::duration<double>(end - begin).count()});
  }
  for (size_t i = 0; i < kNumWorkKinds; ++i) {
    // Written by this thread alone.
    done_[i].store(done_[i].load(std::memory_order_relaxed) + work.amounts[i],
                   std::memory_order_relaxed);
  }
  double from = std::max(0.0, std::chrono::duration<double>(begin - start_).count());
  const double to = std::chrono::duration<double>(end - start_).count();
  while (to >= bin_seconds_ * static_cast<double>(kMaxBins)) Widen();
  while (from < to) {
    const auto bin = static_cast<size_t>(from / bin_seconds_);
    const double edge = std::min(to, bin_seconds_ * static_cast<double>(bin + 1));
    if (busy_seconds_.size() <= bin) busy_seconds_.resize(bin + 1);
    busy_seconds_[bin] += std::max(0.0, edge - from);
    // Where rounding leaves the edge at the begin, the rest is less than the clock can tell.
    from = edge > from ? edge : to;
  }
}

void StepLog::Add(Clock::time_point begin, Clock::time_point end, size_t tokens, size_t rows) {
  Work work;
  work[WorkKind::kStep] = 1.0;
  work[WorkKind::kPromptToken] = static_cast<double>(tokens);
  Add(begin, end, work, rows);
}

Work StepLog::done() const {
  Work work;
  for (size_t i = 0; i < kNumWorkKinds; ++i) {
    work.amounts[i] = done_[i].load(std::memory_order_relaxed);
  }
  return work;
}

void StepLog::Widen() {
  bin_seconds_ *= 2.0;
  for (size_t i = 0; i < busy_seconds_.size(); i += 2) {
    busy_seconds_[i / 2] =
        busy_seconds_[i] + (i + 1 < busy_seconds_.size() ? busy_seconds_[i + 1] : 0.0);
  }
  busy_seconds_.resize((busy_seconds_.size() + 1) / 2);
}

void StepLog::WidenTo(double bin_seconds) {
  while (bin_seconds_ < bin_seconds) Widen();
}

}  // namespace rowmill
