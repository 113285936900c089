// Whom a command runs for: the process of the command line (process_caller.h), or a program that
// has loaded Rowmill as a library, such as Python. All that differs between the two is here: who
// asks a run to stop, who is told how it goes, who keeps a loaded model, where a table of rows
// comes from and goes to. Commands themselves know no signals and no standard streams.
//
// Every function is called on the thread that runs the command.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "engine/job.h"
#include "engine/recommend_job.h"
#include "report/reported_row.h"
#include "tasks/loaded_model.h"

namespace rowmill {

enum class ProgressMode : uint8_t;  // cli/progress.h

// What LoadModel (tasks/loaded_model.h) is asked for.
struct ModelRequest {
  std::string reference;
  LoadOptions options;
  ModelCaches::Packed packed = ModelCaches::Packed::kAuto;
};

// With all cores, and what this user's loads have left behind. Throws ModelError.
std::shared_ptr<const LoadedModel> LoadOnAllCores(const ModelRequest& request,
                                                  FileSystem& file_system);

class Caller {
 public:
  virtual ~Caller() = default;

  // The flag that is set from outside where the run is to stop in order. Asked for as a run begins.
  virtual const std::atomic<bool>& StopFlag() = 0;

  // Whole lines for a person, beside the data.
  virtual void Tell(const std::string& text) = 0;
  // What a command was asked for that makes no rows, such as a plan.
  virtual void Print(const std::string& text) = 0;
  virtual void BeginProgress(ProgressMode mode) = 0;
  virtual void ShowProgress(const JobProgress& progress) = 0;
  // Before anything else is told, and at the end.
  virtual void EndProgress() = 0;

  // Loads the model, or gives one that the same arguments have loaded before. Throws ModelError.
  virtual std::shared_ptr<const LoadedModel> Load(const ModelRequest& request,
                                                  FileSystem& file_system) {
    return LoadOnAllCores(request, file_system);
  }
  // Puts streams of its own in the place of the input and output that the flags name.
  virtual void ConnectRows(JobOptions& /*options*/, JobContext& /*context*/) {}
  virtual void ConnectRows(RecommendJobOptions& /*options*/, RecommendContext& /*context*/) {}
  // Whether TakeReport wants the rows that a page of the run shows.
  virtual bool wants_reported_rows() const { return false; }
  // What a finished run was: OUTPUT.run.json, and what ended it early, or nothing.
  virtual void TakeReport(const std::string& /*run_json*/, const std::string& /*error*/,
                          const std::vector<ReportedRow>& /*rows*/) {}
};

}  // namespace rowmill
