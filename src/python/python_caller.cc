#include "python/python_caller.h"

#include <utility>

#include "kernels/kernels.h"

namespace nb = nanobind;

namespace rowmill {

std::shared_ptr<const LoadedModel> KeptModels::Load(const ModelRequest& request,
                                                    FileSystem& file_system) {
  const std::string key = request.reference + '\n' + request.options.kernels->name + '\n' +
                          std::to_string(static_cast<int>(request.options.numerics));
  const std::lock_guard lock(mutex_);
  std::shared_ptr<const LoadedModel>& model = models_[key];
  if (model == nullptr) model = LoadOnAllCores(request, file_system);
  return model;
}

size_t KeptModels::size() {
  const std::lock_guard lock(mutex_);
  return models_.size();
}

void KeptModels::Clear() {
  const std::lock_guard lock(mutex_);
  models_.clear();
}

PythonCaller::~PythonCaller() {
  if (!raised_) return;
  const nb::gil_scoped_acquire gil;
  raised_.reset();
}

// What Python raises ends the run in order; it is thrown where the run has ended.
template <typename Call>
void PythonCaller::CallPython(const Call& call) {
  const nb::gil_scoped_acquire gil;
  if (raised_) return;
  try {
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    call();
  } catch (nb::python_error& error) {
    raised_.emplace(std::move(error));
    stop_.store(true);
  }
}

void PythonCaller::RethrowFromPython() {
  if (!raised_) return;
  nb::python_error error = std::move(*raised_);
  raised_.reset();
  throw error;
}

void PythonCaller::Tell(const std::string& text) {
  outcome_.told += text;
  CallPython([&] {
    if (!side_.on_message.is_none()) side_.on_message(text);
  });
}

void PythonCaller::ShowProgress(const JobProgress& progress) {
  constexpr const char* kStages[] = {"plan", "run", "write"};
  CallPython([&] {
    if (side_.on_progress.is_none()) return;
    side_.on_progress(kStages[static_cast<size_t>(progress.stage)], progress.rows_done,
                      progress.rows_total, progress.tokens_done, progress.tokens_total,
                      progress.seconds);
  });
}

std::shared_ptr<const LoadedModel> PythonCaller::Load(const ModelRequest& request,
                                                      FileSystem& file_system) {
  if (side_.models == nullptr) return Caller::Load(request, file_system);
  return side_.models->Load(request, file_system);
}

void PythonCaller::ConnectInput(SourceOptions& source) const {
  if (side_.table == nullptr) return;
  source.format = Format::kJsonl;
  source.input.path = "-";
  source.input.open_bytes = [table = side_.table] {
    return std::make_unique<ArrowByteSource>(table);
  };
}

std::function<std::unique_ptr<Sink>(OutputSchema)> PythonCaller::MakesSink(
    std::shared_ptr<const ArrowTable> input) {
  outcome_.result = std::make_shared<ArrowResult>(std::move(input));
  return [this](OutputSchema schema) { return MakeArrowSink(std::move(schema), outcome_.result); };
}

void PythonCaller::ConnectRows(JobOptions& options, JobContext& context) {
  ConnectInput(options.source);
  if (options.output == "-") context.make_sink = MakesSink(side_.table);
}

// Recommendations are no rows of the ratings.
void PythonCaller::ConnectRows(RecommendJobOptions& options, RecommendContext& context) {
  ConnectInput(options.ratings);
  if (options.output == "-") context.make_sink = MakesSink(nullptr);
}

void PythonCaller::TakeReport(const std::string& run_json, const std::string& error,
                              const std::vector<ReportedRow>& rows) {
  outcome_.run_json = run_json;
  outcome_.error = error;
  outcome_.reported_rows = rows;
}

}  // namespace rowmill
