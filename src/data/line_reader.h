// Splits a stream into lines that end with LF; what comes before it, CR included, is the line.
// Lines beyond the limit are passed over without being held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "data/input_stream.h"

namespace rowmill {

struct LineState {
  uint64_t offset = 0;         // of its first byte
  bool is_terminated = false;  // by LF; false for a last line without one
  bool is_too_long = false;    // `line` is empty then
};

// Reads the next line into `line`. False at the end of the stream; where damage ends it, the piece
// of a line before the damage is no line. The line end does not count towards `max_bytes`.
bool ReadLine(InputStream& stream, size_t max_bytes, std::string& line, LineState& state);

}  // namespace rowmill
