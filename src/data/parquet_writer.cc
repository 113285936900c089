#include "data/parquet_writer.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "data/parquet_library.h"

namespace rowmill {

ParquetWriter::ParquetWriter(ArrowSchema* schema, WriteBytes write)
    : module_(LoadParquetModule()), write_bytes_(std::move(write)) {
  output_ = {this, [](void* context, const void* data, int64_t size) {
               auto& writer = *static_cast<ParquetWriter*>(context);
               try {
                 writer.write_bytes_({static_cast<const char*>(data), static_cast<size_t>(size)});
                 return 0;
               } catch (...) {
                 writer.failure_ = std::current_exception();
                 return -1;
               }
             }};
  Require(module_.OpenWriter(&output_, schema, &writer_));
}

ParquetWriter::~ParquetWriter() {
  if (writer_ != nullptr) module_.CloseWriter(writer_);
}

void ParquetWriter::Write(ArrowArray* batch) { Require(module_.Write(writer_, batch)); }

void ParquetWriter::Finish() { Require(module_.Finish(writer_)); }

void ParquetWriter::Require(char* message) {
  const std::string problem = TakeParquetMessage(message);
  if (problem.empty()) return;
  if (failure_ != nullptr) std::rethrow_exception(std::exchange(failure_, nullptr));
  throw DataError("the rows cannot be written as Parquet: " + problem);
}

}  // namespace rowmill
