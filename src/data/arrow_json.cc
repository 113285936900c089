#include "data/arrow_json.h"

#include <fmt/format.h>

#include <cstring>
#include <iterator>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "data/json_text.h"

namespace rowmill {
namespace {

using Kind = ArrowType::Kind;

constexpr int64_t kSecondsPerDay = 86'400;

// Buffers that an array of the kind has; views have more.
int64_t NumBuffers(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return 0;
    case Kind::kStruct:
    case Kind::kFixedSizeList:
      return 1;
    case Kind::kUtf8:
    case Kind::kLargeUtf8:
    case Kind::kUtf8View:
      return 3;
    default:
      return 2;
  }
}

bool Bit(const void* bits, int64_t index) {
  const auto* bytes = static_cast<const uint8_t*>(bits);
  return (bytes[index >> 3] >> (index & 7) & 1) != 0;
}

template <typename T>
T ValueAt(const ArrowArray& array, size_t buffer, int64_t index) {
  T value;
  std::memcpy(
      &value,
      static_cast<const char*>(array.buffers[buffer]) + static_cast<size_t>(index) * sizeof(T),
      sizeof(T));
  return value;
}

// 32-bit or 64-bit offsets, as the large kinds have them.
template <typename Offset>
std::string_view TextAt(const ArrowArray& array, int64_t index) {
  const auto begin = static_cast<size_t>(ValueAt<Offset>(array, 1, index));
  const auto end = static_cast<size_t>(ValueAt<Offset>(array, 1, index + 1));
  return {static_cast<const char*>(array.buffers[2]) + begin, end - begin};
}

// Columnar format 1.4, "Variable-size Binary View Layout": 16 bytes each; a short text lies in
// them, a long one in the buffer whose number they hold.
std::string_view ViewAt(const ArrowArray& array, int64_t index) {
  constexpr size_t kViewBytes = 16;
  constexpr int32_t kMaxInline = 12;
  const char* view =
      static_cast<const char*>(array.buffers[1]) + static_cast<size_t>(index) * kViewBytes;
  int32_t size = 0;
  std::memcpy(&size, view, sizeof size);
  if (size <= kMaxInline) return {view + 4, static_cast<size_t>(size)};
  int32_t buffer = 0;
  int32_t offset = 0;
  std::memcpy(&buffer, view + 8, sizeof buffer);
  std::memcpy(&offset, view + 12, sizeof offset);
  return {static_cast<const char*>(array.buffers[2 + buffer]) + offset, static_cast<size_t>(size)};
}

// Days since 1970-01-01 to the proleptic Gregorian calendar: Hinnant, "chrono-Compatible Low-Level
// Date Algorithms", civil_from_days.
void AppendDate(int64_t days, std::string& out) {
  const int64_t z = days + 719'468;
  const int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const int64_t day_of_era = z - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  fmt::format_to(std::back_inserter(out), "{:04}-{:02}-{:02}", year, month, day);
}

// Rounded down, and what is left over. Not a - quotient * b, which overflows near the lowest
// number.
struct Division {
  int64_t quotient;
  int64_t rest;  // [0, b)
};
Division FloorDivide(int64_t a, int64_t b) {
  const bool is_below = a % b < 0;
  return {a / b - (is_below ? 1 : 0), a % b + (is_below ? b : 0)};
}

void AppendTimestamp(const ArrowType& type, int64_t ticks, std::string& out) {
  auto [seconds, fraction] = FloorDivide(ticks, type.ticks_per_second);
  const auto [days, second] = FloorDivide(seconds, kSecondsPerDay);
  out += '"';
  AppendDate(days, out);
  fmt::format_to(std::back_inserter(out), "T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60,
                 second % 60);
  if (fraction != 0) {
    out += '.';
    for (int64_t unit = type.ticks_per_second / 10; fraction != 0; unit /= 10) {
      out += static_cast<char>('0' + fraction / unit);
      fraction %= unit;
    }
  }
  out += type.is_utc ? "Z\"" : "\"";
}

void AppendDay(int64_t days, std::string& out) {
  out += '"';
  AppendDate(days, out);
  out += '"';
}

void AppendWhole(auto value, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}

int64_t IndexAt(Kind kind, const ArrowArray& array, int64_t index) {
  switch (kind) {
    case Kind::kInt8:
      return ValueAt<int8_t>(array, 1, index);
    case Kind::kUint8:
      return ValueAt<uint8_t>(array, 1, index);
    case Kind::kInt16:
      return ValueAt<int16_t>(array, 1, index);
    case Kind::kUint16:
      return ValueAt<uint16_t>(array, 1, index);
    case Kind::kInt32:
      return ValueAt<int32_t>(array, 1, index);
    case Kind::kUint32:
      return ValueAt<uint32_t>(array, 1, index);
    default:
      return ValueAt<int64_t>(array, 1, index);
  }
}

struct ValueRange {
  int64_t begin;
  int64_t end;
};

void AppendList(const ArrowType& type, const ArrowArray& array, ValueRange range,
                std::string& out) {
  out += '[';
  for (int64_t i = range.begin; i < range.end; ++i) {
    if (i > range.begin) out += ',';
    AppendArrowJson(type.children.front(), *array.children[0], i, out);
  }
  out += ']';
}

void AppendStruct(const ArrowType& type, const ArrowArray& array, int64_t index, std::string& out) {
  out += '{';
  for (size_t i = 0; i < type.children.size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonString(type.children[i].name, out);
    out += ':';
    AppendArrowJson(type.children[i], *array.children[i], index, out);
  }
  out += '}';
}

}  // namespace

