#include "data/parquet_sink.h"

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/error.h"
#include "data/arrow_result.h"
#include "data/parquet_library.h"

namespace rowmill {
namespace {

// Rows of one table that are handed on together, where the input has none.
constexpr uint64_t kBatchRows = 1024;

class ParquetSink final : public Sink {
 public:
  ParquetSink(std::unique_ptr<ParquetTables> input, OutputSchema schema, ByteSink& bytes)
      : Sink(std::move(schema), bytes), input_(std::move(input)), module_(LoadParquetModule()) {
    if (input_ != nullptr) table_ = std::make_shared<ArrowTable>(input_->schema());
    StartResult();
    output_ = {this, [](void* context, const void* data, int64_t size) {
                 auto& sink = *static_cast<ParquetSink*>(context);
                 try {
                   sink.AppendBytes({static_cast<const char*>(data), static_cast<size_t>(size)});
                   return 0;
                 } catch (...) {
                   sink.failure_ = std::current_exception();
                   return -1;
                 }
               }};
    ArrowArrayStream stream{};
    ExportArrowStream(result_, &stream);
    ArrowSchema types{};
    const int code = stream.get_schema(&stream, &types);
    stream.release(&stream);
    if (code != 0) throw InternalError("the output has no schema");
    Require(module_.OpenWriter(&output_, &types, &writer_));
  }

  ~ParquetSink() override {
    if (writer_ != nullptr) module_.CloseWriter(writer_);
  }

 protected:
  void AppendRow(const Record& record, const OutputRow& row, std::string& /*out*/) override {
    if (input_ != nullptr) FindRow(record.index);
    result_->Append(record, row);
    if (input_ == nullptr && result_->num_rows() == kBatchRows) WriteResult();
  }

  void End() override {
    WriteResult();
    Require(module_.Finish(writer_));
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
    ArrowArray batch{};
    char* message = nullptr;
    while (message == nullptr && stream.get_next(&stream, &batch) == 0 &&
           batch.release != nullptr) {
      message = module_.Write(writer_, &batch);
    }
    stream.release(&stream);
    Require(message);
    StartResult();
  }

  void Require(char* message) {
    const std::string problem = TakeParquetMessage(message);
    if (problem.empty()) return;
    if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
    throw DataError("the rows cannot be written as Parquet: " + problem);
  }

  std::unique_ptr<ParquetTables> input_;
  const RowmillParquetModule& module_;
  std::shared_ptr<const ArrowTable> table_;  // of the input: where its rows are
  uint64_t end_row_ = 0;                     // behind those of table_
  std::shared_ptr<ArrowResult> result_;      // rows of table_ that are not written yet
  RowmillParquetOutput output_{};
  void* writer_ = nullptr;
  std::exception_ptr failure_;  // of writing bytes, which could not pass through the module
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
