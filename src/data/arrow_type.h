// What an Arrow type is to us: how its values are written as JSON. Read from the format letters of
// the C data interface (arrow_abi.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/arrow_abi.h"

namespace rowmill {

struct ArrowType {
  enum class Kind : uint8_t {
    kNull,
    kBool,
    kInt8,
    kUint8,
    kInt16,
    kUint16,
    kInt32,
    kUint32,
    kInt64,
    kUint64,
    kFloat16,
    kFloat32,
    kFloat64,
    kDecimal,    // `decimal_bytes` wide, `decimal_scale` digits behind the point
    kUtf8,       // 32-bit offsets
    kLargeUtf8,  // 64-bit offsets
    kUtf8View,
    kDate32,         // days
    kDate64,         // milliseconds
    kTime32,         // since midnight, `ticks_per_second`
    kTime64,         // the same
    kTimestamp,      // 64 bits, `ticks_per_second`
    kDuration,       // the same
    kList,           // 32-bit offsets, one child
    kLargeList,      // 64-bit offsets, one child
    kFixedSizeList,  // `list_size` values each, one child
    kStruct,
    kMap,    // 32-bit offsets, one child: a struct of key and value
    kOther,  // cannot be written as JSON, nor can what contains it: `format` says what it is
  };

  Kind kind = Kind::kOther;
  std::string format;
  std::string name;
  int64_t ticks_per_second = 1;
  int64_t decimal_bytes = 0;
  int64_t decimal_scale = 0;  // may be negative: zeros before the point
  bool is_utc = false;        // of timestamps: the column has a time zone, its values are UTC
  int64_t list_size = 0;
  std::vector<ArrowType> children;
  std::vector<ArrowType> dictionary;  // one where the values are indices into values of that type

  // Whether values can be written as JSON.
  bool is_writable() const { return kind != Kind::kOther; }
};

// What people call a type that is not writable, such as "binary"; its format where we have no word.
std::string ArrowTypeName(const ArrowType& type);

// Throws DataError where the schema contradicts the specification, or is nested deeper than 32.
ArrowType ReadArrowType(const ArrowSchema& schema);

// Whether values of the two have the same layout and the same names.
bool SameArrowType(const ArrowType& a, const ArrowType& b);

}  // namespace rowmill
