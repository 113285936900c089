// The extension module rowmill._core: what the Python package (python/rowmill) is built upon. It
// knows no task and no option: those are words that the parser of the command line reads.
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/command_parser.h"
#include "cli/write_report.h"
#include "data/arrow_table.h"
#include "python/command_list.h"
#include "python/python_caller.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace rowmill {
namespace {

// The struct in a capsule of Arrow's PyCapsule interface, which names it.
template <typename T>
T* FromCapsule(nb::handle capsule, const char* name) {
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), name);
  if (pointer == nullptr) throw nb::python_error();
  return static_cast<T*>(pointer);
}

nb::capsule StreamCapsule(const std::shared_ptr<ArrowResult>& result) {
  auto stream = std::make_unique<ArrowArrayStream>();
  ExportArrowStream(result, stream.get());
  return nb::capsule(stream.release(), "arrow_array_stream", [](void* pointer) noexcept {
    auto* held = static_cast<ArrowArrayStream*>(pointer);
    if (held->release != nullptr) held->release(held);
    delete held;
  });
}

// Parses `words` and runs the command, without the GIL.
void RunWords(std::vector<std::string> words, PythonCaller& caller) {
  CommandParser parser;
  // CLI11 takes the words from the end.
  std::reverse(words.begin(), words.end());
  try {
    parser.app().parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) throw UsageError("help and version are for the command line");
    throw UsageError(parser.Explain(error));
  }
  caller.outcome().exit_code = parser.action()(caller);
}

std::shared_ptr<Outcome> Run(std::vector<std::string> words, std::shared_ptr<ArrowTable> table,
                             std::shared_ptr<KeptModels> models, nb::object on_progress,
                             nb::object on_message) {
  const PythonSide side{std::move(table), std::move(on_progress), std::move(on_message),
                        std::move(models)};
  PythonCaller caller(side);
  std::exception_ptr failure;
  {
    const nb::gil_scoped_release without_gil;
    try {
      RunWords(std::move(words), caller);
    } catch (const std::system_error& error) {
      const bool is_thread = error.code() == std::errc::resource_unavailable_try_again;
      failure = is_thread ? std::make_exception_ptr(ResourceError(
                                std::string(error.what()) +
                                ": the system starts no more threads; use fewer units"))
                          : std::make_exception_ptr(IoError(error.what()));
    } catch (...) {
      failure = std::current_exception();
    }
  }
  caller.RethrowFromPython();
  if (failure != nullptr) std::rethrow_exception(failure);
  return std::make_shared<Outcome>(std::move(caller.outcome()));
}

template <typename T>
nb::object DefineError(nb::module_& module, const char* name, nb::handle base, ExitCode code) {
  nb::object type = nb::exception<T>(module, name, base);
  type.attr("exit_code") = static_cast<int>(code);
  return type;
}

void DefineErrors(nb::module_& module) {
  const nb::object error =
      DefineError<Error>(module, "Error", PyExc_Exception, ExitCode::kInternal);
  // As Python's own functions have it: a wrong argument is a ValueError.
  const nb::tuple usage = nb::make_tuple(error, nb::handle(PyExc_ValueError));
  DefineError<UsageError>(module, "UsageError", usage, ExitCode::kUsage);
  DefineError<DataError>(module, "DataError", error, ExitCode::kData);
  DefineError<ModelError>(module, "ModelError", error, ExitCode::kModel);
  DefineError<IoError>(module, "IoError", error, ExitCode::kIo);
  DefineError<ResourceError>(module, "ResourceError", error, ExitCode::kResource);
  DefineError<InternalError>(module, "InternalError", error, ExitCode::kInternal);
  DefineError<StoppedError>(module, "StoppedError", error, ExitCode::kStopped);
}

void DefineTable(nb::module_& module) {
  nb::class_<ArrowTable>(module, "Table")
      .def(nb::init<>())
      .def("add_stream",
           [](ArrowTable& table, nb::handle stream) {
             auto* given = FromCapsule<ArrowArrayStream>(stream, "arrow_array_stream");
             table.AddStream(given);
           })
      .def("add_batch",
           [](ArrowTable& table, nb::handle schema, nb::handle array) {
             table.AddBatch(FromCapsule<ArrowSchema>(schema, "arrow_schema"),
                            FromCapsule<ArrowArray>(array, "arrow_array"));
           })
      .def_prop_ro("num_rows", &ArrowTable::num_rows)
      .def_prop_ro("columns", &ArrowTable::ColumnNames)
      .def_prop_ro("unwritable_columns", &ArrowTable::UnwritableColumns);
}

void DefineCommands(nb::module_& module) {
  nb::class_<OptionInfo>(module, "OptionInfo")
      .def_ro("name", &OptionInfo::name)
      .def_ro("names", &OptionInfo::names)
      .def_ro("text", &OptionInfo::text)
      .def_ro("type_name", &OptionInfo::type_name)
      .def_ro("group", &OptionInfo::group)
      .def_ro("is_switch", &OptionInfo::is_switch)
      .def_ro("is_repeated", &OptionInfo::is_repeated)
      .def_ro("is_positional", &OptionInfo::is_positional)
      .def_ro("is_required", &OptionInfo::is_required);
  nb::class_<CommandInfo>(module, "CommandInfo")
      .def_ro("name", &CommandInfo::name)
      .def_ro("text", &CommandInfo::text)
      .def_ro("examples", &CommandInfo::examples)
      .def_ro("options", &CommandInfo::options);
  module.def("tasks", &ListTasks);
}

void DefineRun(nb::module_& module) {
  nb::class_<KeptModels>(module, "KeptModels")
      .def(nb::init<>())
      .def("__len__", &KeptModels::size)
      .def("clear", &KeptModels::Clear);
  nb::class_<Outcome>(module, "Outcome")
      .def_prop_ro("exit_code", [](const Outcome& o) { return static_cast<int>(o.exit_code); })
      .def_ro("told", &Outcome::told)
      .def_ro("printed", &Outcome::printed)
      .def_ro("run_json", &Outcome::run_json)
      .def_ro("error", &Outcome::error)
      .def_prop_ro("has_rows", [](const Outcome& o) { return o.result != nullptr; })
      .def_prop_ro("num_rows",
                   [](const Outcome& o) { return o.result == nullptr ? 0 : o.result->num_rows(); })
      .def("stream",
           [](const Outcome& o) {
             if (o.result == nullptr) throw UsageError("the rows are in the output file");
             return StreamCapsule(o.result);
           })
      .def("write_report", [](const Outcome& o, const std::string& path) {
        WriteReport(path, o.run_json, o.reported_rows);
      });
  module.def("run", &Run, "words"_a, "table"_a.none(), "models"_a.none(), "on_progress"_a.none(),
             "on_message"_a.none());
}

}  // namespace

// nanobind's macro makes the function that Python looks for.
NB_MODULE(_core, module) {
  // Python does not clear all modules as it ends; what is left then is no leak of a run.
  nb::set_leak_warnings(false);
  module.attr("version") = ROWMILL_VERSION;
  DefineErrors(module);
  DefineTable(module);
  DefineCommands(module);
  DefineRun(module);
}

}  // namespace rowmill
