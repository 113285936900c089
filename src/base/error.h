// The errors that end a run, each with the exit code that the command line returns for it.
//
// What it is not: a spoiled row is a value in that row's `status` and `error` columns, never an
// exception, and a bug of ours is a CHECK (base/check.h).
//
// A message says what is wrong, where (file, byte, row, tensor, column) and how to fix it. It never
// quotes the content of a row.
#pragma once

#include <stdexcept>
#include <string>

namespace rowmill {

enum class ExitCode : int {
  kOk = 0,             // every row has its status
  kUsage = 1,          // wrong arguments
  kData = 2,           // the input cannot be read to its end
  kModel = 3,          // the model file is broken or not supported
  kIo = 4,             // writing or reading failed (disk full, EIO)
  kTooManyErrors = 5,  // more invalid and error rows than --max-errors
  kResource = 6,       // memory, a module or a lock is missing or refused
  kInternal = 70,      // a bug of ours
  kStopped = 75,       // stopped by a signal; the same command resumes
};

class Error : public std::runtime_error {
 public:
  Error(ExitCode exit_code, const std::string& message)
      : std::runtime_error(message), exit_code_(exit_code) {}
  ExitCode exit_code() const { return exit_code_; }

 private:
  ExitCode exit_code_;
};

struct UsageError : Error {
  explicit UsageError(const std::string& message) : Error(ExitCode::kUsage, message) {}
};
struct DataError : Error {
  explicit DataError(const std::string& message) : Error(ExitCode::kData, message) {}
};
// A model file, tokeniser or chat template that is broken or not supported.
struct ModelError : Error {
  explicit ModelError(const std::string& message) : Error(ExitCode::kModel, message) {}
};
struct IoError : Error {
  explicit IoError(const std::string& message) : Error(ExitCode::kIo, message) {}
};
struct ResourceError : Error {
  explicit ResourceError(const std::string& message) : Error(ExitCode::kResource, message) {}
};
struct InternalError : Error {
  explicit InternalError(const std::string& message) : Error(ExitCode::kInternal, message) {}
};
// Ctrl-C or SIGTERM; state on disk is complete, the same command goes on from it.
struct StoppedError : Error {
  explicit StoppedError(const std::string& message) : Error(ExitCode::kStopped, message) {}
};

}  // namespace rowmill
