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
    kFloat32,
    kFloat64,
    kUtf8,       // 32-bit offsets
    kLargeUtf8,  // 64-bit offsets
    kUtf8View,
    kDate32,         // days
    kDate64,         // milliseconds
    kTimestamp,      // 64 bits, `ticks_per_second`
    kList,           // 32-bit offsets, one child
    kLargeList,      // 64-bit offsets, one child
    kFixedSizeList,  // `list_size` values each, one child
    kStruct,
    kOther,  // cannot be written as JSON, nor can what contains it: `format` says what it is
  };

  Kind kind = Kind::kOther;
  std::string format;
  std::string name;
  int64_t ticks_per_second = 1;
  bool is_utc = false;  // of timestamps: the column has a time zone, its values are UTC
  int64_t list_size = 0;
  std::vector<ArrowType> children;
  std::vector<ArrowType> dictionary;  // one where the values are indices into values of that type

  // Whether values can be written as JSON.
  bool is_writable() const { return kind != Kind::kOther; }
};

// Throws DataError where the schema contradicts the specification, or is nested deeper than 32.
ArrowType ReadArrowType(const ArrowSchema& schema);

// Whether values of the two have the same layout and the same names.
bool SameArrowType(const ArrowType& a, const ArrowType& b);

}  // namespace rowmill
