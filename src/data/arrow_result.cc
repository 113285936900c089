#include "data/arrow_result.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "data/arrow_share.h"

namespace rowmill {
namespace {

ArrowSchema PlainSchema(const char* format, const char* name) {
  ArrowSchema schema{};
  schema.format = format;
  schema.name = name;
  schema.flags = ARROW_FLAG_NULLABLE;
  return schema;
}

class Exporter {
 public:
  explicit Exporter(std::shared_ptr<const ArrowResult> result) : result_(std::move(result)) {}

  void Schema(ArrowSchema* out) const {
    *out = PlainSchema("+s", "");
    out->flags = 0;
    const size_t num_input = NumInputColumns();
    // What others keep in a table's schema, such as the names of its splits, stays true of its
    // rows.
    if (num_input > 0) out->metadata = result_->input()->schema()->metadata;
    ArrowHolder<ArrowSchema>& holder =
        HoldArrow(out, result_, num_input + result_->columns().size());
    for (size_t i = 0; i < num_input; ++i) {
      const std::shared_ptr<const ArrowSchema>& schema = result_->input()->schema();
      ShareArrow(std::shared_ptr<const void>(schema), *schema->children[i], &holder.children[i]);
    }
    for (size_t i = 0; i < result_->columns().size(); ++i) {
      const ArrowColumn& column = result_->columns()[i];
      ArrowSchema& child = holder.children[num_input + i];
      child = PlainSchema(column.format(), column.name().c_str());
      const bool is_list = column.kind() == ArrowColumn::Kind::kFloats;
      ArrowHolder<ArrowSchema>& inner = HoldArrow(&child, result_, is_list ? 1 : 0);
      if (!is_list) continue;
      inner.children[0] = PlainSchema("f", "item");
      HoldArrow(&inner.children[0], result_, 0);
    }
  }

  // Leaves `out` released where there are no more batches.
  void Next(ArrowArray* out) {
    *out = {};
    if (result_->input() == nullptr) {
      if (next_++ == 0 && result_->num_rows() > 0) Fill({0, result_->num_rows()}, nullptr, out);
      return;
    }
    const std::vector<ArrowTable::Batch>& batches = result_->input()->batches();
    while (next_ < batches.size()) {
      const ArrowTable::Batch& batch = batches[next_++];
      const uint64_t first = result_->first_row();
      const uint64_t begin = std::max(batch.first_row, first);
      const uint64_t end =
          std::min(batch.first_row + batch.num_rows(), first + result_->num_rows());
      if (begin >= end) continue;
      return Fill({begin - first, end - begin}, &batch, out);
    }
  }

  std::string last_error;

 private:
  size_t NumInputColumns() const {
    const bool has_any = result_->input() != nullptr && result_->input()->schema() != nullptr;
    return has_any ? static_cast<size_t>(result_->input()->schema()->n_children) : 0;
  }

  void Fill(ArrowRows rows, const ArrowTable::Batch* batch, ArrowArray* out) const {
    out->length = static_cast<int64_t>(rows.count);
    const size_t num_input = batch == nullptr ? 0 : NumInputColumns();
    ArrowHolder<ArrowArray>& holder =
        HoldArrow(out, result_, num_input + result_->columns().size());
    holder.buffers = {nullptr};
    out->n_buffers = 1;
    out->buffers = holder.buffers.data();
    for (size_t i = 0; i < num_input; ++i) {
      const uint64_t skipped = result_->first_row() + rows.begin - batch->first_row;
      ShareArrowColumn(batch->array, i, {skipped, rows.count}, &holder.children[i]);
    }
    for (size_t i = 0; i < result_->columns().size(); ++i) {
      FillColumn(result_->columns()[i], rows, &holder.children[num_input + i]);
    }
  }

  void FillColumn(const ArrowColumn& column, ArrowRows rows, ArrowArray* out) const {
    const bool is_list = column.kind() == ArrowColumn::Kind::kFloats;
    ArrowHolder<ArrowArray>& holder = HoldArrow(out, result_, is_list ? 1 : 0);
    holder.buffers = column.Buffers();
    out->length = static_cast<int64_t>(rows.count);
    out->offset = static_cast<int64_t>(rows.begin);
    out->null_count = column.num_nulls() == 0 ? 0 : -1;
    out->n_buffers = static_cast<int64_t>(holder.buffers.size());
    out->buffers = holder.buffers.data();
    if (!is_list) return;
    ArrowArray& values = holder.children[0];
    ArrowHolder<ArrowArray>& inner = HoldArrow(&values, result_, 0);
    inner.buffers = {nullptr, column.floats().data()};
    values.length = static_cast<int64_t>(column.floats().size());
    values.n_buffers = 2;
    values.buffers = inner.buffers.data();
  }

