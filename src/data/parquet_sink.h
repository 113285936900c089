// Output as a Parquet file: the input's columns with their types and the file's own metadata where
// the input is Parquet too, as text elsewhere; then the task's columns, `status` and `error`.
//
// Rows are handed to the module a thousand at a time; it keeps a row group in memory.
#pragma once

#include <memory>

#include "data/parquet_reader.h"
#include "data/sink.h"
#include "data/source.h"

namespace rowmill {

// The files of a Parquet input once more, for their columns; null where the input is none.
std::unique_ptr<ParquetTables> OpenParquet(FileSystem& file_system, const SourceOptions& options);

// Columns of `input`, which stands at its first row, pass through as they are; it is null where the
// rows come from elsewhere. `bytes` is kept alive by the caller. Throws ResourceError without the
// module, DataError where a type cannot be written.
std::unique_ptr<Sink> MakeParquetSink(std::unique_ptr<ParquetTables> input, OutputSchema schema,
                                      ByteSink& bytes);

}  // namespace rowmill
