#include "data/arrow_table.h"

#include <algorithm>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "data/arrow_json.h"
#include "data/json_text.h"

namespace rowmill {
namespace {

constexpr size_t kTextBytes = size_t{64} << 10;

// Calls `release` of a struct that is still held, as the specification asks for.
template <typename T>
struct Released {
  void operator()(T* held) const {
    if (held->release != nullptr) held->release(held);
    delete held;
  }
};

template <typename T>
std::shared_ptr<const T> Take(T* given) {
  std::unique_ptr<T, Released<T>> held(new T(*given));
  given->release = nullptr;
  return held;
}

struct StreamRelease {
  ArrowArrayStream* stream;
  ~StreamRelease() {
    if (stream->release != nullptr) stream->release(stream);
  }
};

void RequireSuccess(int code, ArrowArrayStream& stream) {
  if (code == 0) return;
  const char* why = stream.get_last_error(&stream);
  throw DataError("the table cannot be read to its end: " +
                  (why != nullptr ? std::string(why) : std::generic_category().message(code)));
}

}  // namespace

std::shared_ptr<const ArrowSchema> TakeArrowSchema(ArrowSchema* schema) { return Take(schema); }
std::shared_ptr<const ArrowArray> TakeArrowArray(ArrowArray* array) { return Take(array); }

void ArrowTable::AddStream(ArrowArrayStream* stream) {
  const StreamRelease released{stream};
  ArrowSchema schema{};
  RequireSuccess(stream->get_schema(stream, &schema), *stream);
  TakeSchema(&schema);
  while (true) {
    ArrowArray array{};
    RequireSuccess(stream->get_next(stream, &array), *stream);
    if (array.release == nullptr) return;
    TakeBatch(&array);
  }
}

void ArrowTable::AddBatch(ArrowSchema* schema, ArrowArray* array) {
  TakeSchema(schema);
  TakeBatch(array);
}

std::shared_ptr<const ArrowTable> ArrowTable::Piece(ArrowArray* batch, uint64_t first_row) const {
  CHECK(batches_.empty());
  auto piece = std::make_shared<ArrowTable>(*this);
  piece->TakeBatch(batch);
  piece->batches_.back().first_row = first_row;
  return piece;
}

void ArrowTable::TakeSchema(ArrowSchema* schema) {
  const std::shared_ptr<const ArrowSchema> taken = TakeArrowSchema(schema);
  ArrowType type = ReadArrowType(*taken);
  if (type.kind != ArrowType::Kind::kStruct) {
    throw DataError("a table has columns, and this is a single one of Arrow type '" + type.format +
                    "': give it a name, as a table of one column");
  }
  if (schema_ != nullptr) {
    if (SameArrowType(type, type_)) return;
    throw DataError("the record batches have different columns: all must have those of the first");
  }
  schema_ = taken;
  type_ = std::move(type);
  for (const ArrowType& column : type_.children) {
    AppendJsonString(column.name, keys_.emplace_back());
    keys_.back() += ':';
  }
}

void ArrowTable::TakeBatch(ArrowArray* array) {
  std::shared_ptr<const ArrowArray> taken = TakeArrowArray(array);
  CheckArrowArray(type_, *taken);
  for (int64_t i = 0; i < taken->n_children; ++i) {
    const ArrowArray& column = *taken->children[i];
    if (column.length >= taken->offset && column.length - taken->offset >= taken->length) continue;
    throw DataError("the table's column '" + type_.children[static_cast<size_t>(i)].name +
                    "' has fewer values than the table has rows");
  }
  const auto num_rows = static_cast<uint64_t>(taken->length);
  batches_.push_back({std::move(taken), num_rows_});
  num_rows_ += num_rows;
}

std::vector<std::string> ArrowTable::ColumnNames() const {
  std::vector<std::string> names;
  for (const ArrowType& column : type_.children) names.push_back(column.name);
  return names;
}

std::vector<std::string> ArrowTable::WritableColumns() const {
  std::vector<std::string> names;
  for (const ArrowType& column : type_.children) {
    if (column.is_writable()) names.push_back(column.name);
  }
  return names;
}

std::vector<std::string> ArrowTable::UnwritableColumns() const {
  std::vector<std::string> columns;
  for (const ArrowType& column : type_.children) {
    if (!column.is_writable()) columns.push_back(column.name + " (" + ArrowTypeName(column) + ")");
  }
  return columns;
}

void ArrowTable::AppendRow(const Batch& batch, int64_t row, std::string& out) const {
  out += '{';
  bool is_first = true;
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (!type_.children[i].is_writable()) continue;
    if (!is_first) out += ',';
    is_first = false;
    out += keys_[i];
    AppendArrowJson(type_.children[i], *batch.array->children[i], batch.array->offset + row, out);
  }
  out += '}';
}

void ArrowByteSource::FillText() {
  text_.clear();
  position_ = 0;
  const std::vector<ArrowTable::Batch>& batches = table_->batches();
  while (batch_ < batches.size() && text_.size() < kTextBytes) {
    if (row_ == batches[batch_].array->length) {
      ++batch_;
      row_ = 0;
      continue;
    }
    table_->AppendRow(batches[batch_], row_++, text_);
    text_ += '\n';
  }
}

size_t ArrowByteSource::Read(std::span<std::byte> out) {
  if (position_ == text_.size()) FillText();
  const size_t count = std::min(out.size(), text_.size() - position_);
  std::memcpy(out.data(), text_.data() + position_, count);
  position_ += count;
  num_read_ += count;
  return count;
}

bool ArrowByteSource::Rewind() {
  batch_ = 0;
  row_ = 0;
  text_.clear();
  position_ = 0;
  num_read_ = 0;
  return true;
}

}  // namespace rowmill
