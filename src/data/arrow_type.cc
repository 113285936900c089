#include "data/arrow_type.h"

#include <charconv>
#include <string_view>

#include "base/error.h"

namespace rowmill {
namespace {

using Kind = ArrowType::Kind;
// Bounds the recursion over types; values nest no deeper than their type.
constexpr int kMaxDepth = 32;

struct Letters {
  std::string_view format;
  Kind kind;
};
constexpr Letters kPlainTypes[] = {
    {"n", Kind::kNull},       {"b", Kind::kBool},      {"c", Kind::kInt8},
    {"C", Kind::kUint8},      {"s", Kind::kInt16},     {"S", Kind::kUint16},
    {"i", Kind::kInt32},      {"I", Kind::kUint32},    {"l", Kind::kInt64},
    {"L", Kind::kUint64},     {"f", Kind::kFloat32},   {"g", Kind::kFloat64},
    {"u", Kind::kUtf8},       {"U", Kind::kLargeUtf8}, {"vu", Kind::kUtf8View},
    {"tdD", Kind::kDate32},   {"tdm", Kind::kDate64},  {"+l", Kind::kList},
    {"+L", Kind::kLargeList}, {"+s", Kind::kStruct}};

void ReadFormat(std::string_view format, ArrowType& type) {
  for (const Letters& letters : kPlainTypes) {
    if (format != letters.format) continue;
    type.kind = letters.kind;
    return;
  }
  if (format.starts_with("ts") && format.size() >= 4 && format[3] == ':') {
    constexpr std::string_view kUnits = "smun";
    const size_t unit = kUnits.find(format[2]);
    if (unit == std::string_view::npos) return;
    type.kind = Kind::kTimestamp;
    for (size_t i = 0; i < unit; ++i) type.ticks_per_second *= 1000;
    type.is_utc = format.size() > 4;
  } else if (format.starts_with("+w:")) {
    const char* end = format.data() + format.size();
    const auto [read, error] = std::from_chars(format.data() + 3, end, type.list_size);
    if (error != std::errc() || read != end || type.list_size < 0) return;
    type.kind = Kind::kFixedSizeList;
  }
}

ArrowType ReadType(const ArrowSchema& schema, int depth) {
  if (schema.format == nullptr || schema.release == nullptr || schema.n_children < 0) {
    throw DataError("the table's Arrow schema is broken: a type without its format");
  }
  if (depth > kMaxDepth) {
    throw DataError("the table has a column that is nested deeper than " +
                    std::to_string(kMaxDepth) + " levels");
  }
  ArrowType type;
  type.format = schema.format;
  if (schema.name != nullptr) type.name = schema.name;
  ReadFormat(type.format, type);
  for (int64_t i = 0; i < schema.n_children; ++i) {
    type.children.push_back(ReadType(*schema.children[i], depth + 1));
    if (depth > 0 && !type.children.back().is_writable()) type.kind = Kind::kOther;
  }
  const bool is_list = type.kind == Kind::kList || type.kind == Kind::kLargeList ||
                       type.kind == Kind::kFixedSizeList;
  if (is_list && type.children.size() != 1) {
    throw DataError("the table's Arrow schema is broken: a list without the type of its values");
  }
  if (schema.dictionary != nullptr) {
    type.dictionary.push_back(ReadType(*schema.dictionary, depth + 1));
    const bool is_index = type.kind >= Kind::kInt8 && type.kind <= Kind::kUint64;
    if (!is_index || !type.dictionary.front().is_writable()) type.kind = Kind::kOther;
  }
  return type;
}

}  // namespace

ArrowType ReadArrowType(const ArrowSchema& schema) { return ReadType(schema, 0); }

bool SameArrowType(const ArrowType& a, const ArrowType& b) {
  const auto same = [](const std::vector<ArrowType>& x, const std::vector<ArrowType>& y) {
    if (x.size() != y.size()) return false;
    for (size_t i = 0; i < x.size(); ++i) {
      if (!SameArrowType(x[i], y[i])) return false;
    }
    return true;
  };
  return a.format == b.format && a.name == b.name && same(a.children, b.children) &&
         same(a.dictionary, b.dictionary);
}

}  // namespace rowmill
