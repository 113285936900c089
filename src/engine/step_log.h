// What the execution units did when: how busy each was over the run, in fixed memory, and, where
// somebody asked for it, every step and row in a file that Perfetto and Chrome open (--trace).
//
// Format of the trace: the Trace Event Format's JSON array ("X": a step or a stage, "b" and "e": a
// row from admission to answer). It is a file to look at, not one that a job depends on: it is not
// synced, and what a crash leaves of it can be opened all the same.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/work_cost.h"

namespace rowmill {

// Thread-safe.
class TraceWriter {
 public:
  using Clock = std::chrono::steady_clock;

  // Throws IoError.
  TraceWriter(const std::string& path, Clock::time_point start);

  void Step(size_t unit, Clock::time_point begin, Clock::time_point end, std::string_view args);
  void Stage(std::string_view name, Clock::time_point begin, Clock::time_point end);
  void Row(uint64_t row, Clock::time_point begin, Clock::time_point end);
  // Ends the array and closes the file. Throws IoError where anything could not be written.
  void Finish();

 private:
  void Write(const std::string& event);
  double Microseconds(Clock::time_point time) const;

  std::string path_;
  Clock::time_point start_;
  std::mutex mutex_;  // guards the two below
  std::ofstream file_;
  bool is_first_ = true;
};

// Of one unit; used by its thread alone, but for done().
class StepLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kMaxBins = 240;

  // `trace` may be null.
  StepLog(size_t unit, Clock::time_point start, TraceWriter* trace)
      : unit_(unit), start_(start), trace_(trace) {}

  void Add(Clock::time_point begin, Clock::time_point end, const Work& work, size_t rows);
  // Of units whose work is prompts alone.
  void Add(Clock::time_point begin, Clock::time_point end, size_t tokens, size_t rows);
  // Steps are put there as well; may be null, and outlives the log.
  void SetSamples(std::vector<WorkSample>* samples) { samples_ = samples; }

  // All steps so far. Thread-safe: amounts of a step that is being added may be partly there.
  Work done() const;

  double bin_seconds() const { return bin_seconds_; }
  // Seconds of work in each bin, from the start on.
  const std::vector<double>& busy_seconds() const { return busy_seconds_; }
  // Makes the bins wider, to those of another unit.
  void WidenTo(double bin_seconds);

 private:
  void Widen();

  size_t unit_;
  Clock::time_point start_;
  TraceWriter* trace_;
  std::vector<WorkSample>* samples_ = nullptr;
  std::array<std::atomic<double>, kNumWorkKinds> done_{};
  double bin_seconds_ = 1.0 / 256.0;  // doubled whenever there would be too many
  std::vector<double> busy_seconds_;
};

}  // namespace rowmill
