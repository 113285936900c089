// Record batches to Parquet. The bytes are a function of the schema, the rows and the version of
// Arrow: rows are cut anew, at the same places however they came.
#pragma once

#include "data/parquet_module.h"

namespace rowmill::parquet_module {

// As their namesakes of RowmillParquetModule.
char* OpenWriter(const RowmillParquetOutput* output, ArrowSchema* schema, void** writer);
char* Write(void* writer, ArrowArray* batch);
char* Finish(void* writer);
void CloseWriter(void* writer);

}  // namespace rowmill::parquet_module
