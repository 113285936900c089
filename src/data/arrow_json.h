// Values of Arrow arrays as JSON: one number, string, list or object each.
//
//   utf8             a string; what is not UTF-8, and NUL, becomes U+FFFD
//   integers, bool   as they are; floats as the shortest text that reads back as the same value,
//                    null where they are not finite
//   date, timestamp  "2026-11-27", "2026-11-27T14:30:09.5": ISO 8601, with Z where the column has a
//                    time zone, the fraction as far as it is not zero
//   time, duration   "14:30:09.5", "PT3.5S"
//   decimal          a number with all its digits, "12.30" as 12.30
//   list, struct     arrays and objects; dictionary: the value itself
//   map              an object where the keys are text, else an array of [key, value]
#pragma once

#include <string>

#include "data/arrow_type.h"

namespace rowmill {

// Throws DataError where the array's buffers or children are not those that `type` has. Checks
// pointers and counts, not what they point to: that the producer vouches for.
void CheckArrowArray(const ArrowType& type, const ArrowArray& array);

// Appends value `index`, 0 <= index < array.length, of an array that was checked. `type` is
// writable.
void AppendArrowJson(const ArrowType& type, const ArrowArray& array, int64_t index,
                     std::string& out);

}  // namespace rowmill
