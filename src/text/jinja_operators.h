// Python's binary operators on the values of a chat template. Integers are 64-bit: where Python
// would go on with a longer one, the template fails.
#pragma once

#include "text/jinja_ast.h"
#include "text/jinja_value.h"

namespace rowmill {

// + - * / // %. Throws JinjaFailure for other operators' types than Python has, for overflow and
// for a division by zero. The `%` of a str, which formats in Python, is not supported.
JinjaValue ApplyArithmetic(JinjaOperator operation, const JinjaValue& a, const JinjaValue& b,
                           JinjaBudget& budget);
// == != < <= > >= in, not in.
bool ApplyComparison(JinjaOperator operation, const JinjaValue& a, const JinjaValue& b,
                     JinjaBudget& budget);
JinjaValue Negate(const JinjaValue& value);
// Unary +.
JinjaValue Affirm(const JinjaValue& value);

// value[start:stop:step]; a bound that is null or None is missing.
JinjaValue ApplySlice(const JinjaValue& value, std::span<const JinjaValue* const> bounds,
                      JinjaBudget& budget);

}  // namespace rowmill