  std::shared_ptr<const ArrowResult> result_;
  size_t next_ = 0;  // batch of the input
};

// Runs a callback of the stream; no exception may leave it.
template <typename Call>
int Guarded(ArrowArrayStream* stream, const Call& call) {
  auto& exporter = *static_cast<Exporter*>(stream->private_data);
  try {
    call(exporter);
    return 0;
  } catch (const std::exception& error) {
    exporter.last_error = error.what();
    return ENOMEM;
  }
}

// Where the text of the rows goes, of which there is none.
class Nowhere final : public ByteSink {
 public:
  void Write(std::span<const std::byte> bytes) override { CHECK(bytes.empty()); }
};
struct HasNowhere {
  Nowhere nowhere;
};

// The first base is there before the second, which takes a reference to it.
class ArrowSink final : private HasNowhere, public Sink {
 public:
  ArrowSink(OutputSchema schema, std::shared_ptr<ArrowResult> result)
      : Sink(std::move(schema), nowhere), result_(std::move(result)) {
    result_->SetColumns(this->schema());
  }

 protected:
  void AppendRow(const Record& record, const OutputRow& row, std::string& /*out*/) override {
    result_->Append(record, row);
  }

 private:
  std::shared_ptr<ArrowResult> result_;
};

}  // namespace

void ArrowResult::SetColumns(const OutputSchema& schema) {
  CHECK(columns_.empty());
  std::vector<std::string> taken;
  if (input_ != nullptr) {
    taken = input_->ColumnNames();
  } else {
    num_input_columns_ = schema.input_columns.size();
    for (const std::string& name : schema.input_columns) {
      columns_.emplace_back(name, CellKind::kText);
    }
  }
  const auto add = [&](std::string name, CellKind kind) {
    // The schema knows the columns that the text has; a table may have more.
    while (std::find(taken.begin(), taken.end(), name) != taken.end()) name = PrefixedColumn(name);
    columns_.emplace_back(std::move(name), kind);
  };
  for (size_t i = 0; i < schema.task_columns.size(); ++i) {
    const bool is_known = i < schema.task_kinds.size();
    add(schema.task_columns[i], is_known ? schema.task_kinds[i] : CellKind::kUndecided);
  }
  add(schema.status_column, CellKind::kText);
  add(schema.error_column, CellKind::kText);
}

void ArrowResult::Append(const Record& record, const OutputRow& row) {
  if (num_rows_ == 0) first_row_ = record.index;
  ++num_rows_;
  for (size_t i = 0; i < num_input_columns_; ++i) {
    const std::optional<FieldValue> field = record.Field(columns_[i].name());
    if (field && field->kind != FieldKind::kNull) {
      columns_[i].AppendText(field->text);
    } else {
      columns_[i].AppendNull();
    }
  }
  const size_t num_cells = columns_.size() - num_input_columns_ - 2;
  for (size_t i = 0; i < num_cells; ++i) {
    ArrowColumn& column = columns_[num_input_columns_ + i];
    if (row.cells.empty()) {
      column.AppendNull();
    } else {
      column.Append(row.cells[i]);
    }
  }
  columns_[columns_.size() - 2].AppendText(RowStatusName(row.status));
  columns_.back().AppendText(row.error);
}

std::unique_ptr<Sink> MakeArrowSink(OutputSchema schema, std::shared_ptr<ArrowResult> result) {
  return std::make_unique<ArrowSink>(std::move(schema), std::move(result));
}

void ExportArrowStream(std::shared_ptr<const ArrowResult> result, ArrowArrayStream* out) {
  *out = {};
  out->private_data = new Exporter(std::move(result));
  out->get_schema = [](ArrowArrayStream* stream, ArrowSchema* schema) {
    return Guarded(stream, [&](Exporter& exporter) { exporter.Schema(schema); });
  };
  out->get_next = [](ArrowArrayStream* stream, ArrowArray* array) {
    return Guarded(stream, [&](Exporter& exporter) { exporter.Next(array); });
  };
  out->get_last_error = [](ArrowArrayStream* stream) {
    return static_cast<const Exporter*>(stream->private_data)->last_error.c_str();
  };
  out->release = [](ArrowArrayStream* stream) {
    delete static_cast<Exporter*>(stream->private_data);
    stream->release = nullptr;
  };
}

}  // namespace rowmill
