// The second half of JinjaInterpreter: expressions and the functions that every template has.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "text/jinja_interpreter.h"
#include "text/jinja_operators.h"
#include "text/jinja_print.h"
#include "text/jinja_string.h"

namespace rowmill {
namespace {

// The values of up to N operands, with null where an operand is missing.
template <size_t N>
struct OperandValues {
  std::array<JinjaValue, N> values;
  std::array<const JinjaValue*, N> pointers = {};
  size_t count = 0;

  void Add(JinjaValue value) {
    values[count] = std::move(value);
    pointers[count] = &values[count];
    ++count;
  }
  void AddMissing() { pointers[count++] = nullptr; }
  std::span<const JinjaValue* const> span() const { return {pointers.data(), count}; }
};

}  // namespace

JinjaValue JinjaInterpreter::Evaluate(const JinjaExpression& expression) {
  using Kind = JinjaExpression::Kind;
  budget_.Charge(1);
  if (expression.kind == Kind::kConstant) return expression.constant;
  if (expression.kind == Kind::kName) return LookUp(expression.name);
  const Depth depth(*this);
  if (expression.adds_to_safe_text) {
    offset_ = expression.offset;
    FailJinja("adding to a text that is `safe`, which escapes HTML, is not supported");
  }
  switch (expression.kind) {
    case Kind::kList:
    case Kind::kTuple:
    case Kind::kDict:
      return EvaluateContainer(expression);
    case Kind::kConditional:
    case Kind::kOr:
    case Kind::kAnd:
    case Kind::kNot:
      return EvaluateLogic(expression);
    case Kind::kCompare:
    case Kind::kArithmetic:
    case Kind::kNegate:
    case Kind::kPlus:
      return EvaluateOperators(expression);
    case Kind::kConcat:
      return EvaluateConcat(expression);
    default:
      return EvaluateChain(expression);
  }
}

JinjaValue JinjaInterpreter::EvaluateContainer(const JinjaExpression& expression) {
  std::vector<JinjaValue> items;
  for (const JinjaExpressionPtr& operand : expression.operands) items.push_back(Evaluate(*operand));
  offset_ = expression.offset;
  if (expression.kind == JinjaExpression::Kind::kList) return JinjaValue::List(std::move(items));
  if (expression.kind == JinjaExpression::Kind::kTuple) return JinjaValue::Tuple(std::move(items));
  std::vector<std::pair<JinjaValue, JinjaValue>> pairs;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    pairs.emplace_back(std::move(items[i]), std::move(items[i + 1]));
  }
  return JinjaValue::Dict(std::move(pairs), budget_);
}

JinjaValue JinjaInterpreter::EvaluateLogic(const JinjaExpression& expression) {
  using Kind = JinjaExpression::Kind;
  const auto& operands = expression.operands;
  if (expression.kind == Kind::kNot) return !IsTrue(Evaluate(*operands[0]));
  if (expression.kind == Kind::kConditional) {
    if (IsTrue(Evaluate(*operands[1]))) return Evaluate(*operands[0]);
    return operands[2] != nullptr ? Evaluate(*operands[2]) : JinjaValue();
  }
  // As in Python, `and` and `or` give the operand that decides.
  const bool decisive = expression.kind == Kind::kOr;
  for (size_t i = 0; i + 1 < operands.size(); ++i) {
    JinjaValue value = Evaluate(*operands[i]);
    if (IsTrue(value) == decisive) return value;
  }
  return Evaluate(*operands.back());
}

