// What the module exports (data/parquet_module.h).
#include <arrow/config.h>

#include "data/parquet_module.h"
#include "parquet/reader.h"
#include "parquet/writer.h"

namespace {

constexpr RowmillParquetModule kModule = {
    .version = rowmill::kParquetModuleVersion,
    .arrow_version = ARROW_VERSION_STRING,
    .OpenReader = &rowmill::parquet_module::OpenReader,
    .OpenWriter = &rowmill::parquet_module::OpenWriter,
    .Write = &rowmill::parquet_module::Write,
    .Finish = &rowmill::parquet_module::Finish,
    .CloseWriter = &rowmill::parquet_module::CloseWriter,
    .FreeText = [](char* text) { delete[] text; },
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const RowmillParquetModule*
rowmill_parquet_module() {
  return &kModule;
}
