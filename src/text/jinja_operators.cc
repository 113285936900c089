#include "text/jinja_operators.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "text/jinja_string.h"

namespace rowmill {
namespace {

// Lists that a template can make are bounded by the budget; this keeps one operation from asking
// for more than that at once.
constexpr uint64_t kMaxListSize = 1 << 20;

std::string_view SymbolOf(JinjaOperator operation) {
  static constexpr std::string_view kSymbols[] = {
      "+", "-", "*", "/", "//", "%", "==", "!=", "<", "<=", ">", ">=", "in", "not in"};
  return kSymbols[static_cast<size_t>(operation)];
}

[[noreturn]] void FailTypes(JinjaOperator operation, const JinjaValue& a, const JinjaValue& b) {
  FailJinja("`" + std::string(SymbolOf(operation)) + "` does not work on a " +
            std::string(a.TypeName()) + " and a " + std::string(b.TypeName()));
}

[[noreturn]] void FailOverflow() { FailJinja("a number does not fit 64 bits"); }

std::optional<int64_t> AsInteger(const JinjaValue& value) {
  if (const bool* boolean = value.AsBool()) return *boolean ? 1 : 0;
  if (const int64_t* integer = value.AsInt()) return *integer;
  return std::nullopt;
}

std::optional<double> AsReal(const JinjaValue& value) {
  if (const double* real = value.AsFloat()) return *real;
  const std::optional<int64_t> integer = AsInteger(value);
  if (!integer) return std::nullopt;
  return static_cast<double>(*integer);
}

// Python's quotient and remainder: rounded down, the remainder with the sign of the divisor.
int64_t FloorQuotient(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a % b < 0) != (b < 0) ? quotient - 1 : quotient;
}
int64_t FloorRemainder(int64_t a, int64_t b) {
  const int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

JinjaValue ApplyToIntegers(JinjaOperator operation, int64_t a, int64_t b) {
  int64_t out = 0;
  bool overflow = false;
  const bool divides = operation >= JinjaOperator::kDivide;
  if (divides && b == 0) FailJinja("a division by zero");
  switch (operation) {
    case JinjaOperator::kAdd:
      overflow = __builtin_add_overflow(a, b, &out);
      break;
    case JinjaOperator::kSubtract:
      overflow = __builtin_sub_overflow(a, b, &out);
      break;
    case JinjaOperator::kMultiply:
      overflow = __builtin_mul_overflow(a, b, &out);
      break;
    case JinjaOperator::kDivide:
      return static_cast<double>(a) / static_cast<double>(b);
    case JinjaOperator::kFloorDivide:
      overflow = b == -1 && __builtin_sub_overflow(int64_t{0}, a, &out);
      if (b != -1) out = FloorQuotient(a, b);
      break;
    default:
      out = b == -1 ? 0 : FloorRemainder(a, b);
      break;
  }
  if (overflow) FailOverflow();
  return out;
}

// As CPython's float_divmod: fmod is exact, and the sign follows the divisor.
double FloatRemainder(double a, double b) {
  double remainder = std::fmod(a, b);
  if (remainder != 0) return (b < 0) != (remainder < 0) ? remainder + b : remainder;
  return std::copysign(0.0, b);
}
double FloatFloorQuotient(double a, double b) {
  const double quotient = (a - FloatRemainder(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

JinjaValue ApplyToReals(JinjaOperator operation, double a, double b) {
  if (operation >= JinjaOperator::kDivide && b == 0) FailJinja("a division by zero");
  switch (operation) {
    case JinjaOperator::kAdd:
      return a + b;
    case JinjaOperator::kSubtract:
      return a - b;
    case JinjaOperator::kMultiply:
      return a * b;
    case JinjaOperator::kDivide:
      return a / b;
    case JinjaOperator::kFloorDivide:
      return FloatFloorQuotient(a, b);
    default:
      return FloatRemainder(a, b);
  }
}

JinjaValue AddTexts(const JinjaText& a, const JinjaText& b, JinjaBudget& budget) {
  CheckJinjaTextSize(a.size() + b.size());
  budget.ChargeBytes(a.size() + b.size());
  JinjaText out = a;
  out.Append(b);
  return out;
}

JinjaValue AddLists(const JinjaList& a, const JinjaList& b, JinjaBudget& budget) {
  budget.Charge(a.items.size() + b.items.size());
  std::vector<JinjaValue> items = a.items;
  items.insert(items.end(), b.items.begin(), b.items.end());
  return a.is_tuple ? JinjaValue::Tuple(std::move(items)) : JinjaValue::List(std::move(items));
}

JinjaValue RepeatList(const JinjaList& list, int64_t count, JinjaBudget& budget) {
  std::vector<JinjaValue> items;
  if (count > 0 && !list.items.empty()) {
    const auto times = static_cast<uint64_t>(count);
    if (times > kMaxListSize || times * list.items.size() > kMaxListSize) {
      FailJinja("a list grows beyond " + std::to_string(kMaxListSize) + " elements");
    }
    budget.Charge(times * list.items.size());
    for (int64_t i = 0; i < count; ++i) {
      items.insert(items.end(), list.items.begin(), list.items.end());
    }
  }
  return list.is_tuple ? JinjaValue::Tuple(std::move(items)) : JinjaValue::List(std::move(items));
}

// str * int and list * int, in either order; nullopt for other types.
std::optional<JinjaValue> Repeat(const JinjaValue& a, const JinjaValue& b, JinjaBudget& budget) {
  const JinjaValue& sequence = AsInteger(a) ? b : a;
  const std::optional<int64_t> count = AsInteger(a) ? AsInteger(a) : AsInteger(b);
  if (!count) return std::nullopt;
  if (const JinjaText* text = sequence.AsText()) return RepeatText(*text, *count, budget);
  if (const JinjaList* list = sequence.AsList()) return RepeatList(*list, *count, budget);
  return std::nullopt;
}

}  // namespace

JinjaValue ApplyArithmetic(JinjaOperator operation, const JinjaValue& a, const JinjaValue& b,
                           JinjaBudget& budget) {
  RequireDefined(a);
  RequireDefined(b);
  const std::optional<int64_t> integer_a = AsInteger(a);
  const std::optional<int64_t> integer_b = AsInteger(b);
  if (integer_a && integer_b) return ApplyToIntegers(operation, *integer_a, *integer_b);
  const std::optional<double> real_a = AsReal(a);
  const std::optional<double> real_b = AsReal(b);
  if (real_a && real_b) return ApplyToReals(operation, *real_a, *real_b);
  if (operation == JinjaOperator::kAdd) {
    const JinjaText* text_a = a.AsText();
    const JinjaText* text_b = b.AsText();
    if (text_a != nullptr && text_b != nullptr) return AddTexts(*text_a, *text_b, budget);
    const JinjaList* list_a = a.AsList();
    const JinjaList* list_b = b.AsList();
    if (list_a != nullptr && list_b != nullptr && list_a->is_tuple == list_b->is_tuple) {
      return AddLists(*list_a, *list_b, budget);
    }
  }
  if (operation == JinjaOperator::kMultiply) {
    std::optional<JinjaValue> repeated = Repeat(a, b, budget);
    if (repeated) return *std::move(repeated);
  }
  FailTypes(operation, a, b);
}

bool ApplyComparison(JinjaOperator operation, const JinjaValue& a, const JinjaValue& b,
                     JinjaBudget& budget) {
  switch (operation) {
    case JinjaOperator::kEqual:
      return AreEqual(a, b, budget);
    case JinjaOperator::kNotEqual:
      return !AreEqual(a, b, budget);
    case JinjaOperator::kLess:
      return Compare(a, b, budget) < 0;
    case JinjaOperator::kLessEqual:
      return Compare(a, b, budget) <= 0;
    case JinjaOperator::kGreater:
      return Compare(a, b, budget) > 0;
    case JinjaOperator::kGreaterEqual:
      return Compare(a, b, budget) >= 0;
    case JinjaOperator::kIn:
      return Contains(b, a, budget);
    case JinjaOperator::kNotIn:
      return !Contains(b, a, budget);
    default:
      CHECK(false);
      return false;
  }
}

JinjaValue Negate(const JinjaValue& value) {
  RequireDefined(value);
  if (const double* real = value.AsFloat()) return -*real;
  const std::optional<int64_t> integer = AsInteger(value);
  if (!integer) FailJinja("`-` does not work on a " + std::string(value.TypeName()));
  int64_t out = 0;
  if (__builtin_sub_overflow(int64_t{0}, *integer, &out)) FailOverflow();
  return out;
}

JinjaValue Affirm(const JinjaValue& value) {
  RequireDefined(value);
  if (value.AsFloat() != nullptr) return value;
  const std::optional<int64_t> integer = AsInteger(value);
  if (!integer) FailJinja("`+` does not work on a " + std::string(value.TypeName()));
  return *integer;
}

JinjaValue ApplySlice(const JinjaValue& value, std::span<const JinjaValue* const> bounds,
                      JinjaBudget& budget) {
  RequireDefined(value);
  const auto bound = [&](size_t i) -> std::optional<int64_t> {
    if (bounds[i] == nullptr || bounds[i]->IsNone()) return std::nullopt;
    const std::optional<int64_t> integer = AsInteger(*bounds[i]);
    if (!integer) FailJinja("the bounds of a slice are int or None");
    return integer;
  };
  const JinjaSlice slice{bound(0), bound(1), bound(2)};
  if (const JinjaText* text = value.AsText()) return SliceText(*text, slice, budget);
  const JinjaList* list = value.AsList();
  if (list == nullptr) FailJinja("a " + std::string(value.TypeName()) + " cannot be sliced");
  std::vector<JinjaValue> items;
  for (const size_t i : slice.Indices(static_cast<int64_t>(list->items.size()), budget)) {
    items.push_back(list->items[i]);
  }
  budget.Charge(items.size());
  return list->is_tuple ? JinjaValue::Tuple(std::move(items)) : JinjaValue::List(std::move(items));
}

}  // namespace rowmill
