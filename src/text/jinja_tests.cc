// What stands after `is`, and what select, selectattr and their opposites apply to each element.
#include "text/jinja_builtin.h"

namespace rowmill {
namespace {

JinjaValue IsDefined(const JinjaCall& call) { return !call.self.IsUndefined(); }
JinjaValue IsUndefined(const JinjaCall& call) { return call.self.IsUndefined(); }
JinjaValue IsNone(const JinjaCall& call) { return call.self.IsNone(); }
JinjaValue IsBoolean(const JinjaCall& call) { return call.self.AsBool() != nullptr; }
JinjaValue IsInteger(const JinjaCall& call) { return call.self.AsInt() != nullptr; }
JinjaValue IsFloat(const JinjaCall& call) { return call.self.AsFloat() != nullptr; }
JinjaValue IsString(const JinjaCall& call) { return call.self.AsText() != nullptr; }
JinjaValue IsMapping(const JinjaCall& call) { return call.self.AsDict() != nullptr; }
// Jinja's undefined object can be called, to say that it is undefined.
JinjaValue IsCallable(const JinjaCall& call) {
  return call.self.AsFunction() != nullptr || call.self.IsUndefined();
}
JinjaValue IsExactlyTrue(const JinjaCall& call) {
  return call.self.AsBool() != nullptr && *call.self.AsBool();
}
JinjaValue IsExactlyFalse(const JinjaCall& call) {
  return call.self.AsBool() != nullptr && !*call.self.AsBool();
}
JinjaValue IsNumber(const JinjaCall& call) {
  const JinjaValue& self = call.self;  // Python's bool is a number
  return self.AsBool() != nullptr || self.AsInt() != nullptr || self.AsFloat() != nullptr;
}

// Jinja's undefined object has a length and an iterator, both of nothing.
JinjaValue IsSequence(const JinjaCall& call) {
  const JinjaValue& self = call.self;
  return self.IsUndefined() || self.AsText() != nullptr || self.AsList() != nullptr ||
         self.AsDict() != nullptr;
}
JinjaValue IsIterable(const JinjaCall& call) {
  return *IsSequence(call).AsBool() || call.self.AsLoop() != nullptr;
}

int64_t SelfInt(const JinjaCall& call) {
  const JinjaValue* self = &call.self;
  return JinjaCall{call.self, {&self, 1}, call.budget}.IntArgument(0, 0);
}

// Python's remainder, which has the sign of the divisor.
int64_t Remainder(int64_t value, int64_t divisor) {
  if (divisor == 0) FailJinja("a division by zero");
  if (divisor == -1) return 0;
  const int64_t remainder = value % divisor;
  return remainder != 0 && (remainder < 0) != (divisor < 0) ? remainder + divisor : remainder;
}

JinjaValue IsOdd(const JinjaCall& call) { return Remainder(SelfInt(call), 2) == 1; }
JinjaValue IsEven(const JinjaCall& call) { return Remainder(SelfInt(call), 2) == 0; }
JinjaValue IsDivisibleBy(const JinjaCall& call) {
  return Remainder(SelfInt(call), call.IntArgument(0, 1)) == 0;
}

JinjaValue IsIn(const JinjaCall& call) {
  return Contains(*call.Argument(0), call.self, call.budget);
}
JinjaValue IsEqual(const JinjaCall& call) {
  return AreEqual(call.self, *call.Argument(0), call.budget);
}
JinjaValue IsNotEqual(const JinjaCall& call) {
  return !AreEqual(call.self, *call.Argument(0), call.budget);
}
JinjaValue IsGreater(const JinjaCall& call) {
  return Compare(call.self, *call.Argument(0), call.budget) > 0;
}
JinjaValue IsGreaterOrEqual(const JinjaCall& call) {
  return Compare(call.self, *call.Argument(0), call.budget) >= 0;
}
JinjaValue IsLess(const JinjaCall& call) {
  return Compare(call.self, *call.Argument(0), call.budget) < 0;
}
JinjaValue IsLessOrEqual(const JinjaCall& call) {
  return Compare(call.self, *call.Argument(0), call.budget) <= 0;
}

constexpr JinjaBuiltin kTests[] = {
    {"defined", {}, 0, IsDefined},
    {"undefined", {}, 0, IsUndefined},
    {"none", {}, 0, IsNone},
    {"boolean", {}, 0, IsBoolean},
    {"integer", {}, 0, IsInteger},
    {"float", {}, 0, IsFloat},
    {"number", {}, 0, IsNumber},
    {"string", {}, 0, IsString},
    {"mapping", {}, 0, IsMapping},
    {"sequence", {}, 0, IsSequence},
    {"iterable", {}, 0, IsIterable},
    {"callable", {}, 0, IsCallable},
    {"true", {}, 0, IsExactlyTrue},
    {"false", {}, 0, IsExactlyFalse},
    {"odd", {}, 0, IsOdd},
    {"even", {}, 0, IsEven},
    {"divisibleby", {"num"}, 1, IsDivisibleBy},
    {"in", {"seq"}, 1, IsIn},
    {"equalto", {"other"}, 1, IsEqual},
    {"eq", {"other"}, 1, IsEqual},
    {"==", {"other"}, 1, IsEqual},
    {"ne", {"other"}, 1, IsNotEqual},
    {"!=", {"other"}, 1, IsNotEqual},
    {"gt", {"other"}, 1, IsGreater},
    {"greaterthan", {"other"}, 1, IsGreater},
    {">", {"other"}, 1, IsGreater},
    {"ge", {"other"}, 1, IsGreaterOrEqual},
    {">=", {"other"}, 1, IsGreaterOrEqual},
    {"lt", {"other"}, 1, IsLess},
    {"lessthan", {"other"}, 1, IsLess},
    {"<", {"other"}, 1, IsLess},
    {"le", {"other"}, 1, IsLessOrEqual},
    {"<=", {"other"}, 1, IsLessOrEqual},
};

}  // namespace

const JinjaBuiltin* FindJinjaTest(std::string_view name) { return FindJinjaBuiltin(kTests, name); }

}  // namespace rowmill
