// Rows of a finished file by the bytes that they take, so that rows can be picked out of it and put
// back without writing them anew.
//
// What it is not: a reader of values (data/source.h).
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file_system.h"
#include "base/mapped_array.h"
#include "data/byte_sink.h"
#include "data/source.h"

namespace rowmill {

class RecordSpans {
 public:
  // Reads the whole file; `on_record` (may be empty) sees each row. Throws DataError where the file
  // is damaged. `folder` is for scratch.
  RecordSpans(FileSystem& file_system, const SourceOptions& options, const std::string& folder,
              const std::function<void(const Record&, const ColumnNames&)>& on_record);

  uint64_t num_rows() const { return begins_.size(); }
  // Of the decompressed file. The last row ends with the file: kEnd.
  static constexpr uint64_t kEnd = UINT64_MAX;
  uint64_t Begin(uint64_t row) const { return begins_[row]; }
  uint64_t End(uint64_t row) const { return row + 1 < num_rows() ? begins_[row + 1] : kEnd; }
  // Of what stands before the first row: the header of a CSV.
  uint64_t HeaderEnd() const { return num_rows() == 0 ? kEnd : begins_[0]; }

 private:
  MappedArray<uint64_t> begins_;
};

// Hands bytes [begin, end) of the decompressed stream to `sink`, which may be null: then they are
// passed over. The stream stands at `begin` or before it.
void CopyBytes(InputStream& stream, uint64_t begin, uint64_t end, ByteSink* sink);

// Appends the bytes to `out`, without the line end behind them.
void ReadRow(InputStream& stream, uint64_t begin, uint64_t end, std::string& out);

}  // namespace rowmill
