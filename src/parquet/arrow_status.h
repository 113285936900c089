// What a failure of Arrow becomes at the module's border: a text that the program frees.
#pragma once

#include <arrow/status.h>

#include <cstring>
#include <exception>
#include <string>

namespace rowmill::parquet_module {

inline char* CopyText(const std::string& text) {
  char* copy = new char[text.size() + 1];
  std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

// Runs `call`, which returns an arrow::Status, and turns what goes wrong into a text; null where
// nothing does.
template <typename Call>
char* Guarded(const Call& call) {
  try {
    const arrow::Status status = call();
    return status.ok() ? nullptr : CopyText(status.message());
  } catch (const std::exception& error) {
    return CopyText(error.what());
  }
}

// The same within Arrow's own calls, through which no exception may go.
template <typename Call>
arrow::Status Caught(const Call& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    return arrow::Status::IOError(error.what());
  }
}

}  // namespace rowmill::parquet_module
