#include "data/parquet_reader.h"

#include <utility>

#include "base/error.h"
#include "data/parquet_library.h"

namespace rowmill {

ParquetReader::ParquetReader(FileSystem& file_system, const std::string& path, uint64_t first_row)
    : file_system_(file_system), path_(path), first_row_(first_row) {
  LoadParquetModule();
  if (path == "-") {
    throw UsageError(
        "a Parquet file is read from its end, so it cannot come from standard input: give a file");
  }
  if (!file_system.Exists(path)) throw UsageError("there is no file '" + path + "'");
  if (file_system.Info(path).kind != FileInfo::Kind::kRegular) {
    throw UsageError("'" + path + "' is no regular file, and a Parquet file is read from its end");
  }
  file_ = file_system.Open(path, OpenMode::kRead);
  info_ = file_->Info();
  input_.context = this;
  input_.size = static_cast<int64_t>(info_.size);
  input_.read_at = [](void* context, int64_t offset, int64_t size, void* out) -> int64_t {
    auto& reader = *static_cast<ParquetReader*>(context);
    try {
      const size_t count = reader.file_->ReadAt(
          static_cast<uint64_t>(offset), {static_cast<std::byte*>(out), static_cast<size_t>(size)});
      reader.num_read_ += count;
      return static_cast<int64_t>(count);
    } catch (...) {
      reader.failure_ = std::current_exception();
      return -1;
    }
  };
  Open();
}

ParquetReader::~ParquetReader() {
  if (stream_.release != nullptr) stream_.release(&stream_);
}

void ParquetReader::Fail(const std::string& what) {
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
  CheckUnchanged();
  throw DataError("'" + path_ + "' is a damaged Parquet file, or none: " + what);
}

void ParquetReader::CheckUnchanged() {
  const FileInfo now = file_system_.Info(path_);
  if (now.size != info_.size || now.inode != info_.inode || now.mtime_ns != info_.mtime_ns) {
    throw DataError("'" + path_ + "' has been changed while it was read; run the job again");
  }
}

void ParquetReader::Open() {
  if (stream_.release != nullptr) stream_.release(&stream_);
  next_row_ = first_row_;
  num_read_ = 0;
  const std::string problem = TakeParquetMessage(LoadParquetModule().OpenReader(&input_, &stream_));
  if (!problem.empty()) Fail(problem);
  ArrowSchema schema{};
  if (stream_.get_schema(&stream_, &schema) != 0) {
    const char* why = stream_.get_last_error(&stream_);
    Fail(why != nullptr ? why : "its schema cannot be read");
  }
  try {
    schema_ = std::make_unique<ArrowTable>(&schema);
  } catch (const DataError& error) {
    throw DataError("'" + path_ + "': " + error.what());
  }
}

std::shared_ptr<const ArrowTable> ParquetReader::Next() {
  while (true) {
    ArrowArray array{};
    if (stream_.get_next(&stream_, &array) != 0) {
      const char* why = stream_.get_last_error(&stream_);
      Fail((why != nullptr ? std::string(why) : "its rows cannot be read") + " (behind row " +
           std::to_string(next_row_ - first_row_) + ")");
    }
    if (array.release == nullptr) {
      CheckUnchanged();
      return nullptr;
    }
    std::shared_ptr<const ArrowTable> piece = schema_->Piece(&array, next_row_);
    next_row_ += piece->num_rows();
    if (piece->num_rows() > 0) return piece;
  }
}

void ParquetReader::Rewind() {
  CheckUnchanged();
  Open();
}

std::shared_ptr<const ArrowTable> ParquetTables::Next() {
  while (true) {
    std::shared_ptr<const ArrowTable> piece = reader_->Next();
    if (piece != nullptr || file_ + 1 == paths_.size()) return piece;
    const uint64_t next_row = reader_->next_row();
    reader_ = std::make_unique<ParquetReader>(file_system_, paths_[++file_], next_row);
  }
}

size_t ParquetByteSource::Read(std::span<std::byte> out) {
  while (true) {
    if (rows_ != nullptr) {
      const size_t count = rows_->Read(out);
      if (count > 0) return count;
    }
    std::shared_ptr<const ArrowTable> piece = reader_->Next();
    if (piece == nullptr) {
      rows_ = nullptr;
      return 0;
    }
    rows_ = std::make_unique<ArrowByteSource>(std::move(piece));
  }
}

bool ParquetByteSource::Rewind() {
  rows_ = nullptr;
  reader_->Rewind();
  return true;
}

}  // namespace rowmill
