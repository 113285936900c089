// A table as Arrow record batches, taken over from whoever made it and kept without copying; and
// the same rows as the text of a JSONL file, so that all that reads rows reads them.
//
// What it is not: it computes nothing on columns. Columns whose type JSON cannot say (arrow_json.h)
// are left out of the text, and pass through to the output all the same (arrow_result.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/arrow_abi.h"
#include "data/arrow_type.h"
#include "data/byte_source.h"

namespace rowmill {

// A struct of the C interface, released with its last user.
std::shared_ptr<const ArrowSchema> TakeArrowSchema(ArrowSchema* schema);
std::shared_ptr<const ArrowArray> TakeArrowArray(ArrowArray* array);

class ArrowTable {
 public:
  struct Batch {
    std::shared_ptr<const ArrowArray> array;  // a struct: a child for each column
    uint64_t first_row = 0;
    uint64_t num_rows() const { return static_cast<uint64_t>(array->length); }
  };

  ArrowTable() = default;
  // Without rows, but with their schema, which is taken over. Throws as AddStream does.
  explicit ArrowTable(ArrowSchema* schema) { TakeSchema(schema); }
  // The table of one batch, which is taken over, as part of a larger one: it begins with row
  // `first_row` of that. For tables that are read a piece at a time.
  std::shared_ptr<const ArrowTable> Piece(ArrowArray* batch, uint64_t first_row) const;

  // Appends all batches of a stream, or one batch, and takes them over; the structs given are
  // released. All must have the columns of the first. Throws DataError where they have not, where
  // the stream fails, or where what comes is no table.
  void AddStream(ArrowArrayStream* stream);
  void AddBatch(ArrowSchema* schema, ArrowArray* array);

  uint64_t num_rows() const { return num_rows_; }
  const std::vector<Batch>& batches() const { return batches_; }
  // Null before the first AddStream or AddBatch.
  const std::shared_ptr<const ArrowSchema>& schema() const { return schema_; }
  const ArrowType& type() const { return type_; }
  std::vector<std::string> ColumnNames() const;
  // Those that AppendRow writes.
  std::vector<std::string> WritableColumns() const;
  // "name (binary)" of those that are left out of AppendRow.
  std::vector<std::string> UnwritableColumns() const;

  // Appends a row of a batch as one JSON object.
  void AppendRow(const Batch& batch, int64_t row, std::string& out) const;

 private:
  void TakeSchema(ArrowSchema* schema);
  void TakeBatch(ArrowArray* array);

  std::shared_ptr<const ArrowSchema> schema_;
  ArrowType type_;
  std::vector<std::string> keys_;  // [columns], as they stand in the text, with quotes and colon
  std::vector<Batch> batches_;
  uint64_t num_rows_ = 0;
};

// The rows as JSON Lines.
class ArrowByteSource final : public ByteSource {
 public:
  explicit ArrowByteSource(std::shared_ptr<const ArrowTable> table) : table_(std::move(table)) {}
  size_t Read(std::span<std::byte> out) override;
  bool Rewind() override;
  ReadProgress progress() const override { return {num_read_, std::nullopt}; }

 private:
  void FillText();

  std::shared_ptr<const ArrowTable> table_;
  size_t batch_ = 0;
  int64_t row_ = 0;   // of the batch
  std::string text_;  // whole lines
  size_t position_ = 0;
  uint64_t num_read_ = 0;
};

}  // namespace rowmill
