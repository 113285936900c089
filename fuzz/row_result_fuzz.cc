// Fuzzes the results of rows as the journal holds them: any bytes are refused with DataError or are
// exactly what Serialize makes of what they mean.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "base/error.h"
#include "tasks/row_result.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data),
                                     reinterpret_cast<const std::byte*>(data) + size);
  try {
    if (rowmill::Serialize(rowmill::ParseRowResult(bytes)) != bytes) std::abort();
  } catch (const rowmill::DataError&) {
  }
  return 0;
}
