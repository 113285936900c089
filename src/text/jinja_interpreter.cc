#include "text/jinja_interpreter.h"

#include <algorithm>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/error.h"
#include "text/jinja_parser.h"
#include "text/jinja_print.h"
#include "text/jinja_string.h"

namespace rowmill {

JinjaInterpreter::JinjaInterpreter(const JinjaProgram& program, const JinjaDate& date,
                                   const JinjaLimits& limits)
    : program_(program), date_(date), budget_(limits.steps), globals_(program.names.size()) {
  const auto found = std::find(program.names.begin(), program.names.end(), "loop");
  loop_name_ = static_cast<JinjaName>(found - program.names.begin());
}

JinjaText JinjaInterpreter::Run(const JinjaVariables& variables) {
  for (const auto& [name, value] : variables) {
    const auto found = std::find(program_.names.begin(), program_.names.end(), name);
    if (found == program_.names.end()) continue;
    globals_[static_cast<size_t>(found - program_.names.begin())] = value;
  }
  JinjaText out;
  out_ = &out;
  try {
    Execute(program_.body);
  } catch (const JinjaFailure& failure) {
    throw ModelError(program_.source.Locate(offset_, failure.message));
  }
  return out;
}

JinjaInterpreter::Flow JinjaInterpreter::Execute(const JinjaBlock& block) {
  const Depth depth(*this);
  for (const JinjaStatement& statement : block) {
    offset_ = statement.offset;
    budget_.Charge(1);
    const Flow flow = ExecuteStatement(statement);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

JinjaInterpreter::Flow JinjaInterpreter::ExecuteStatement(const JinjaStatement& statement) {
  using Kind = JinjaStatement::Kind;
  switch (statement.kind) {
    case Kind::kText:
      budget_.ChargeBytes(statement.text.size());
      out_->Append(statement.text, PromptSpan::Origin::kTemplate);
      CheckJinjaTextSize(out_->size());
      return Flow::kNext;
    case Kind::kPrint:
      Print(Evaluate(*statement.expression));
      return Flow::kNext;
    case Kind::kSet:
      Assign(statement.target, Evaluate(*statement.expression));
      return Flow::kNext;
    case Kind::kSetBlock:
      return ExecuteSetBlock(statement);
    case Kind::kIf:
      return ExecuteIf(statement);
    case Kind::kFor:
      return ExecuteFor(statement);
    case Kind::kMacro: {
      JinjaFunction function{JinjaFunction::Kind::kMacro, statement.macro.get()};
      AssignName(statement.macro->name, function);
      return Flow::kNext;
    }
    case Kind::kScope:
      return ExecuteInScope(statement.body);
    case Kind::kBreak:
      return Flow::kBreak;
    case Kind::kContinue:
      return Flow::kContinue;
  }
  CHECK(false);
  return Flow::kNext;
}

void JinjaInterpreter::Print(const JinjaValue& value) {
  if (const JinjaText* text = value.AsText()) {
    budget_.ChargeBytes(text->size());
    out_->Append(*text);
  } else {
    out_->Append(ToText(value, budget_));
  }
  CheckJinjaTextSize(out_->size());
}

JinjaInterpreter::Flow JinjaInterpreter::ExecuteIf(const JinjaStatement& statement) {
  for (const JinjaBranch& branch : statement.branches) {
    if (branch.condition == nullptr || IsTrue(Evaluate(*branch.condition))) {
      return Execute(branch.body);
    }
  }
  return Flow::kNext;
}

JinjaInterpreter::Flow JinjaInterpreter::ExecuteInScope(const JinjaBlock& block) {
  scopes_.emplace_back();
  const Flow flow = Execute(block);
  scopes_.pop_back();
  return flow;
}

JinjaInterpreter::Flow JinjaInterpreter::ExecuteSetBlock(const JinjaStatement& statement) {
  JinjaText captured;
  JinjaText* outside = std::exchange(out_, &captured);
  const Flow flow = ExecuteInScope(statement.body);
  out_ = outside;
  if (flow == Flow::kNext) Assign(statement.target, std::move(captured));
  return flow;
}

// What the loop goes over: all items, or those that its `if` picks. The filter sees the loop's own
// variables but no `loop`.
std::shared_ptr<const JinjaList> JinjaInterpreter::SelectItems(const JinjaStatement& statement) {
  const JinjaValue iterated = Evaluate(*statement.expression);
  offset_ = statement.expression->offset;
  std::shared_ptr<const JinjaList> items = Iterate(iterated, budget_);
  if (statement.condition == nullptr) return items;
  std::vector<JinjaValue> selected;
  for (const JinjaValue& item : items->items) {
    scopes_.emplace_back();
    Assign(statement.target, item);
    if (IsTrue(Evaluate(*statement.condition))) selected.push_back(item);
    scopes_.pop_back();
  }
  return JinjaValue::List(std::move(selected)).SharedList();
}

JinjaInterpreter::Flow JinjaInterpreter::ExecuteFor(const JinjaStatement& statement) {
  const std::shared_ptr<const JinjaList> items = SelectItems(statement);
  if (items->items.empty()) return ExecuteInScope(statement.else_body);
  for (size_t i = 0; i < items->items.size(); ++i) {
    budget_.Charge(1);
    scopes_.emplace_back();
    // Each iteration has its own: a template may keep the `loop` of an outer loop.
    AssignName(loop_name_, std::make_shared<const JinjaLoop>(JinjaLoop{items, i}));
    Assign(statement.target, items->items[i]);
    const Flow flow = Execute(statement.body);
    scopes_.pop_back();
    if (flow == Flow::kBreak) break;
  }
  return Flow::kNext;
}

void JinjaInterpreter::Assign(const JinjaTarget& target, JinjaValue value) {
  if (!target.attribute.empty()) return AssignAttribute(target, std::move(value));
  if (!target.unpacks) return AssignName(target.names[0], std::move(value));
  const std::shared_ptr<const JinjaList> parts = Iterate(value, budget_);
  if (parts->items.size() != target.names.size()) {
    FailJinja("a sequence of " + std::to_string(parts->items.size()) + " is unpacked into " +
              std::to_string(target.names.size()) + " names");
  }
  for (size_t i = 0; i < target.names.size(); ++i) AssignName(target.names[i], parts->items[i]);
}

void JinjaInterpreter::AssignName(JinjaName name, JinjaValue value) {
  if (scopes_.empty()) {
    globals_[name] = std::move(value);
    return;
  }
  Scope& scope = scopes_.back();
  budget_.Charge(scope.size() / 8);
  for (auto& [bound, old_value] : scope) {
    if (bound == name) {
      old_value = std::move(value);
      return;
    }
  }
  scope.emplace_back(name, std::move(value));
}

void JinjaInterpreter::AssignAttribute(const JinjaTarget& target, JinjaValue value) {
  JinjaNamespace* space = LookUp(target.names[0]).AsNamespace();
  if (space == nullptr) FailJinja("only the attributes of a namespace can be set");
  budget_.Charge(space->attributes.size() / 8);
  space->Set(target.attribute, std::move(value));
}

JinjaValue JinjaInterpreter::LookUp(JinjaName name) {
  for (size_t i = scopes_.size(); i > first_scope_; --i) {
    const Scope& scope = scopes_[i - 1];
    budget_.Charge(scope.size() / 8);
    for (const auto& [bound, value] : scope) {
      if (bound == name) return value;
    }
  }
  if (globals_[name]) return *globals_[name];
  const std::string& text = program_.names[name];
  const JinjaFunction::Kind global = FindJinjaGlobal(text);
  if (global != JinjaFunction::Kind::kMethod) return JinjaFunction{global, nullptr};
  return JinjaUndefined{&text};
}

JinjaInterpreter::Scope JinjaInterpreter::BindMacroArguments(const JinjaLink& link,
                                                             const JinjaMacro& macro) {
  Scope bound;
  const auto is_bound = [&](JinjaName name) {
    return std::any_of(bound.begin(), bound.end(),
                       [&](const auto& binding) { return binding.first == name; });
  };
  for (const JinjaArgument& argument : link.arguments) {
    JinjaName name = 0;
    if (argument.name.empty()) {
      if (bound.size() >= macro.parameters.size()) FailJinja("too many arguments for the macro");
      name = macro.parameters[bound.size()].name;
    } else {
      const auto found = std::find_if(
          macro.parameters.begin(), macro.parameters.end(),
          [&](const auto& parameter) { return program_.names[parameter.name] == argument.name; });
      if (found == macro.parameters.end()) {
        FailJinja("the macro has no argument `" + argument.name + "`");
      }
      name = found->name;
    }
    if (is_bound(name)) FailJinja("the macro is given `" + program_.names[name] + "` twice");
    bound.emplace_back(name, Evaluate(*argument.value));
  }
  return bound;
}

JinjaValue JinjaInterpreter::CallMacro(const JinjaLink& link, const JinjaMacro& macro) {
  if (macro_depth_ >= kMaxMacroDepth) {
    FailJinja("macros call each other deeper than " + std::to_string(kMaxMacroDepth));
  }
  Scope arguments = BindMacroArguments(link, macro);
  const Depth depth(*this);
  JinjaText result;
  JinjaText* outside = std::exchange(out_, &result);
  const size_t callers_first_scope = std::exchange(first_scope_, scopes_.size());
  ++macro_depth_;
  scopes_.push_back(std::move(arguments));
  const size_t num_given = scopes_.back().size();
  for (const JinjaMacro::Parameter& parameter : macro.parameters) {
    const Scope& scope = scopes_.back();
    const bool given =
        std::any_of(scope.begin(), scope.begin() + static_cast<ptrdiff_t>(num_given),
                    [&](const auto& binding) { return binding.first == parameter.name; });
    if (given) continue;
    AssignName(parameter.name, parameter.default_value != nullptr
                                   ? Evaluate(*parameter.default_value)
                                   : JinjaValue(JinjaUndefined{&program_.names[parameter.name]}));
  }
  Execute(macro.body);
  scopes_.pop_back();
  --macro_depth_;
  first_scope_ = callers_first_scope;
  out_ = outside;
  return result;
}

}  // namespace rowmill
