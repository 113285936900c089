#include "engine/record_spans.h"

#include <algorithm>
#include <memory>
#include <span>

#include "base/error.h"

namespace rowmill {

RecordSpans::RecordSpans(FileSystem& file_system, const SourceOptions& options,
                         const std::string& folder,
                         const std::function<void(const Record&, const ColumnNames&)>& on_record)
    : begins_(MappedArray<uint64_t>::InFolder(folder)) {
  const std::unique_ptr<Source> source = OpenSource(file_system, options);
  Record record;
  while (source->Next(record)) {
    begins_.Resize(source->num_rows());
    begins_[source->num_rows() - 1] = record.offset;
    if (on_record) on_record(record, source->columns());
  }
  if (source->damage()) throw DataError(*source->damage());
}

void CopyBytes(InputStream& stream, uint64_t begin, uint64_t end, ByteSink* sink) {
  while (stream.offset() < end) {
    const std::string_view bytes = stream.Peek();
    if (bytes.empty()) break;
    const bool is_before = stream.offset() < begin;
    const uint64_t limit = is_before ? begin : end;
    const auto count =
        static_cast<size_t>(std::min<uint64_t>(bytes.size(), limit - stream.offset()));
    if (!is_before && sink != nullptr) {
      sink->Write(std::as_bytes(std::span(bytes.data(), count)));
    }
    stream.Consume(count);
  }
  if (stream.damage()) throw DataError(*stream.damage());
}

void ReadRow(InputStream& stream, uint64_t begin, uint64_t end, std::string& out) {
  out.clear();
  StringByteSink sink(out);
  CopyBytes(stream, begin, end, &sink);
  while (out.ends_with('\n') || out.ends_with('\r')) out.pop_back();
}

}  // namespace rowmill
