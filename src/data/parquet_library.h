// The module for Parquet files (parquet_module.h), loaded when it is first asked for. It is looked
// for where ROWMILL_PARQUET says, beside the program or the library that this code is in, and in
// lib/rowmill of where these are installed.
#pragma once

#include <string>

#include "data/parquet_module.h"

namespace rowmill {

// Throws ResourceError, with how to get it, where there is none or it cannot be loaded.
const RowmillParquetModule& LoadParquetModule();

// A message of the module, which is freed; empty for null.
std::string TakeParquetMessage(char* message);

}  // namespace rowmill