JinjaValue JinjaInterpreter::EvaluateOperators(const JinjaExpression& expression) {
  using Kind = JinjaExpression::Kind;
  JinjaValue left = Evaluate(*expression.operands[0]);
  offset_ = expression.offset;
  if (expression.kind == Kind::kNegate) return Negate(left);
  if (expression.kind == Kind::kPlus) return Affirm(left);
  for (size_t i = 0; i < expression.operators.size(); ++i) {
    const JinjaExpression& operand = *expression.operands[i + 1];
    JinjaValue right = Evaluate(operand);
    offset_ = operand.offset;
    if (expression.kind == Kind::kArithmetic) {
      left = ApplyArithmetic(expression.operators[i], left, right, budget_);
      continue;
    }
    // `a < b < c` is `a < b and b < c`.
    if (!ApplyComparison(expression.operators[i], left, right, budget_)) return false;
    left = std::move(right);
  }
  return expression.kind == Kind::kArithmetic ? std::move(left) : JinjaValue(true);
}

JinjaValue JinjaInterpreter::EvaluateConcat(const JinjaExpression& expression) {
  JinjaText out;
  for (const JinjaExpressionPtr& operand : expression.operands) {
    const JinjaText text = ToText(Evaluate(*operand), budget_);
    offset_ = operand->offset;
    out.Append(text);
    CheckJinjaTextSize(out.size());
  }
  budget_.ChargeBytes(out.size());
  return out;
}

JinjaValue JinjaInterpreter::EvaluateChain(const JinjaExpression& expression) {
  JinjaValue value = Evaluate(*expression.operands[0]);
  for (const JinjaLink& link : expression.links) {
    budget_.Charge(1);
    value = ApplyLink(link, value);
  }
  return value;
}

JinjaValue JinjaInterpreter::ApplyLink(const JinjaLink& link, const JinjaValue& value) {
  offset_ = link.offset;
  switch (link.kind) {
    case JinjaLink::Kind::kAttribute:
      return GetAttribute(value, link.name);
    case JinjaLink::Kind::kSubscript:
    case JinjaLink::Kind::kSlice:
      return ApplySubscript(link, value);
    case JinjaLink::Kind::kBuiltin:
      return ApplyBuiltin(link, value);
    case JinjaLink::Kind::kCall: {
      const JinjaFunction* function = value.AsFunction();
      RequireDefined(value);
      if (function == nullptr)
        FailJinja("a " + std::string(value.TypeName()) + " cannot be called");
      return Call(link, *function);
    }
  }
  CHECK(false);
  return {};
}

JinjaValue JinjaInterpreter::ApplySubscript(const JinjaLink& link, const JinjaValue& value) {
  if (link.kind == JinjaLink::Kind::kSlice) {
    OperandValues<3> bounds;
    for (const JinjaExpressionPtr& operand : link.operands) {
      operand != nullptr ? bounds.Add(Evaluate(*operand)) : bounds.AddMissing();
    }
    offset_ = link.offset;
    return ApplySlice(value, bounds.span(), budget_);
  }
  const JinjaExpression& operand = *link.operands[0];
  const JinjaValue key = Evaluate(operand);
  offset_ = link.offset;
  const bool is_literal =
      operand.kind == JinjaExpression::Kind::kConstant && operand.constant.AsText() != nullptr;
  return GetElement(value, key, is_literal ? &operand.constant.AsText()->text() : nullptr, budget_);
}

JinjaValue JinjaInterpreter::ApplyBuiltin(const JinjaLink& link, const JinjaValue& value) {
  OperandValues<JinjaBuiltin::kMaxParameters> arguments;
  for (const JinjaExpressionPtr& operand : link.operands) {
    operand != nullptr ? arguments.Add(Evaluate(*operand)) : arguments.AddMissing();
  }
  OperandValues<JinjaBuiltin::kMaxParameters> element_arguments;
  for (const JinjaExpressionPtr& operand : link.element_operands) {
    operand != nullptr ? element_arguments.Add(Evaluate(*operand)) : element_arguments.AddMissing();
  }
  offset_ = link.offset;
  JinjaValue result = link.builtin->function(
      {value, arguments.span(), budget_, link.element_builtin, element_arguments.span()});
  return link.negated ? JinjaValue(!IsTrue(result)) : result;
}

