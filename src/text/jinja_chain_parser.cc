// The second half of JinjaExpressionParser: what follows a value - attributes, subscripts, calls,
// filters and tests - and the arguments of what is called.
#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "text/jinja_expression_parser.h"

namespace rowmill {
namespace {

using TokenKind = JinjaToken::Kind;

JinjaLink& AddLink(JinjaExpression& chain, JinjaLink::Kind kind, uint32_t offset) {
  JinjaLink& link = chain.links.emplace_back();
  link.kind = kind;
  link.offset = offset;
  return link;
}

bool IsDunder(std::string_view name) { return name.starts_with("__"); }

}  // namespace

void JinjaExpressionParser::ParsePostfix(JinjaExpression& chain) {
  while (true) {
    if (state_.IsOperator(".")) {
      ParseAttribute(chain);
    } else if (state_.IsOperator("[")) {
      ParseSubscript(chain);
    } else if (state_.IsOperator("(")) {
      ParseCall(chain);
    } else {
      return;
    }
  }
}

void JinjaExpressionParser::ParseFiltersAndTests(JinjaExpression& chain) {
  while (true) {
    if (state_.IsOperator("|")) {
      ParseFilter(chain);
    } else if (state_.IsWord("is")) {
      ParseTest(chain);
    } else if (state_.IsOperator("(")) {
      ParseCall(chain);
    } else {
      return;
    }
  }
}

void JinjaExpressionParser::ParseAttribute(JinjaExpression& chain) {
  state_.ExpectOperator(".");
  const uint32_t offset = state_.offset();
  if (state_.Is(TokenKind::kInteger)) {
    auto index = std::make_unique<JinjaExpression>();
    index->offset = offset;
    index->constant = state_.current().integer;
    state_.Advance();
    AddLink(chain, JinjaLink::Kind::kSubscript, offset).operands.push_back(std::move(index));
    return;
  }
  std::string name = state_.ExpectName();
  if (IsDunder(name)) state_.FailAt(offset, "attributes like `" + name + "` do not exist here");
  if (state_.IsOperator("(")) {
    JinjaLink& link = AddLink(chain, JinjaLink::Kind::kBuiltin, offset);
    link.builtin = FindJinjaMethod(name);
    if (link.builtin == nullptr) {
      state_.FailAt(offset, "the method `" + name + "()` is not supported");
    }
    BindArguments(ParseCallArguments(), link);
    return;
  }
  AddLink(chain, JinjaLink::Kind::kAttribute, offset).name = std::move(name);
}

void JinjaExpressionParser::ParseSubscript(JinjaExpression& chain) {
  const uint32_t offset = state_.offset();
  state_.ExpectOperator("[");
  if (state_.Is(TokenKind::kString) && IsDunder(state_.current().text)) {
    state_.Fail("attributes like `" + state_.current().text + "` do not exist here");
  }
  std::vector<JinjaExpressionPtr> operands;
  bool is_slice = false;
  const auto parse_bound = [&]() -> JinjaExpressionPtr {
    if (state_.IsOperator(":") || state_.IsOperator("]")) return nullptr;
    return ParseExpression();
  };
  operands.push_back(parse_bound());
  while (operands.size() < 3 && state_.SkipOperator(":")) {
    is_slice = true;
    operands.push_back(parse_bound());
  }
  if (!is_slice && operands[0] == nullptr) state_.Fail("an index is missing before `]`");
  state_.ExpectOperator("]");
  if (is_slice) operands.resize(3);
  JinjaLink& link =
      AddLink(chain, is_slice ? JinjaLink::Kind::kSlice : JinjaLink::Kind::kSubscript, offset);
  link.operands = std::move(operands);
}

void JinjaExpressionParser::ParseCall(JinjaExpression& chain) {
  const uint32_t offset = state_.offset();
  if (!chain.links.empty() || chain.operands[0]->kind != JinjaExpression::Kind::kName) {
    state_.Fail("only functions, macros and methods can be called");
  }
  const JinjaName name = chain.operands[0]->name;
  called_names_.push_back({name, chain.operands[0]->offset});
  CallArguments arguments = ParseCallArguments();
  JinjaLink& link = AddLink(chain, JinjaLink::Kind::kCall, offset);
  for (JinjaExpressionPtr& value : arguments.positional) {
    link.arguments.push_back({{}, std::move(value)});
  }
  for (JinjaArgument& argument : arguments.named) link.arguments.push_back(std::move(argument));
}

void JinjaExpressionParser::ParseFilter(JinjaExpression& chain) {
  state_.ExpectOperator("|");
  const uint32_t offset = state_.offset();
  const std::string name = state_.ExpectName();
  JinjaLink& link = AddLink(chain, JinjaLink::Kind::kBuiltin, offset);
  link.builtin = FindJinjaFilter(name);
  if (link.builtin == nullptr) state_.FailAt(offset, "the filter `" + name + "` is not supported");
  BindArguments(state_.IsOperator("(") ? ParseCallArguments() : CallArguments(), link);
}

void JinjaExpressionParser::ParseTest(JinjaExpression& chain) {
  state_.ExpectWord("is");
  const bool negated = state_.SkipWord("not");
  const uint32_t offset = state_.offset();
  const std::string name = state_.ExpectName();
  JinjaLink& link = AddLink(chain, JinjaLink::Kind::kBuiltin, offset);
  link.negated = negated;
  link.builtin = FindJinjaTest(name);
  if (link.builtin == nullptr) state_.FailAt(offset, "the test `" + name + "` is not supported");
  CallArguments arguments;
  if (state_.IsOperator("(")) {
    arguments = ParseCallArguments();
  } else if (link.builtin->NumParameters() > 0 && IsAtTestArgument()) {
    const JinjaParseState::Nesting nesting(state_);
    arguments.positional.push_back(ParseUnary(UnaryTail::kPlain));
    arguments.positional_literals.emplace_back();
  }
  BindArguments(std::move(arguments), link);
}

bool JinjaExpressionParser::IsAtTestArgument() const {
  return state_.Is(TokenKind::kName) || state_.Is(TokenKind::kString) ||
         state_.Is(TokenKind::kInteger) || state_.Is(TokenKind::kFloat) || state_.IsOperator("[") ||
         state_.IsOperator("{");
}

JinjaExpressionParser::CallArguments JinjaExpressionParser::ParseCallArguments() {
  CallArguments out;
  state_.ExpectOperator("(");
  while (!state_.IsOperator(")")) {
    if (state_.IsOperator("*") || state_.IsOperator("**")) {
      state_.Fail("`*` and `**` arguments are not supported");
    }
    const JinjaToken& next = state_.next();
    if (state_.Is(TokenKind::kName) && next.kind == TokenKind::kOperator && next.text == "=") {
      const uint32_t offset = state_.offset();
      std::string name = state_.ExpectName();
      state_.ExpectOperator("=");
      for (const JinjaArgument& argument : out.named) {
        if (argument.name == name) state_.FailAt(offset, "`" + name + "` is given twice");
      }
      out.named.push_back({std::move(name), ParseExpression()});
    } else {
      if (!out.named.empty()) state_.Fail("an argument by position follows one by name");
      const bool is_literal = state_.Is(TokenKind::kString);
      const std::string text = is_literal ? state_.current().text : std::string();
      out.positional.push_back(ParseExpression());
      const bool is_constant = out.positional.back()->kind == JinjaExpression::Kind::kConstant;
      out.positional_literals.push_back(is_literal && is_constant ? text : std::string());
    }
    if (!state_.IsOperator(")")) state_.ExpectOperator(",");
  }
  state_.ExpectOperator(")");
  return out;
}

void JinjaExpressionParser::BindArguments(CallArguments arguments, JinjaLink& link) const {
  if (link.builtin->element != JinjaBuiltin::Element::kNone) TakeElementBuiltin(arguments, link);
  link.operands = BindParameters(std::move(arguments), *link.builtin, link.offset);
}

void JinjaExpressionParser::TakeElementBuiltin(CallArguments& arguments, JinjaLink& link) const {
  using Element = JinjaBuiltin::Element;
  const bool has_attribute = link.builtin->element == Element::kAttributeTest;
  const size_t place = has_attribute ? 1 : 0;
  if (arguments.positional.size() <= place) return;
  const std::string& name = arguments.positional_literals[place];
  if (name.empty()) {
    state_.FailAt(link.offset, "`" + std::string(link.builtin->name) +
                                   "` needs the name of a filter or test as a literal string");
  }
  link.element_builtin =
      link.builtin->element == Element::kFilter ? FindJinjaFilter(name) : FindJinjaTest(name);
  if (link.element_builtin == nullptr || link.element_builtin->element != Element::kNone) {
    state_.FailAt(link.offset, "`" + std::string(link.builtin->name) + "` cannot apply `" + name +
                                   "`: it is not supported");
  }
  CallArguments inner;
  for (size_t i = place + 1; i < arguments.positional.size(); ++i) {
    inner.positional.push_back(std::move(arguments.positional[i]));
  }
  inner.named = std::move(arguments.named);
  link.element_operands = BindParameters(std::move(inner), *link.element_builtin, link.offset);
  arguments.named.clear();
  arguments.positional.resize(place);
}

std::vector<JinjaExpressionPtr> JinjaExpressionParser::BindParameters(CallArguments arguments,
                                                                      const JinjaBuiltin& builtin,
                                                                      uint32_t offset) const {
  const std::string name(builtin.name);
  const size_t count = builtin.NumParameters();
  if (arguments.positional.size() > count) {
    state_.FailAt(offset, "`" + name + "` takes at most " + std::to_string(count) + " arguments");
  }
  std::vector<JinjaExpressionPtr> bound = std::move(arguments.positional);
  bound.resize(count);
  for (JinjaArgument& argument : arguments.named) {
    const auto* begin = builtin.parameters.begin();
    const auto* found = std::find(begin, begin + count, argument.name);
    if (found == begin + count) {
      state_.FailAt(offset, "`" + name + "` has no argument `" + argument.name + "`");
    }
    JinjaExpressionPtr& place = bound[static_cast<size_t>(found - begin)];
    if (place != nullptr) state_.FailAt(offset, "`" + argument.name + "` is given twice");
    place = std::move(argument.value);
  }
  for (size_t i = 0; i < builtin.num_required; ++i) {
    if (bound[i] == nullptr) {
      state_.FailAt(
          offset, "`" + name + "` needs its argument `" + std::string(builtin.parameters[i]) + "`");
    }
  }
  return bound;
}

}  // namespace rowmill
