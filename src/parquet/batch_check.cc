#include "parquet/batch_check.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <memory>
#include <vector>

namespace rowmill::parquet_module {
namespace {

using arrow::ArrayData;
using arrow::Status;
using arrow::Type;

// What lies below a node is checked on its own; here only its length counts.
std::shared_ptr<ArrayData> OnlyLength(const ArrayData& data) {
  return ArrayData::Make(arrow::null(), data.offset + data.length, {nullptr},
                         data.offset + data.length);
}

// ArrayData::ValidateFull() refuses text that is not UTF-8, and looks at all that lies below. So
// each node is checked as one of the same layout: texts as bytes, children as nulls.
Status CheckNode(const ArrayData& data) {
  const std::shared_ptr<ArrayData> node = data.Copy();
  const arrow::DataType* type = data.type.get();
  if (type->id() == Type::EXTENSION) {
    node->type = static_cast<const arrow::ExtensionType*>(type)->storage_type();
    type = node->type.get();
  }
  switch (type->id()) {
    case Type::STRING:
      node->type = arrow::binary();
      break;
    case Type::LARGE_STRING:
      node->type = arrow::large_binary();
      break;
    case Type::STRING_VIEW:
      node->type = arrow::binary_view();
      break;
    case Type::LIST:
    case Type::MAP:
      node->type = arrow::list(arrow::null());
      node->child_data = {OnlyLength(*data.child_data.at(0))};
      break;
    case Type::LARGE_LIST:
      node->type = arrow::large_list(arrow::null());
      node->child_data = {OnlyLength(*data.child_data.at(0))};
      break;
    case Type::DICTIONARY: {
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
      node->type = arrow::dictionary(dictionary.index_type(), arrow::null());
      node->dictionary = OnlyLength(*data.dictionary);
      break;
    }
    case Type::STRUCT:
    case Type::FIXED_SIZE_LIST:
    case Type::DECIMAL128:
    case Type::DECIMAL256:
      return arrow::MakeArray(node)->Validate();
    default:
      break;
  }
  return arrow::MakeArray(node)->ValidateFull();
}

}  // namespace

Status CheckValues(const arrow::RecordBatch& batch) {
  ARROW_RETURN_NOT_OK(batch.Validate());
  std::vector<std::shared_ptr<ArrayData>> open = batch.column_data();
  while (!open.empty()) {
    const std::shared_ptr<ArrayData> data = open.back();
    open.pop_back();
    ARROW_RETURN_NOT_OK(CheckNode(*data));
    open.insert(open.end(), data->child_data.begin(), data->child_data.end());
    if (data->dictionary != nullptr) open.push_back(data->dictionary);
  }
  return Status::OK();
}

}  // namespace rowmill::parquet_module