JinjaValue JinjaInterpreter::Call(const JinjaLink& link, const JinjaFunction& function) {
  switch (function.kind) {
    case JinjaFunction::Kind::kMacro:
      return CallMacro(link, *function.macro);
    case JinjaFunction::Kind::kRange:
      return MakeRange(link);
    case JinjaFunction::Kind::kNamespace:
      return MakeNamespace(link);
    case JinjaFunction::Kind::kStrftimeNow:
      return FormatDate(link);
    case JinjaFunction::Kind::kRaiseException:
      RaiseException(link);
    case JinjaFunction::Kind::kMethod:
      break;
  }
  FailJinja("a method can only be called where it is named");
}

std::vector<JinjaValue> JinjaInterpreter::PositionalArguments(const JinjaLink& link, size_t most) {
  if (link.arguments.empty() || link.arguments.size() > most) {
    FailJinja("the function takes 1 to " + std::to_string(most) + " arguments");
  }
  std::vector<JinjaValue> values;
  for (const JinjaArgument& argument : link.arguments) {
    if (!argument.name.empty()) FailJinja("the function takes its arguments by position");
    values.push_back(Evaluate(*argument.value));
  }
  offset_ = link.offset;
  return values;
}

JinjaValue JinjaInterpreter::MakeRange(const JinjaLink& link) {
  const std::vector<JinjaValue> values = PositionalArguments(link, 3);
  std::array<int64_t, 3> bounds = {0, 0, 1};  // start, stop, step
  for (size_t i = 0; i < values.size(); ++i) {
    const JinjaValue* pointer = &values[i];
    bounds[values.size() == 1 ? 1 : i] =
        JinjaCall{values[i], {&pointer, 1}, budget_}.IntArgument(0, 0);
  }
  const auto [start, stop, step] = bounds;
  if (step == 0) FailJinja("the step of range() cannot be 0");
  std::vector<JinjaValue> items;
  for (int64_t at = start; step > 0 ? at < stop : at > stop;) {
    if (static_cast<int64_t>(items.size()) == kMaxRange) {
      FailJinja("range() gives more than " + std::to_string(kMaxRange) + " numbers");
    }
    budget_.Charge(1);
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return JinjaValue::List(std::move(items));
}

JinjaValue JinjaInterpreter::MakeNamespace(const JinjaLink& link) {
  JinjaNamespace space;
  for (const JinjaArgument& argument : link.arguments) {
    JinjaValue value = Evaluate(*argument.value);
    if (!argument.name.empty()) {
      space.Set(argument.name, std::move(value));
      continue;
    }
    const JinjaDict* dict = value.AsDict();
    if (dict == nullptr) FailJinja("namespace() takes attributes by name, or a dict");
    for (const auto& [key, element] : dict->items) {
      if (key.AsText() == nullptr) FailJinja("the attributes of a namespace have names");
      budget_.Charge(1 + space.attributes.size() / 8);
      space.Set(key.AsText()->view(), element);
    }
  }
  namespaces_.push_back(std::move(space));
  return &namespaces_.back();
}

JinjaValue JinjaInterpreter::FormatDate(const JinjaLink& link) {
  const std::vector<JinjaValue> values = PositionalArguments(link, 1);
  const JinjaText* format = values[0].AsText();
  if (format == nullptr) FailJinja("strftime_now() takes a str");
  budget_.ChargeBytes(format->size());
  JinjaText out(FormatJinjaDate(format->view(), date_), PromptSpan::Origin::kTemplate);
  CheckJinjaTextSize(out.size());
  return out;
}

void JinjaInterpreter::RaiseException(const JinjaLink& link) {
  const std::vector<JinjaValue> values = PositionalArguments(link, 1);
  const JinjaText message = ToText(values[0], budget_);
  std::string text = "the template refuses this conversation: ";
  for (const PromptSpan& span : message.Spans()) {
    // Errors never quote rows.
    text += span.origin == PromptSpan::Origin::kRow ? "[text of the row]" : span.text;
  }
  FailJinja(std::move(text));
}

}  // namespace rowmill
