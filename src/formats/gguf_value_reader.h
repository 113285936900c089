// Reads one GGUF metadata value. Keeps count of what the values of one file cost in memory, so that
// a small file cannot claim a large amount of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "formats/byte_cursor.h"
#include "formats/gguf.h"

namespace rowmill {

// Value type ids of the specification.
enum GgufValueType : uint32_t {
  kGgufUint8 = 0,
  kGgufInt8 = 1,
  kGgufUint16 = 2,
  kGgufInt16 = 3,
  kGgufUint32 = 4,
  kGgufInt32 = 5,
  kGgufFloat32 = 6,
  kGgufBool = 7,
  kGgufString = 8,
  kGgufArray = 9,
  kGgufUint64 = 10,
  kGgufInt64 = 11,
  kGgufFloat64 = 12,
};

class GgufValueReader {
 public:
  explicit GgufValueReader(ByteCursor& cursor) : cursor_(cursor) {}

  // Reads the value of `key` at the cursor. Throws ModelError.
  GgufValue Read(std::string_view key, uint32_t value_type);

 private:
  GgufArray ReadArray(std::string_view key);
  void CheckArraySize(std::string_view key, uint32_t element_type, uint64_t count, uint64_t at);
  bool ReadBool(std::string_view key);
  int64_t ReadInt(std::string_view key, uint32_t value_type);

  ByteCursor& cursor_;
  uint64_t num_narrow_elements_ = 0;  // of arrays of one- and two-byte types, over the whole file
};

}  // namespace rowmill
