// A row's outcome, from the moment it is decided until it is written: the row contract's status and
// error (data/output_row.h), and what the decoder found. Serialised into the journal; turned into
// output columns by the task.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/output_row.h"
#include "decode/decode_spec.h"

namespace rowmill {

inline std::string_view Name(RowStatus status) { return RowStatusName(status); }
// "scored", "end", "stop", "max_tokens", "context".
std::string_view Name(FinishReason reason);

struct RowResult {
  RowStatus status = RowStatus::kOk;
  std::string error;  // empty where fine; never quotes the row
  uint32_t prompt_tokens = 0;
  uint32_t generated_tokens = 0;
  DecodeResult decoded;  // empty unless status is kOk or kTruncated
};

// The result that says how the row as a whole fares: of the results of its inputs the first of the
// worst status, where failing is worse than not having been run, and that worse than having been
// cut. `results` is not empty.
const RowResult& DecidingResult(std::span<const RowResult> results);

// Little-endian, self-delimiting, no padding. Parse throws DataError on bytes that Serialize cannot
// have made.
std::vector<std::byte> Serialize(const RowResult& result);
RowResult ParseRowResult(std::span<const std::byte> bytes);

}  // namespace rowmill
