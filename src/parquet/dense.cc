#include "parquet/dense.h"

#include <arrow/api.h>
#include <arrow/ipc/writer.h>

#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"

namespace rowmill::parquet_module {
namespace {

using arrow::ArrayData;
using arrow::DataType;
using arrow::Field;
using arrow::Result;
using arrow::Type;

// Types nest no deeper than the program allows (data/arrow_type.h), and so do these two.
std::shared_ptr<DataType> DenseType(const std::shared_ptr<DataType>& type) {
  if (type->id() == Type::DICTIONARY) {
    return DenseType(static_cast<const arrow::DictionaryType&>(*type).value_type());
  }
  const auto field = [&](int i) {
    return type->field(i)->WithType(DenseType(type->field(i)->type()));
  };
  switch (type->id()) {
    case Type::LIST:
      return arrow::list(field(0));
    case Type::LARGE_LIST:
      return arrow::large_list(field(0));
    case Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(
          field(0), static_cast<const arrow::FixedSizeListType&>(*type).list_size());
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      return std::make_shared<arrow::MapType>(
          map.key_field()->WithType(DenseType(map.key_type())),
          map.item_field()->WithType(DenseType(map.item_type())), map.keys_sorted());
    }
    case Type::STRUCT: {
      std::vector<std::shared_ptr<Field>> fields;
      for (int i = 0; i < type->num_fields(); ++i) fields.push_back(field(i));
      return arrow::struct_(std::move(fields));
    }
    default:
      return type;
  }
}

Result<std::shared_ptr<ArrayData>> ValuesOf(const ArrayData& data) {
  const arrow::DictionaryArray array(data.Copy());
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<arrow::ArrayBuilder> builder,
                        arrow::MakeBuilder(array.dictionary()->type()));
  const arrow::ArraySpan values(*array.dictionary()->data());
  for (int64_t i = 0; i < array.length(); ++i) {
    ARROW_RETURN_NOT_OK(array.IsNull(i)
                            ? builder->AppendNull()
                            : builder->AppendArraySlice(values, array.GetValueIndex(i), 1));
  }
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Array> made, builder->Finish());
  return made->data();
}

Result<std::shared_ptr<ArrayData>> DenseData(const std::shared_ptr<ArrayData>& data) {
  const std::shared_ptr<DataType> type = DenseType(data->type);
  if (type->Equals(*data->type)) return data;
  if (data->type->id() == Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<ArrayData> values, ValuesOf(*data));
    return DenseData(values);
  }
  const std::shared_ptr<ArrayData> dense = data->Copy();
  dense->type = type;
  for (std::shared_ptr<ArrayData>& child : dense->child_data) {
    ARROW_ASSIGN_OR_RAISE(child, DenseData(child));
  }
  return dense;
}

}  // namespace

Result<std::shared_ptr<arrow::Schema>> DenseSchema(const arrow::Schema& schema) {
  std::vector<std::shared_ptr<Field>> fields;
  for (const std::shared_ptr<Field>& field : schema.fields()) {
    fields.push_back(field->WithType(DenseType(field->type())));
  }
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::Buffer> written,
                        arrow::ipc::SerializeSchema(schema));
  const std::shared_ptr<arrow::KeyValueMetadata> metadata =
      schema.metadata() == nullptr ? std::make_shared<arrow::KeyValueMetadata>()
                                   : schema.metadata()->Copy();
  std::string text;
  AppendBase64(
      {reinterpret_cast<const std::byte*>(written->data()), static_cast<size_t>(written->size())},
      text);
  metadata->Append("ARROW:schema", text);
  return arrow::schema(std::move(fields), metadata);
}

Result<std::shared_ptr<arrow::RecordBatch>> DenseBatch(const arrow::RecordBatch& batch) {
  std::vector<std::shared_ptr<Field>> fields;
  std::vector<std::shared_ptr<ArrayData>> columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    const std::shared_ptr<Field>& field = batch.schema()->field(i);
    fields.push_back(field->WithType(DenseType(field->type())));
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), DenseData(batch.column_data(i)));
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch.num_rows(),
                                  std::move(columns));
}

}  // namespace rowmill::parquet_module
