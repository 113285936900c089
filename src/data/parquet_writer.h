// A Parquet file that is written batch by batch, through the module (parquet_module.h). Its bytes
// are a function of the columns and the rows, however these come in batches.
#pragma once

#include <exception>
#include <functional>
#include <string_view>

#include "data/arrow_abi.h"
#include "data/parquet_module.h"

namespace rowmill {

class ParquetWriter {
 public:
  using WriteBytes = std::function<void(std::string_view)>;

  // Of batches of `schema`, which is taken over. `write` gets the bytes, one behind the other; what
  // it throws, the functions here throw. Throws ResourceError without the module, DataError where a
  // type cannot be written.
  ParquetWriter(ArrowSchema* schema, WriteBytes write);
  ~ParquetWriter();
  ParquetWriter(const ParquetWriter&) = delete;
  ParquetWriter& operator=(const ParquetWriter&) = delete;

  // Takes the batch over.
  void Write(ArrowArray* batch);
  // Writes what is left of the file.
  void Finish();

 private:
  void Require(char* message);

  const RowmillParquetModule& module_;
  WriteBytes write_bytes_;
  RowmillParquetOutput output_{};
  void* writer_ = nullptr;
  std::exception_ptr failure_;  // of write_bytes_, which could not pass through the module
};

}  // namespace rowmill
