#include "data/parquet_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/error.h"

namespace rowmill {
namespace {

constexpr const char* kFileName = "librowmill_parquet.so";

// The folder of the program, or of the shared library that this code is part of.
std::filesystem::path OwnFolder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&OwnFolder), &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  std::error_code failure;
  // A program is named as it was called, which need not be where it is.
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
  const bool is_library = std::filesystem::path(info.dli_fname).extension() == ".so";
  return is_library ? std::filesystem::absolute(info.dli_fname, failure).parent_path()
                    : program.parent_path();
}

std::vector<std::string> Places() {
  const char* named = std::getenv("ROWMILL_PARQUET");
  if (named != nullptr && *named != '\0') return {named};
  const std::filesystem::path folder = OwnFolder();
  return {folder / kFileName, folder / ".." / "lib" / "rowmill" / kFileName};
}

struct Library {
  const RowmillParquetModule* module = nullptr;
  std::string problem;  // empty where there is a module

  // Never closed: it may be in use in other threads.
  Library() {
    void* library = nullptr;
    std::error_code failure;
    for (const std::string& place : Places()) {
      if (library != nullptr) break;
      if (!std::filesystem::exists(place, failure)) {
        problem += (problem.empty() ? "there is no '" : " and no '") + place + "'";
        continue;
      }
      library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (library != nullptr) continue;
      const char* why = dlerror();
      problem = why != nullptr ? why : "'" + place + "' cannot be loaded";
      return;
    }
    if (library == nullptr) return;
    const auto function =
        reinterpret_cast<RowmillParquetModuleFunction*>(dlsym(library, kParquetModuleSymbol));
    problem.clear();
    if (function == nullptr || function()->version != kParquetModuleVersion) {
      problem = "the module is that of another version of Rowmill";
      return;
    }
    module = function();
  }
};

const Library& TheLibrary() {
  static const Library library;
  return library;
}

}  // namespace

const RowmillParquetModule& LoadParquetModule() {
  const Library& library = TheLibrary();
  if (library.module != nullptr) return *library.module;
  throw ResourceError(
      "Parquet files are read and written by a module over Arrow's C++ library, which is not here "
      "(" +
      library.problem +
      "); in the sources of Rowmill, scripts/parquet.sh fetches pyarrow and builds it; "
      "ROWMILL_PARQUET names it where it lies elsewhere. Without it, JSONL and CSV can be read");
}

std::string TakeParquetMessage(char* message) {
  if (message == nullptr) return "";
  std::string text = message;
  LoadParquetModule().FreeText(message);
  return text;
}

}  // namespace rowmill
