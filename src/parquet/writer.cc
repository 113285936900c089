#include "parquet/writer.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "parquet/arrow_status.h"
#include "parquet/dense.h"

namespace rowmill::parquet_module {
namespace {

using arrow::RecordBatch;
using arrow::Result;
using arrow::Status;

// Rows are handed on so many at a time: where the writer ends a page depends on it.
constexpr int64_t kPieceRows = 1024;
// A row group ends after so many rows, or earlier, behind the piece with which it has so many
// bytes: it is in memory until it ends.
constexpr int64_t kGroupRows = 65'536;
constexpr int64_t kGroupBytes = int64_t{256} << 20;

// The program's output as one of Arrow's.
class OutputFile final : public arrow::io::OutputStream {
 public:
  explicit OutputFile(const RowmillParquetOutput& output) : output_(output) {}

  Status Close() override {
    is_closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return is_closed_; }
  Result<int64_t> Tell() const override { return position_; }
  using Writable::Write;
  Status Write(const void* bytes, int64_t size) override {
    if (output_.write(output_.context, bytes, size) != 0) return Status::IOError("writing failed");
    position_ += size;
    return Status::OK();
  }

 private:
  RowmillParquetOutput output_;
  int64_t position_ = 0;
  bool is_closed_ = false;
};

// Of the buffers of a batch that shares none.
int64_t NumBytes(const RecordBatch& batch) {
  int64_t bytes = 0;
  std::vector<std::shared_ptr<arrow::ArrayData>> open = batch.column_data();
  while (!open.empty()) {
    const std::shared_ptr<arrow::ArrayData> data = open.back();
    open.pop_back();
    for (const std::shared_ptr<arrow::Buffer>& buffer : data->buffers) {
      if (buffer != nullptr) bytes += buffer->size();
    }
    open.insert(open.end(), data->child_data.begin(), data->child_data.end());
  }
  return bytes;
}

class Writer {
 public:
  static Result<std::unique_ptr<Writer>> Open(const RowmillParquetOutput& output,
                                              ArrowSchema* schema) {
    auto writer = std::make_unique<Writer>();
    ARROW_ASSIGN_OR_RAISE(writer->schema_, arrow::ImportSchema(schema));
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Schema> stored,
                          DenseSchema(*writer->schema_));
    // Not dictionaries of text that is different in each row: the writer gives them up by itself.
    const std::shared_ptr<parquet::WriterProperties> properties =
        parquet::WriterProperties::Builder()
            .compression(parquet::Compression::ZSTD)
            ->max_row_group_length(kGroupRows)
            ->enable_page_checksum()
            ->build();
    ARROW_ASSIGN_OR_RAISE(writer->file_, parquet::arrow::FileWriter::Open(
                                             *stored, arrow::default_memory_pool(),
                                             std::make_shared<OutputFile>(output), properties));
    ARROW_RETURN_NOT_OK(writer->file_->AddKeyValueMetadata(stored->metadata()));
    return writer;
  }

  Status Write(ArrowArray* array) {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<RecordBatch> batch,
                          arrow::ImportRecordBatch(array, schema_));
    for (int64_t begin = 0; begin < batch->num_rows();) {
      const int64_t count = std::min(kPieceRows - num_waiting_, batch->num_rows() - begin);
      waiting_.push_back(batch->Slice(begin, count));
      num_waiting_ += count;
      begin += count;
      if (num_waiting_ == kPieceRows) ARROW_RETURN_NOT_OK(WritePiece());
    }
    return Status::OK();
  }

  Status Finish() {
    if (num_waiting_ > 0) ARROW_RETURN_NOT_OK(WritePiece());
    return file_->Close();
  }

 private:
  struct Rows {
    int64_t begin;
    int64_t count;
  };

  // Texts of more than 2 GiB together do not fit one array: then halves of the rows, and so on.
  Status WritePiece() {
    std::vector<Rows> open = {{0, num_waiting_}};
    while (!open.empty()) {
      const Rows rows = open.back();
      open.pop_back();
      const Result<std::shared_ptr<RecordBatch>> piece = Joined(rows);
      if (piece.ok()) {
        ARROW_RETURN_NOT_OK(WriteJoined(**piece));
        continue;
      }
      if (rows.count == 1) return piece.status();
      const int64_t half = rows.count / 2;
      open.push_back({rows.begin + half, rows.count - half});
      open.push_back({rows.begin, half});
    }
    waiting_.clear();
    num_waiting_ = 0;
    return Status::OK();
  }

  // Always a copy, also of a single batch: the bytes must not depend on whether there were several.
  Result<std::shared_ptr<RecordBatch>> Joined(Rows rows) const {
    std::vector<std::shared_ptr<RecordBatch>> parts;
    int64_t begin = 0;
    for (const std::shared_ptr<RecordBatch>& batch : waiting_) {
      const int64_t from = std::max(rows.begin, begin);
      const int64_t to = std::min(rows.begin + rows.count, begin + batch->num_rows());
      if (from < to) {
        ARROW_ASSIGN_OR_RAISE(std::shared_ptr<RecordBatch> part,
                              DenseBatch(*batch->Slice(from - begin, to - from)));
        parts.push_back(std::move(part));
      }
      begin += batch->num_rows();
    }
    return arrow::ConcatenateRecordBatches(parts);
  }

  Status WriteJoined(const RecordBatch& piece) {
    ARROW_RETURN_NOT_OK(file_->WriteRecordBatch(piece));
    group_rows_ = (group_rows_ + piece.num_rows()) % kGroupRows;
    group_bytes_ = group_rows_ == 0 ? 0 : group_bytes_ + NumBytes(piece);
    if (group_bytes_ < kGroupBytes) return Status::OK();
    group_rows_ = group_bytes_ = 0;
    return file_->NewBufferedRowGroup();
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<parquet::arrow::FileWriter> file_;
  std::vector<std::shared_ptr<RecordBatch>> waiting_;  // until they are a piece
  int64_t num_waiting_ = 0;
  int64_t group_rows_ = 0;
  int64_t group_bytes_ = 0;
};

}  // namespace

char* OpenWriter(const RowmillParquetOutput* output, ArrowSchema* schema, void** writer) {
  return Guarded([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Writer> made, Writer::Open(*output, schema));
    *writer = made.release();
    return Status::OK();
  });
}

char* Write(void* writer, ArrowArray* batch) {
  return Guarded([&] { return static_cast<Writer*>(writer)->Write(batch); });
}

char* Finish(void* writer) {
  return Guarded([&] { return static_cast<Writer*>(writer)->Finish(); });
}

void CloseWriter(void* writer) { delete static_cast<Writer*>(writer); }

}  // namespace rowmill::parquet_module
