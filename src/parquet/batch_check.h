// Whether the values of a batch lie within its buffers, whoever wrote the file.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/status.h>

namespace rowmill::parquet_module {

// Checks offsets of texts and lists, indices of dictionaries and lengths of children, but not that
// text is UTF-8, which the program repairs. Costs a pass over the offsets.
arrow::Status CheckValues(const arrow::RecordBatch& batch);

}  // namespace rowmill::parquet_module
