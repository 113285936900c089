// The rows of one finished data file, picked out and put into other files as they stand: of text
// formats the bytes that they take, of Parquet what their columns hold, with its types.
//
// What it is not: a reader of values (data/source.h) or a writer of answers (data/sink.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "data/byte_sink.h"
#include "data/source.h"

namespace rowmill {

// Rows [begin, end).
struct RowRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

class RowFile;

// A file of the same format and columns as the RowFile that it was made from.
class RowFileWriter {
 public:
  virtual ~RowFileWriter() = default;
  // Appends rows of any file with these columns, behind those that were read of it before.
  virtual void Copy(RowFile& from, RowRange rows) = 0;
  virtual void Finish() = 0;
};

class RowFile {
 public:
  // Sees each row as the file is opened, with the columns that are known by then.
  using Observer = std::function<void(const Record&, const ColumnNames&)>;

  // Reads the whole file that `options` name, which is one. `observer` may be empty; `folder` is
  // for scratch. Throws what OpenSource throws, and DataError where the file is damaged.
  static std::unique_ptr<RowFile> Open(FileSystem& file_system, const SourceOptions& options,
                                       const std::string& folder, const Observer& observer);
  virtual ~RowFile() = default;

  virtual uint64_t num_rows() const = 0;
  // `bytes` is kept alive by the caller.
  virtual std::unique_ptr<RowFileWriter> MakeWriter(ByteSink& bytes) = 0;
  // Bytes that are equal for equal rows of files of one format, and differ for different ones. Rows
  // have to be asked for in ascending order.
  virtual void ReadRow(uint64_t row, std::string& out) = 0;
};

// Writes the rows of all files, one behind the other, as one Parquet file. The files have the same
// columns. Throws DataError where they have not, or where one is damaged.
void JoinParquet(FileSystem& file_system, const std::vector<std::string>& paths, ByteSink& bytes);

}  // namespace rowmill
