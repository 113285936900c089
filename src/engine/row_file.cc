#include "engine/row_file.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "data/arrow_share.h"
#include "data/parquet_reader.h"
#include "data/parquet_writer.h"
#include "engine/record_spans.h"

namespace rowmill {
namespace {

class TextRows final : public RowFile {
 public:
  TextRows(FileSystem& file_system, const SourceOptions& options, const std::string& folder,
           const Observer& observer)
      : file_system_(file_system),
        input_(options.input),
        spans_(file_system, options, folder, observer),
        rows_(InputStream::Open(file_system, options.input)) {}

  uint64_t num_rows() const override { return spans_.num_rows(); }
  std::unique_ptr<RowFileWriter> MakeWriter(ByteSink& bytes) override;
  void ReadRow(uint64_t row, std::string& out) override {
    rowmill::ReadRow(*rows_, spans_.Begin(row), spans_.End(row), out);
  }

  void CopyHeader(ByteSink& bytes) const {
    CopyBytes(*InputStream::Open(file_system_, input_), 0, spans_.HeaderEnd(), &bytes);
  }
  void CopyRows(RowRange rows, ByteSink& bytes) {
    CopyBytes(*rows_, spans_.Begin(rows.begin), spans_.End(rows.end - 1), &bytes);
  }

 private:
  FileSystem& file_system_;
  InputOptions input_;
  RecordSpans spans_;
  std::unique_ptr<InputStream> rows_;
};

class TextRowWriter final : public RowFileWriter {
 public:
  explicit TextRowWriter(ByteSink& bytes) : bytes_(bytes) {}
  void Copy(RowFile& from, RowRange rows) override {
    if (rows.begin < rows.end) dynamic_cast<TextRows&>(from).CopyRows(rows, bytes_);
  }
  void Finish() override {}

 private:
  ByteSink& bytes_;
};

std::unique_ptr<RowFileWriter> TextRows::MakeWriter(ByteSink& bytes) {
  CopyHeader(bytes);
  return std::make_unique<TextRowWriter>(bytes);
}

class ParquetRows final : public RowFile {
 public:
  ParquetRows(FileSystem& file_system, const SourceOptions& options, const Observer& observer)
      : reader_(file_system, options.input.path) {
    if (observer) {
      const std::unique_ptr<Source> source = OpenSource(file_system, options);
      Record record;
      while (source->Next(record)) observer(record, source->columns());
      if (source->damage()) throw DataError(*source->damage());
      num_rows_ = source->num_rows();
      return;
    }
    while (const std::shared_ptr<const ArrowTable> piece = reader_.Next()) {
      num_rows_ += piece->num_rows();
    }
    reader_.Rewind();
  }

  uint64_t num_rows() const override { return num_rows_; }

  std::unique_ptr<RowFileWriter> MakeWriter(ByteSink& bytes) override;

  // A row as a file of its own.
  void ReadRow(uint64_t row, std::string& out) override {
    out.clear();
    StringByteSink bytes(out);
    const std::unique_ptr<RowFileWriter> writer = MakeWriter(bytes);
    writer->Copy(*this, {row, row + 1});
    writer->Finish();
  }

  const ArrowTable& schema() const { return reader_.schema(); }

  // The rows, or the first of them that lie in one piece of the file, which is given away. Returns
  // where the next ones begin.
  uint64_t Share(RowRange rows, ArrowArray* out) {
    while (piece_ == nullptr || Piece().first_row + Piece().num_rows() <= rows.begin) {
      piece_ = reader_.Next();
      if (piece_ == nullptr) throw DataError("'" + reader_.path() + "' has lost rows");
    }
    const ArrowTable::Batch& piece = Piece();
    CHECK(piece.first_row <= rows.begin);
    const uint64_t end = std::min(rows.end, piece.first_row + piece.num_rows());
    ShareArrowRows(piece.array, {rows.begin - piece.first_row, end - rows.begin}, out);
    return end;
  }

 private:
  const ArrowTable::Batch& Piece() const { return piece_->batches().front(); }

  ParquetReader reader_;
  std::shared_ptr<const ArrowTable> piece_;  // that was read last
  uint64_t num_rows_ = 0;
};

class ParquetRowWriter final : public RowFileWriter {
 public:
  ParquetRowWriter(const ArrowTable& schema, ByteSink& bytes) : type_(schema.type()) {
    ArrowSchema types{};
    ShareArrow(std::shared_ptr<const void>(schema.schema()), *schema.schema(), &types);
    writer_ = std::make_unique<ParquetWriter>(&types, [&bytes](std::string_view written) {
      bytes.Write(std::as_bytes(std::span(written)));
    });
  }

  void Copy(RowFile& from, RowRange rows) override {
    auto& file = dynamic_cast<ParquetRows&>(from);
    RequireColumns(file.schema());
    while (rows.begin < rows.end) {
      ArrowArray batch{};
      rows.begin = file.Share(rows, &batch);
      writer_->Write(&batch);
    }
  }
  void Copy(ParquetReader& from) {
    RequireColumns(from.schema());
    while (const std::shared_ptr<const ArrowTable> piece = from.Next()) {
      for (const ArrowTable::Batch& rows : piece->batches()) {
        ArrowArray batch{};
        ShareArrowRows(rows.array, {0, rows.num_rows()}, &batch);
        writer_->Write(&batch);
      }
    }
  }
  void Finish() override { writer_->Finish(); }

 private:
  void RequireColumns(const ArrowTable& schema) const {
    if (SameArrowType(schema.type(), type_)) return;
    throw DataError("rows of Parquet files with different columns cannot stand in one file");
  }

  ArrowType type_;
  std::unique_ptr<ParquetWriter> writer_;
};

std::unique_ptr<RowFileWriter> ParquetRows::MakeWriter(ByteSink& bytes) {
  return std::make_unique<ParquetRowWriter>(schema(), bytes);
}

}  // namespace

std::unique_ptr<RowFile> RowFile::Open(FileSystem& file_system, const SourceOptions& options,
                                       const std::string& folder, const Observer& observer) {
  if (IsParquet(options)) {
    return std::make_unique<ParquetRows>(file_system, options, observer);
  }
  return std::make_unique<TextRows>(file_system, options, folder, observer);
}

void JoinParquet(FileSystem& file_system, const std::vector<std::string>& paths, ByteSink& bytes) {
  std::unique_ptr<ParquetRowWriter> writer;
  for (const std::string& path : paths) {
    ParquetReader reader(file_system, path);
    if (writer == nullptr) writer = std::make_unique<ParquetRowWriter>(reader.schema(), bytes);
    writer->Copy(reader);
  }
  if (writer != nullptr) writer->Finish();
}

}  // namespace rowmill
