// The border between the program and the module that reads and writes Parquet files by Arrow C++
// (src/parquet/): plain C, Arrow's C data interface and functions that read and write bytes, so
// that the program knows nothing of Arrow C++ and of its ABI, and the module nothing of files.
//
// No exception crosses it. Functions that can fail return null, or a message that FreeText frees.
// Nothing here may be called from two threads at once on the same reader or writer.
#pragma once

#include <cstdint>

#include "data/arrow_abi.h"

extern "C" {

// Where the bytes of a file are read.
struct RowmillParquetInput {
  void* context;
  int64_t size;  // of the file
  // Fills `out` with bytes [offset, offset + size), fewer at the end of the file. Returns how many,
  // or -1 where reading failed.
  int64_t (*read_at)(void* context, int64_t offset, int64_t size, void* out);
};

// Where they are written, one behind the other. 0, or -1 where writing failed.
struct RowmillParquetOutput {
  void* context;
  int (*write)(void* context, const void* bytes, int64_t size);
};

struct RowmillParquetModule {
  int64_t version;  // of this struct
  const char* arrow_version;
  // The rows of a file as batches of at most 1,024, read a piece of a row group at a time, with the
  // file's schema and its metadata. `input` outlives the stream. The values of each batch are
  // checked: offsets and indices lie where they may. Text need not be UTF-8.
  char* (*OpenReader)(const RowmillParquetInput* input, ArrowArrayStream* out);
  // A writer of batches of that schema, which is taken over. `output` outlives the writer, which is
  // to be closed even where Write or Finish fails.
  char* (*OpenWriter)(const RowmillParquetOutput* output, ArrowSchema* schema, void** writer);
  // Takes the batch over. How the rows are cut into batches changes no byte of the file.
  char* (*Write)(void* writer, ArrowArray* batch);
  // Writes what is left of the file.
  char* (*Finish)(void* writer);
  void (*CloseWriter)(void* writer);
  void (*FreeText)(char* text);
};

// What the module exports, under this name. The struct is constant.
using RowmillParquetModuleFunction = const RowmillParquetModule*();

}  // extern "C"

namespace rowmill {

constexpr int64_t kParquetModuleVersion = 1;
constexpr const char* kParquetModuleSymbol = "rowmill_parquet_module";

}  // namespace rowmill
