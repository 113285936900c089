// Checks one line of JSONL against RFC 8259 and finds the members of its object, without building a
// tree: values are passed on as their text, so nothing is gained by parsing them. Iterative; the
// nesting is a counted stack of bits. Linear in the line, except that the names of an object with
// more than a few members are sorted to find repeated ones.
//
// Stricter than the RFC where a later reader would guess: a repeated name at the top level, a
// number that neither a 64-bit integer nor a double can hold, and nesting beyond the limit are
// faults.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "data/record.h"

namespace rowmill {

struct JsonLimits {
  size_t max_depth = 64;  // of nested arrays and objects, the outer object counted; at most 64
  size_t max_members = 16'384;
};

// Scans `record.raw`, valid UTF-8, and fills the record: fields, is_object and the object's bounds,
// and `problem` where something is wrong. Escapes that stand for no character (lone surrogates,
// \u0000) are rewritten as \ufffd in place and set `repaired`.
void ScanJsonObject(Record& record, const JsonLimits& limits);

}  // namespace rowmill
