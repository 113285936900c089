// A Parquet file as tables of few rows, one after the other; and the same rows as JSON Lines, for
// all that reads rows (arrow_table.h).
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "data/arrow_table.h"
#include "data/byte_source.h"
#include "data/parquet_module.h"

namespace rowmill {

class ParquetReader {
 public:
  // Opens the file, whose rows count on from `first_row`. Throws UsageError where there is none,
  // DataError where it is no Parquet file or has columns nested too deeply, ResourceError without
  // the module, IoError.
  ParquetReader(FileSystem& file_system, const std::string& path, uint64_t first_row = 0);
  ~ParquetReader();
  ParquetReader(const ParquetReader&) = delete;
  ParquetReader& operator=(const ParquetReader&) = delete;

  const std::string& path() const { return path_; }
  // The columns, without rows.
  const ArrowTable& schema() const { return *schema_; }

  // The next rows, which count on from the ones before; null at the end. Throws DataError where the
  // file is damaged or is being changed, IoError.
  std::shared_ptr<const ArrowTable> Next();
  // Back to the first row.
  void Rewind();

  uint64_t next_row() const { return next_row_; }
  ReadProgress progress() const { return {num_read_, info_.size}; }

 private:
  void Open();
  void CheckUnchanged();
  [[noreturn]] void Fail(const std::string& what);

  FileSystem& file_system_;
  std::string path_;
  std::unique_ptr<File> file_;
  FileInfo info_;
  RowmillParquetInput input_{};
  uint64_t num_read_ = 0;       // bytes
  std::exception_ptr failure_;  // of reading bytes, which could not pass through the module
  ArrowArrayStream stream_{};   // reads input_
  std::unique_ptr<ArrowTable> schema_;
  uint64_t first_row_;
  uint64_t next_row_ = 0;
};

// The same of several files with the same columns, one behind the other.
class ParquetTables {
 public:
  // At least one path. Throws what ParquetReader throws.
  ParquetTables(FileSystem& file_system, std::vector<std::string> paths)
      : file_system_(file_system),
        paths_(std::move(paths)),
        reader_(std::make_unique<ParquetReader>(file_system_, paths_.at(0))) {}

  // Of the first file.
  const ArrowTable& schema() const { return reader_->schema(); }
  // As ParquetReader::Next.
  std::shared_ptr<const ArrowTable> Next();

 private:
  FileSystem& file_system_;
  std::vector<std::string> paths_;
  size_t file_ = 0;
  std::unique_ptr<ParquetReader> reader_;
};

// The rows as JSON Lines.
class ParquetByteSource final : public ByteSource {
 public:
  explicit ParquetByteSource(std::unique_ptr<ParquetReader> reader) : reader_(std::move(reader)) {}
  size_t Read(std::span<std::byte> out) override;
  bool Rewind() override;
  ReadProgress progress() const override { return reader_->progress(); }

 private:
  std::unique_ptr<ParquetReader> reader_;
  std::unique_ptr<ArrowByteSource> rows_;  // of the piece that is being read
};

}  // namespace rowmill
