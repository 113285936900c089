// The caller that is a Python program: Ctrl-C and a failing callback stop a run, messages and
// progress go to functions of Python, models stay loaded from call to call, rows may come and go as
// Arrow.
//
// Runs without the GIL and takes it for each call back into Python.
#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/caller.h"
#include "data/arrow_result.h"

namespace rowmill {

// Models that stay in memory, each loaded once whatever the number of calls and threads.
class KeptModels {
 public:
  std::shared_ptr<const LoadedModel> Load(const ModelRequest& request, FileSystem& file_system);
  size_t size();
  // They are freed once no run uses them any more.
  void Clear();

 private:
  std::mutex mutex_;  // held while loading
  std::map<std::string, std::shared_ptr<const LoadedModel>> models_;
};

// What a run left behind, for Python.
struct Outcome {
  ExitCode exit_code = ExitCode::kOk;
  std::string told;     // messages and summary
  std::string printed;  // of commands that make no rows
  std::string run_json;
  std::string error;                    // what ended the run early
  std::shared_ptr<ArrowResult> result;  // null where rows went to a file
  std::vector<ReportedRow> reported_rows;
};

// Python's side of a run; each may be None or null.
struct PythonSide {
  std::shared_ptr<const ArrowTable> table;  // the rows, in the place of a file
  nanobind::object on_progress;             // gets (stage, rows done, rows, tokens done, tokens, s)
  nanobind::object on_message;              // gets a text of whole lines
  std::shared_ptr<KeptModels> models;
};

class PythonCaller final : public Caller {
 public:
  explicit PythonCaller(const PythonSide& side) : side_(side) {}
  ~PythonCaller() override;  // takes the GIL

  const std::atomic<bool>& StopFlag() override { return stop_; }
  void Tell(const std::string& text) override;
  void Print(const std::string& text) override { outcome_.printed += text; }
  void BeginProgress(ProgressMode /*mode*/) override {}
  void ShowProgress(const JobProgress& progress) override;
  void EndProgress() override {}
  std::shared_ptr<const LoadedModel> Load(const ModelRequest& request,
                                          FileSystem& file_system) override;
  void ConnectRows(JobOptions& options, JobContext& context) override;
  void ConnectRows(RecommendJobOptions& options, RecommendContext& context) override;
  bool wants_reported_rows() const override { return true; }
  void TakeReport(const std::string& run_json, const std::string& error,
                  const std::vector<ReportedRow>& rows) override;

  Outcome& outcome() { return outcome_; }
  // Throws the exception that a signal or a callback has raised, if one has. With the GIL.
  void RethrowFromPython();

 private:
  void ConnectInput(SourceOptions& source) const;
  // Makes a sink whose rows are the outcome's; their columns follow those of `input`, if there is
  // one.
  std::function<std::unique_ptr<Sink>(OutputSchema)> MakesSink(
      std::shared_ptr<const ArrowTable> input);
  template <typename Call>
  void CallPython(const Call& call);

  const PythonSide& side_;
  std::atomic<bool> stop_{false};
  std::optional<nanobind::python_error> raised_;
  Outcome outcome_;
};

}  // namespace rowmill
