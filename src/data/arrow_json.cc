#include "data/arrow_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/error.h"
#include "base/float16.h"
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

// Of a second, as far as it is not zero.
void AppendFraction(int64_t ticks, int64_t ticks_per_second, std::string& out) {
  if (ticks == 0) return;
  out += '.';
  for (int64_t unit = ticks_per_second / 10; ticks != 0; unit /= 10) {
    out += static_cast<char>('0' + ticks / unit);
    ticks %= unit;
  }
}

// `seconds` and `ticks` since midnight.
void AppendClock(int64_t seconds, int64_t ticks, int64_t ticks_per_second, std::string& out) {
  fmt::format_to(std::back_inserter(out), "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
  AppendFraction(ticks, ticks_per_second, out);
}

void AppendTimestamp(const ArrowType& type, int64_t ticks, std::string& out) {
  const auto [seconds, fraction] = FloorDivide(ticks, type.ticks_per_second);
  const auto [days, second] = FloorDivide(seconds, kSecondsPerDay);
  out += '"';
  AppendDate(days, out);
  out += 'T';
  AppendClock(second, fraction, type.ticks_per_second, out);
  out += type.is_utc ? "Z\"" : "\"";
}

// Times outside of a day, which no producer should give, come round again.
void AppendTime(const ArrowType& type, int64_t ticks, std::string& out) {
  const auto [seconds, fraction] = FloorDivide(ticks, type.ticks_per_second);
  out += '"';
  AppendClock(FloorDivide(seconds, kSecondsPerDay).rest, fraction, type.ticks_per_second, out);
  out += '"';
}

void AppendDuration(const ArrowType& type, int64_t ticks, std::string& out) {
  // The rest of a division has the sign of what was divided, and its size fits.
  const int64_t seconds = ticks / type.ticks_per_second;
  const int64_t fraction = ticks % type.ticks_per_second;
  const uint64_t size =
      seconds < 0 ? uint64_t{0} - static_cast<uint64_t>(seconds) : static_cast<uint64_t>(seconds);
  fmt::format_to(std::back_inserter(out), "\"{}PT{}", ticks < 0 ? "-" : "", size);
  AppendFraction(fraction < 0 ? -fraction : fraction, type.ticks_per_second, out);
  out += "S\"";
}

// The digits of a whole number of up to 256 bits, little endian, in two's complement.
std::string DecimalDigits(const char* bytes, int64_t num_bytes, bool& is_negative) {
  constexpr uint64_t kBillion = 1'000'000'000;
  std::array<uint32_t, 8> words{};
  const auto num_words = static_cast<size_t>(num_bytes) / sizeof(uint32_t);
  std::memcpy(words.data(), bytes, static_cast<size_t>(num_bytes));
  is_negative = words[num_words - 1] >> 31 != 0;
  uint64_t carry = is_negative ? 1 : 0;
  for (size_t i = 0; is_negative && i < num_words; ++i) {
    carry += ~words[i];
    words[i] = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  std::string digits;  // the last one first
  while (std::any_of(words.begin(), words.end(), [](uint32_t word) { return word != 0; })) {
    uint64_t rest = 0;
    for (size_t i = num_words; i-- > 0;) {
      const uint64_t value = rest << 32 | words[i];
      words[i] = static_cast<uint32_t>(value / kBillion);
      rest = value % kBillion;
    }
    for (int i = 0; i < 9; ++i, rest /= 10) digits += static_cast<char>('0' + rest % 10);
  }
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  if (digits.empty()) digits = "0";
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// All digits of the scale, zeros at the end too: they say how exact the number is.
void AppendDecimal(const ArrowType& type, const ArrowArray& array, int64_t index,
                   std::string& out) {
  bool is_negative = false;
  std::string digits =
      DecimalDigits(static_cast<const char*>(array.buffers[1]) + index * type.decimal_bytes,
                    type.decimal_bytes, is_negative);
  if (type.decimal_scale > 0) {
    const auto scale = static_cast<size_t>(type.decimal_scale);
    if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
    digits.insert(digits.size() - scale, ".");
  } else if (digits != "0") {
    digits.append(static_cast<size_t>(-type.decimal_scale), '0');
  }
  if (is_negative) out += '-';
  out += digits;
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

bool IsText(const ArrowType& type) {
  const Kind kind = type.dictionary.empty() ? type.kind : type.dictionary.front().kind;
  return kind == Kind::kUtf8 || kind == Kind::kLargeUtf8 || kind == Kind::kUtf8View;
}

void AppendMap(const ArrowType& type, const ArrowArray& array, ValueRange range, std::string& out) {
  const ArrowType& entry = type.children.front();
  const ArrowArray& entries = *array.children[0];
  const bool is_object = IsText(entry.children[0]);
  out += is_object ? '{' : '[';
  for (int64_t i = range.begin; i < range.end; ++i) {
    if (i > range.begin) out += ',';
    if (!is_object) out += '[';
    const size_t key = out.size();
    AppendArrowJson(entry.children[0], *entries.children[0], entries.offset + i, out);
    // The specification has no null keys; a member must have a name all the same.
    if (is_object && out[key] != '"') out.replace(key, std::string::npos, "\"\"");
    out += is_object ? ':' : ',';
    AppendArrowJson(entry.children[1], *entries.children[1], entries.offset + i, out);
    if (!is_object) out += ']';
  }
  out += is_object ? '}' : ']';
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
    case Kind::kFloat16:
      return AppendJsonNumber(F16ToF32(ValueAt<uint16_t>(array, 1, at)), out);
    case Kind::kDecimal:
      return AppendDecimal(type, array, at, out);
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
    case Kind::kTime32:
      return AppendTime(type, ValueAt<int32_t>(array, 1, at), out);
    case Kind::kTime64:
      return AppendTime(type, ValueAt<int64_t>(array, 1, at), out);
    case Kind::kDuration:
      return AppendDuration(type, ValueAt<int64_t>(array, 1, at), out);
    case Kind::kTimestamp:
      return AppendTimestamp(type, ValueAt<int64_t>(array, 1, at), out);
    case Kind::kList:
      return AppendList(type, array,
                        {ValueAt<int32_t>(array, 1, at), ValueAt<int32_t>(array, 1, at + 1)}, out);
    case Kind::kMap:
      return AppendMap(type, array,
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