void CheckArrowArray(const ArrowType& type, const ArrowArray& array) {
  if (!type.is_writable()) return;  // Its values are not looked at.
  const bool is_sound = array.length >= 0 && array.offset >= 0 &&
                        array.n_children == static_cast<int64_t>(type.children.size()) &&
                        array.n_buffers >= NumBuffers(type.kind) &&
                        (array.dictionary != nullptr) == !type.dictionary.empty();
  if (!is_sound) {
    throw DataError("the table's column '" + type.name +
                    "' is not laid out as an Arrow array of its type");
  }
  for (size_t i = 0; i < type.children.size(); ++i) {
    CheckArrowArray(type.children[i], *array.children[i]);
  }
  if (array.dictionary != nullptr) CheckArrowArray(type.dictionary.front(), *array.dictionary);
}

void AppendArrowJson(const ArrowType& type, const ArrowArray& array, int64_t index,
                     std::string& out) {
  const int64_t at = array.offset + index;
  const bool is_null =
      type.kind == Kind::kNull || (array.n_buffers > 0 && array.buffers[0] != nullptr &&
                                   array.null_count != 0 && !Bit(array.buffers[0], at));
  if (is_null) {
    out += "null";
    return;
  }
  if (array.dictionary != nullptr) {
    AppendArrowJson(type.dictionary.front(), *array.dictionary, IndexAt(type.kind, array, at), out);
    return;
  }
  switch (type.kind) {
    case Kind::kBool:
      out += Bit(array.buffers[1], at) ? "true" : "false";
      return;
    case Kind::kInt8:
    case Kind::kUint8:
    case Kind::kInt16:
    case Kind::kUint16:
    case Kind::kInt32:
    case Kind::kUint32:
    case Kind::kInt64:
      return AppendWhole(IndexAt(type.kind, array, at), out);
    case Kind::kUint64:
      return AppendWhole(ValueAt<uint64_t>(array, 1, at), out);
    case Kind::kFloat32:
      return AppendJsonNumber(ValueAt<float>(array, 1, at), out);
    case Kind::kFloat64:
      return AppendJsonNumber(ValueAt<double>(array, 1, at), out);
    case Kind::kUtf8:
      return AppendJsonString(TextAt<int32_t>(array, at), out);
    case Kind::kLargeUtf8:
      return AppendJsonString(TextAt<int64_t>(array, at), out);
    case Kind::kUtf8View:
      return AppendJsonString(ViewAt(array, at), out);
    case Kind::kDate32:
      return AppendDay(ValueAt<int32_t>(array, 1, at), out);
    case Kind::kDate64:
      return AppendDay(FloorDivide(ValueAt<int64_t>(array, 1, at), kSecondsPerDay * 1000).quotient,
                       out);
    case Kind::kTimestamp:
      return AppendTimestamp(type, ValueAt<int64_t>(array, 1, at), out);
    case Kind::kList:
      return AppendList(type, array,
                        {ValueAt<int32_t>(array, 1, at), ValueAt<int32_t>(array, 1, at + 1)}, out);
    case Kind::kLargeList:
      return AppendList(type, array,
                        {ValueAt<int64_t>(array, 1, at), ValueAt<int64_t>(array, 1, at + 1)}, out);
    case Kind::kFixedSizeList:
      return AppendList(type, array, {at * type.list_size, (at + 1) * type.list_size}, out);
    case Kind::kStruct:
      return AppendStruct(type, array, at, out);
    case Kind::kNull:
    case Kind::kOther:
      break;
  }
  CHECK(type.is_writable());
}

}  // namespace rowmill
