#include "formats/gguf_value_reader.h"

#include <cstdint>
#include <string>

#include "base/check.h"
#include "formats/error_text.h"

namespace rowmill {
namespace {

constexpr std::string_view kWhat = "metadata value";
constexpr uint64_t kMaxArrayElements = uint64_t{4} << 20;
constexpr uint64_t kMaxNarrowElements = uint64_t{4} << 20;

// The fewest bytes that a value of this type takes; 0 for an id that does not exist.
uint64_t MinBytes(uint32_t value_type) {
  switch (value_type) {
    case kGgufUint8:
    case kGgufInt8:
    case kGgufBool:
      return 1;
    case kGgufUint16:
    case kGgufInt16:
      return 2;
    case kGgufUint32:
    case kGgufInt32:
    case kGgufFloat32:
      return 4;
    case kGgufUint64:
    case kGgufInt64:
    case kGgufFloat64:
    case kGgufString:
      return 8;  // A string's length field.
    case kGgufArray:
      return 12;
    default:
      return 0;
  }
}

}  // namespace

GgufValue GgufValueReader::Read(std::string_view key, uint32_t value_type) {
  switch (value_type) {
    case kGgufFloat32:
      return double{cursor_.Read<float>(kWhat)};
    case kGgufFloat64:
      return cursor_.Read<double>(kWhat);
    case kGgufBool:
      return ReadBool(key);
    case kGgufString:
      return cursor_.ReadString(kWhat);
    case kGgufArray:
      return ReadArray(key);
    case kGgufUint64: {
      const auto value = cursor_.Read<uint64_t>(kWhat);
      if (value > INT64_MAX) return value;
      return static_cast<int64_t>(value);
    }
    default:
      return ReadInt(key, value_type);
  }
}

bool GgufValueReader::ReadBool(std::string_view key) {
  const uint64_t at = cursor_.offset();
  const auto value = cursor_.Read<uint8_t>(kWhat);
  if (value > 1) {
    cursor_.Fail("metadata key " + Quoted(key) + " has a bool of value " + std::to_string(value),
                 at);
  }
  return value == 1;
}

int64_t GgufValueReader::ReadInt(std::string_view key, uint32_t value_type) {
  const uint64_t at = cursor_.offset();
  switch (value_type) {
    case kGgufUint8:
      return cursor_.Read<uint8_t>(kWhat);
    case kGgufInt8:
      return cursor_.Read<int8_t>(kWhat);
    case kGgufUint16:
      return cursor_.Read<uint16_t>(kWhat);
    case kGgufInt16:
      return cursor_.Read<int16_t>(kWhat);
    case kGgufUint32:
      return cursor_.Read<uint32_t>(kWhat);
    case kGgufInt32:
      return cursor_.Read<int32_t>(kWhat);
    case kGgufInt64:
      return cursor_.Read<int64_t>(kWhat);
    case kGgufUint64: {
      const auto value = cursor_.Read<uint64_t>(kWhat);
      if (value > INT64_MAX) {
        cursor_.Fail("metadata key " + Quoted(key) + " has an array element beyond 2^63", at);
      }
      return static_cast<int64_t>(value);
    }
    default:
      cursor_.Fail("metadata key " + Quoted(key) + " has the unknown value type " +
                       std::to_string(value_type),
                   at);
  }
}

void GgufValueReader::CheckArraySize(std::string_view key, uint32_t element_type, uint64_t count,
                                     uint64_t at) {
  const uint64_t min_bytes = MinBytes(element_type);
  if (min_bytes == 0) {
    cursor_.Fail("metadata key " + Quoted(key) + " is an array of the unknown value type " +
                     std::to_string(element_type),
                 at);
  }
  if (element_type == kGgufArray) {
    cursor_.Fail("metadata key " + Quoted(key) + " is an array of arrays, which is not supported",
                 at);
  }
  if (count > cursor_.remaining() / min_bytes) {
    cursor_.Fail("metadata key " + Quoted(key) + " is an array of " + std::to_string(count) +
                     " elements, more than the rest of the file can hold",
                 at);
  }
  if (min_bytes <= 2) num_narrow_elements_ += count;
  if (count > kMaxArrayElements || num_narrow_elements_ > kMaxNarrowElements) {
    cursor_.Fail("metadata key " + Quoted(key) + " is an array of " + std::to_string(count) +
                     " elements; the limit is " + std::to_string(kMaxArrayElements) +
                     " each, and as many in all for types of one or two bytes",
                 at);
  }
}

GgufArray GgufValueReader::ReadArray(std::string_view key) {
  const uint64_t at = cursor_.offset();
  GgufArray array;
  array.element_type = cursor_.Read<uint32_t>("array element type");
  const auto count = cursor_.Read<uint64_t>("array length");
  CheckArraySize(key, array.element_type, count, at);
  if (array.element_type == kGgufString) {
    auto& strings = array.values.emplace<std::vector<std::string_view>>();
    strings.reserve(count);
    for (uint64_t i = 0; i < count; ++i) strings.push_back(cursor_.ReadString("array element"));
  } else if (array.element_type == kGgufFloat32 || array.element_type == kGgufFloat64) {
    auto& floats = array.values.emplace<std::vector<double>>();
    floats.reserve(count);
    const bool is_single = array.element_type == kGgufFloat32;
    for (uint64_t i = 0; i < count; ++i) {
      floats.push_back(is_single ? double{cursor_.Read<float>(kWhat)}
                                 : cursor_.Read<double>(kWhat));
    }
  } else {
    auto& ints = array.values.emplace<std::vector<int64_t>>();
    ints.reserve(count);
    const bool is_bool = array.element_type == kGgufBool;
    for (uint64_t i = 0; i < count; ++i) {
      ints.push_back(is_bool ? int64_t{ReadBool(key)} : ReadInt(key, array.element_type));
    }
  }
  return array;
}

}  // namespace rowmill
