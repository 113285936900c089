#include "data/arrow_type.h"

#include <charconv>
#include <optional>
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
    {"n", Kind::kNull},      {"b", Kind::kBool},      {"c", Kind::kInt8},
    {"C", Kind::kUint8},     {"s", Kind::kInt16},     {"S", Kind::kUint16},
    {"i", Kind::kInt32},     {"I", Kind::kUint32},    {"l", Kind::kInt64},
    {"L", Kind::kUint64},    {"f", Kind::kFloat32},   {"g", Kind::kFloat64},
    {"e", Kind::kFloat16},   {"+m", Kind::kMap},      {"u", Kind::kUtf8},
    {"U", Kind::kLargeUtf8}, {"vu", Kind::kUtf8View}, {"tdD", Kind::kDate32},
    {"tdm", Kind::kDate64},  {"+l", Kind::kList},     {"+L", Kind::kLargeList},
    {"+s", Kind::kStruct}};

// The letter of a unit: s, m, u, n. Nothing where it is none.
std::optional<int64_t> TicksPerSecond(char letter) {
  constexpr std::string_view kUnits = "smun";
  const size_t unit = kUnits.find(letter);
  if (unit == std::string_view::npos) return std::nullopt;
  int64_t ticks = 1;
  for (size_t i = 0; i < unit; ++i) ticks *= 1000;
  return ticks;
}

// "12,3" or "12,3,256": precision, scale, bits (128 where they are not said).
void ReadDecimal(std::string_view text, ArrowType& type) {
  std::vector<int64_t> numbers;
  const char* at = text.data();
  const char* end = at + text.size();
  while (true) {
    const auto [read, error] = std::from_chars(at, end, numbers.emplace_back());
    if (error != std::errc()) return;
    at = read;
    if (at == end) break;
    if (numbers.size() == 3 || *at++ != ',') return;
  }
  constexpr int64_t kMaxDigits = 76;  // of 256 bits
  if (numbers.size() < 2 || numbers[0] < 1 || numbers[0] > kMaxDigits || numbers[1] < -kMaxDigits ||
      numbers[1] > kMaxDigits) {
    return;
  }
  const int64_t bits = numbers.size() == 3 ? numbers[2] : 128;
  if (bits != 32 && bits != 64 && bits != 128 && bits != 256) return;
  type.kind = Kind::kDecimal;
  type.decimal_bytes = bits / 8;
  type.decimal_scale = numbers[1];
}

void ReadFormat(std::string_view format, ArrowType& type) {
  for (const Letters& letters : kPlainTypes) {
    if (format != letters.format) continue;
    type.kind = letters.kind;
    return;
  }
  const std::optional<int64_t> ticks =
      format.size() >= 3 ? TicksPerSecond(format[2]) : std::nullopt;
  if (format.starts_with("ts") && format.size() >= 4 && format[3] == ':') {
    if (!ticks) return;
    type.kind = Kind::kTimestamp;
    type.ticks_per_second = *ticks;
    type.is_utc = format.size() > 4;
  } else if ((format.starts_with("tt") || format.starts_with("tD")) && format.size() == 3) {
    if (!ticks) return;
    const bool is_narrow = *ticks <= 1000;
    type.kind = format[1] == 'D' ? Kind::kDuration : is_narrow ? Kind::kTime32 : Kind::kTime64;
    type.ticks_per_second = *ticks;
  } else if (format.starts_with("d:")) {
    ReadDecimal(format.substr(2), type);
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
  if (type.kind == Kind::kMap &&
      (type.children.size() != 1 || type.children[0].kind != Kind::kStruct ||
       type.children[0].children.size() != 2)) {
    throw DataError("the table's Arrow schema is broken: a map without keys and values");
  }
  if (schema.dictionary != nullptr) {
    type.dictionary.push_back(ReadType(*schema.dictionary, depth + 1));
    const bool is_index = type.kind >= Kind::kInt8 && type.kind <= Kind::kUint64;
    if (!is_index || !type.dictionary.front().is_writable()) type.kind = Kind::kOther;
  }
  return type;
}

}  // namespace

std::string ArrowTypeName(const ArrowType& type) {
  const std::string& format = type.format;
  for (const ArrowType& child : type.children) {
    if (!child.is_writable()) return "of " + ArrowTypeName(child);
  }
  for (const ArrowType& values : type.dictionary) {
    if (!values.is_writable()) return ArrowTypeName(values);
  }
  if (format == "z" || format == "Z" || format == "vz" || format.starts_with("w:")) return "binary";
  if (format.starts_with("ti")) return "interval";
  if (format.starts_with("+u")) return "union";
  return "Arrow type '" + format + "'";
}

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
