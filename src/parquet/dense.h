// Batches without dictionaries. Arrow's writer takes a dictionary over as it is handed one, so that
// the bytes of a file would depend on how its rows came in batches; of values it makes its own, by
// the order in which they appear.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>

#include <memory>

namespace rowmill::parquet_module {

// The schema with the types of the values. Its metadata says what it was, in the way of Arrow's own
// writer, so that types that Parquet has not are the same when the file is read.
arrow::Result<std::shared_ptr<arrow::Schema>> DenseSchema(const arrow::Schema& schema);

// The values themselves in the place of their numbers in a dictionary.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> DenseBatch(const arrow::RecordBatch& batch);

}  // namespace rowmill::parquet_module
