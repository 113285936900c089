// Parquet to record batches: one piece of a row group at a time, on the calling thread.
//
// Specification: https://parquet.apache.org/docs/file-format/
#pragma once

#include "data/parquet_module.h"

namespace rowmill::parquet_module {

// As RowmillParquetModule::OpenReader.
char* OpenReader(const RowmillParquetInput* input, ArrowArrayStream* out);

}  // namespace rowmill::parquet_module
