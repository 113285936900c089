#include "data/parquet_sink.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "data/arrow_result.h"
#include "data/parquet_writer.h"

namespace rowmill {
namespace {

// Rows of one table that are handed on together, where the input has none.
constexpr uint64_t kBatchRows = 1024;

struct StreamRelease {
  ArrowArrayStream* stream;
  ~StreamRelease() { stream->release(stream); }
};

class ParquetSink final : public Sink {
 public:
  ParquetSink(std::unique_ptr<ParquetTables> input, OutputSchema schema, ByteSink& bytes)
      : Sink(std::move(schema), bytes), input_(std::move(input)) {
    if (input_ != nullptr) table_ = std::make_shared<ArrowTable>(input_->schema());
    StartResult();
    ArrowArrayStream stream{};
    ExportArrowStream(result_, &stream);
    ArrowSchema types{};
    const int code = stream.get_schema(&stream, &types);
    stream.release(&stream);
    if (code != 0) throw InternalError("the output has no schema");
    writer_ = std::make_unique<ParquetWriter>(
        &types, [this](std::string_view written) { AppendBytes(written); });
  }

 protected:
  void AppendRow(const Record& record, const OutputRow& row, std::string& /*out*/) override {
    if (input_ != nullptr) FindRow(record.index);
    result_->Append(record, row);
    if (input_ == nullptr && result_->num_rows() == kBatchRows) WriteResult();
  }

  void End() override {
    WriteResult();
    writer_->Finish();
  }

 private:
  void StartResult() {
    result_ = std::make_shared<ArrowResult>(table_);
    result_->SetColumns(schema());
  }

  // Makes table_ the piece of the input that has the row.
  void FindRow(uint64_t row) {
    while (row >= end_row_) {
      WriteResult();
      table_ = input_->Next();
      if (table_ == nullptr) {
        throw DataError("the input has been changed while it was read; run the job again");
      }
      end_row_ += table_->num_rows();
      StartResult();
    }
  }

  void WriteResult() {
    if (result_->num_rows() == 0) return;
    ArrowArrayStream stream{};
    ExportArrowStream(std::exchange(result_, nullptr), &stream);
    const StreamRelease released{&stream};
    ArrowArray batch{};
    while (true) {
      if (stream.get_next(&stream, &batch) != 0) {
        throw ResourceError(std::string("rows cannot be handed to Parquet's writer: ") +
                            stream.get_last_error(&stream));
      }
      if (batch.release == nullptr) break;
      writer_->Write(&batch);
    }
    StartResult();
  }

  std::unique_ptr<ParquetTables> input_;
  std::shared_ptr<const ArrowTable> table_;  // of the input: where its rows are
  uint64_t end_row_ = 0;                     // behind those of table_
  std::shared_ptr<ArrowResult> result_;      // rows of table_ that are not written yet
  std::unique_ptr<ParquetWriter> writer_;
};

}  // namespace

std::unique_ptr<ParquetTables> OpenParquet(FileSystem& file_system, const SourceOptions& options) {
  if (!IsParquet(options)) return nullptr;
  std::vector<std::string> paths = options.paths;
  if (paths.empty()) paths.push_back(options.input.path);
  return std::make_unique<ParquetTables>(file_system, std::move(paths));
}

std::unique_ptr<Sink> MakeParquetSink(std::unique_ptr<ParquetTables> input, OutputSchema schema,
                                      ByteSink& bytes) {
  // Columns without any value have a type too, which the file says before its first row.
  schema.task_kinds.resize(schema.task_columns.size(), CellKind::kText);
  return std::make_unique<ParquetSink>(std::move(input), std::move(schema), bytes);
}

}  // namespace rowmill
