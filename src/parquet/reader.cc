#include "parquet/reader.h"

#include <arrow/buffer.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "parquet/arrow_status.h"
#include "parquet/batch_check.h"

namespace rowmill::parquet_module {
namespace {

using arrow::Result;
using arrow::Status;

constexpr int64_t kBatchRows = 1024;
// A column chunk is read in pieces of this size and not as a whole, so that memory does not grow
// with the row groups of the file.
constexpr int64_t kBufferBytes = int64_t{256} << 10;

// The program's file as one of Arrow's.
class InputFile final : public arrow::io::RandomAccessFile {
 public:
  explicit InputFile(const RowmillParquetInput& input) : input_(input) {}

  Status Close() override {
    is_closed_ = true;
    return Status::OK();
  }
  bool closed() const override { return is_closed_; }
  Result<int64_t> Tell() const override { return position_; }
  Status Seek(int64_t position) override {
    position_ = position;
    return Status::OK();
  }
  Result<int64_t> GetSize() override { return input_.size; }

  using RandomAccessFile::ReadAt;
  Result<int64_t> ReadAt(int64_t position, int64_t size, void* out) override {
    if (position < 0 || size < 0) return Status::Invalid("it points to bytes before its beginning");
    const int64_t count = input_.read_at(input_.context, position, size, out);
    if (count < 0) return Status::IOError("reading failed");
    return count;
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t size) override {
    // A size that the file states is believed no further than the file goes.
    const int64_t left = std::max<int64_t>(0, input_.size - std::max<int64_t>(0, position));
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> buffer,
                          arrow::AllocateResizableBuffer(std::clamp<int64_t>(size, 0, left)));
    ARROW_ASSIGN_OR_RAISE(const int64_t count,
                          ReadAt(position, buffer->size(), buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(count));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  Result<int64_t> Read(int64_t size, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t count, ReadAt(position_, size, out));
    position_ += count;
    return count;
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, ReadAt(position_, size));
    position_ += buffer->size();
    return buffer;
  }

 private:
  RowmillParquetInput input_;
  int64_t position_ = 0;
  bool is_closed_ = false;
};

// The batches of a file, which it keeps open.
class Batches final : public arrow::RecordBatchReader {
 public:
  static Result<std::shared_ptr<Batches>> Open(const RowmillParquetInput& input) {
    parquet::ReaderProperties properties = parquet::default_reader_properties();
    properties.enable_buffered_stream();
    properties.set_buffer_size(kBufferBytes);
    // Where the file has checksums. Without them damage within a page may look like other rows.
    properties.set_page_checksum_verification(true);
    parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
    arrow_properties.set_batch_size(kBatchRows);
    arrow_properties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(std::make_shared<InputFile>(input), properties));
    builder.properties(arrow_properties);
    auto batches = std::make_shared<Batches>();
    ARROW_ASSIGN_OR_RAISE(batches->file_, builder.Build());
    ARROW_RETURN_NOT_OK(batches->file_->GetSchema(&batches->schema_));
    ARROW_ASSIGN_OR_RAISE(batches->batches_, batches->file_->GetRecordBatchReader());
    return batches;
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    return Caught([&]() -> Status {
      ARROW_RETURN_NOT_OK(batches_->ReadNext(out));
      if (*out == nullptr) return CheckCount();
      num_rows_ += (*out)->num_rows();
      return CheckValues(**out);
    });
  }

 private:
  // Pages of a kind that the reader does not know are none to it, and their rows are not missed.
  Status CheckCount() const {
    const int64_t wanted = file_->parquet_reader()->metadata()->num_rows();
    if (num_rows_ == wanted) return Status::OK();
    return Status::Invalid("it has " + std::to_string(num_rows_) + " rows, and says that it has " +
                           std::to_string(wanted));
  }

  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // reads file_
  int64_t num_rows_ = 0;                               // given so far
};

}  // namespace

char* OpenReader(const RowmillParquetInput* input, ArrowArrayStream* out) {
  return Guarded([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<Batches> batches, Batches::Open(*input));
    return arrow::ExportRecordBatchReader(std::move(batches), out);
  });
}

}  // namespace rowmill::parquet_module
