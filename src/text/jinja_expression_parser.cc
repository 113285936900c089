#include "text/jinja_expression_parser.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace rowmill {
namespace {

using Kind = JinjaExpression::Kind;
using TokenKind = JinjaToken::Kind;

constexpr std::array<std::string_view, 10> kReservedWords = {
    "and", "or", "not", "in", "is", "if", "elif", "else", "for", "recursive"};

std::unique_ptr<JinjaExpression> MakeNode(Kind kind, uint32_t offset) {
  auto node = std::make_unique<JinjaExpression>();
  node->kind = kind;
  node->offset = offset;
  return node;
}

JinjaExpressionPtr MakeConstant(JinjaValue value, uint32_t offset) {
  auto node = MakeNode(Kind::kConstant, offset);
  node->constant = std::move(value);
  return node;
}

std::optional<JinjaOperator> FindOperator(const JinjaToken& token) {
  struct Entry {
    std::string_view text;
    JinjaOperator value;
  };
  static constexpr Entry kEntries[] = {
      {"+", JinjaOperator::kAdd},          {"-", JinjaOperator::kSubtract},
      {"*", JinjaOperator::kMultiply},     {"/", JinjaOperator::kDivide},
      {"//", JinjaOperator::kFloorDivide}, {"%", JinjaOperator::kModulo},
      {"==", JinjaOperator::kEqual},       {"!=", JinjaOperator::kNotEqual},
      {"<", JinjaOperator::kLess},         {"<=", JinjaOperator::kLessEqual},
      {">", JinjaOperator::kGreater},      {">=", JinjaOperator::kGreaterEqual}};
  if (token.kind != TokenKind::kOperator) return std::nullopt;
  for (const Entry& entry : kEntries) {
    if (entry.text == token.text) return entry.value;
  }
  return std::nullopt;
}

bool IsSum(JinjaOperator value) { return value <= JinjaOperator::kSubtract; }
bool IsProduct(JinjaOperator value) {
  return value >= JinjaOperator::kMultiply && value <= JinjaOperator::kModulo;
}
bool IsComparison(JinjaOperator value) { return value >= JinjaOperator::kEqual; }

bool IsSafeText(const JinjaExpressionPtr& operand) {
  return operand->kind == Kind::kChain && operand->links.back().builtin != nullptr &&
         operand->links.back().builtin == FindJinjaFilter("safe");
}

// The node for the operands of a chain of equal precedence; a single operand stays what it is.
JinjaExpressionPtr MakeFlat(Kind kind, std::vector<JinjaExpressionPtr> operands,
                            std::vector<JinjaOperator> operators) {
  if (operands.size() == 1) return std::move(operands[0]);
  auto node = MakeNode(kind, operands[0]->offset);
  const bool adds = kind == Kind::kArithmetic || kind == Kind::kConcat;
  node->adds_to_safe_text = adds && std::any_of(operands.begin(), operands.end(), IsSafeText);
  node->operands = std::move(operands);
  node->operators = std::move(operators);
  return node;
}

}  // namespace

JinjaExpressionPtr JinjaExpressionParser::ParseExpression() {
  const JinjaParseState::Nesting nesting(state_);
  JinjaExpressionPtr value = ParseOr();
  const uint32_t offset = state_.offset();
  if (!state_.SkipWord("if")) return value;
  auto node = MakeNode(Kind::kConditional, offset);
  node->operands.push_back(std::move(value));
  node->operands.push_back(ParseOr());
  node->operands.push_back(state_.SkipWord("else") ? ParseExpression() : nullptr);
  if (state_.IsWord("if")) state_.Fail("an `if` after an `if` without `else` is not supported");
  return node;
}

JinjaExpressionPtr JinjaExpressionParser::ParseTuple() { return ParseTupleUntil({}); }

JinjaExpressionPtr JinjaExpressionParser::ParseTupleUntil(std::string_view closer) {
  const uint32_t offset = state_.offset();
  std::vector<JinjaExpressionPtr> items;
  const auto ends = [&] {
    return closer.empty() ? state_.Is(TokenKind::kBlockEnd) || state_.Is(TokenKind::kVariableEnd)
                          : state_.IsOperator(closer);
  };
  if (!closer.empty() && ends()) return MakeNode(Kind::kTuple, offset);
  items.push_back(ParseExpression());
  if (!state_.IsOperator(",")) return std::move(items[0]);
  while (state_.SkipOperator(",")) {
    if (ends()) break;
    items.push_back(ParseExpression());
  }
  auto node = MakeNode(Kind::kTuple, offset);
  node->operands = std::move(items);
  return node;
}

JinjaExpressionPtr JinjaExpressionParser::ParseOr() {
  std::vector<JinjaExpressionPtr> operands;
  do {
    operands.push_back(ParseAnd());
  } while (state_.SkipWord("or"));
  return MakeFlat(Kind::kOr, std::move(operands), {});
}

JinjaExpressionPtr JinjaExpressionParser::ParseAnd() {
  std::vector<JinjaExpressionPtr> operands;
  do {
    operands.push_back(ParseNot());
  } while (state_.SkipWord("and"));
  return MakeFlat(Kind::kAnd, std::move(operands), {});
}

JinjaExpressionPtr JinjaExpressionParser::ParseNot() {
  const uint32_t offset = state_.offset();
  if (!state_.SkipWord("not")) return ParseCompare();
  const JinjaParseState::Nesting nesting(state_);
  auto node = MakeNode(Kind::kNot, offset);
  node->operands.push_back(ParseNot());
  return node;
}

JinjaExpressionPtr JinjaExpressionParser::ParseCompare() {
  std::vector<JinjaExpressionPtr> operands;
  std::vector<JinjaOperator> operators;
  operands.push_back(ParseSum());
  while (true) {
    const std::optional<JinjaOperator> found = FindOperator(state_.current());
    if (found && IsComparison(*found)) {
      state_.Advance();
      operators.push_back(*found);
    } else if (state_.SkipWord("in")) {
      operators.push_back(JinjaOperator::kIn);
    } else if (state_.IsWord("not") && state_.next().kind == TokenKind::kName &&
               state_.next().text == "in") {
      state_.Advance();
      state_.Advance();
      operators.push_back(JinjaOperator::kNotIn);
    } else {
      return MakeFlat(Kind::kCompare, std::move(operands), std::move(operators));
    }
    operands.push_back(ParseSum());
  }
}

JinjaExpressionPtr JinjaExpressionParser::ParseSum() {
  std::vector<JinjaExpressionPtr> operands;
  std::vector<JinjaOperator> operators;
  operands.push_back(ParseConcat());
  for (auto found = FindOperator(state_.current()); found && IsSum(*found);
       found = FindOperator(state_.current())) {
    state_.Advance();
    operators.push_back(*found);
    operands.push_back(ParseConcat());
  }
  return MakeFlat(Kind::kArithmetic, std::move(operands), std::move(operators));
}

JinjaExpressionPtr JinjaExpressionParser::ParseConcat() {
  std::vector<JinjaExpressionPtr> operands;
  do {
    operands.push_back(ParseProduct());
  } while (state_.SkipOperator("~"));
  return MakeFlat(Kind::kConcat, std::move(operands), {});
}

JinjaExpressionPtr JinjaExpressionParser::ParseProduct() {
  std::vector<JinjaExpressionPtr> operands;
  std::vector<JinjaOperator> operators;
  operands.push_back(ParseUnary(UnaryTail::kWithFilters));
  for (auto found = FindOperator(state_.current()); found && IsProduct(*found);
       found = FindOperator(state_.current())) {
    state_.Advance();
    operators.push_back(*found);
    operands.push_back(ParseUnary(UnaryTail::kWithFilters));
  }
  if (state_.IsOperator("**")) state_.Fail("`**` is not supported");
  return MakeFlat(Kind::kArithmetic, std::move(operands), std::move(operators));
}

JinjaExpressionPtr JinjaExpressionParser::ParseUnary(UnaryTail tail) {
  const uint32_t offset = state_.offset();
  JinjaExpressionPtr value;
  if (state_.IsOperator("-") || state_.IsOperator("+")) {
    const JinjaParseState::Nesting nesting(state_);
    auto node = MakeNode(state_.IsOperator("-") ? Kind::kNegate : Kind::kPlus, offset);
    state_.Advance();
    node->operands.push_back(ParseUnary(UnaryTail::kPlain));
    value = std::move(node);
  } else {
    value = ParsePrimary();
  }
  auto chain = MakeNode(Kind::kChain, offset);
  chain->operands.push_back(std::move(value));
  ParsePostfix(*chain);
  if (tail == UnaryTail::kWithFilters) ParseFiltersAndTests(*chain);
  if (chain->links.empty()) return std::move(chain->operands[0]);
  return chain;
}

JinjaExpressionPtr JinjaExpressionParser::ParsePrimary() {
  const JinjaToken& token = state_.current();
  const uint32_t offset = token.offset;
  if (token.kind == TokenKind::kName) return ParseName();
  if (token.kind == TokenKind::kString) {
    std::string text;
    for (; state_.Is(TokenKind::kString); state_.Advance()) text += state_.current().text;
    return MakeConstant(JinjaValue::Text(text, PromptSpan::Origin::kTemplate), offset);
  }
  if (token.kind == TokenKind::kInteger || token.kind == TokenKind::kFloat) {
    JinjaValue number =
        token.kind == TokenKind::kInteger ? JinjaValue(token.integer) : JinjaValue(token.real);
    state_.Advance();
    return MakeConstant(std::move(number), offset);
  }
  if (state_.IsOperator("(")) return ParseParentheses();
  if (state_.IsOperator("[")) return ParseList();
  if (state_.IsOperator("{")) return ParseDict();
  state_.Fail("a value is missing before " + state_.Describe());
}

JinjaExpressionPtr JinjaExpressionParser::ParseName() {
  const uint32_t offset = state_.offset();
  const std::string& word = state_.current().text;
  if (std::find(kReservedWords.begin(), kReservedWords.end(), word) != kReservedWords.end()) {
    state_.Fail("a value is missing before `" + word + "`");
  }
  const std::string name = state_.ExpectName();
  if (name == "true" || name == "True") return MakeConstant(true, offset);
  if (name == "false" || name == "False") return MakeConstant(false, offset);
  if (name == "none" || name == "None") return MakeConstant(JinjaNone(), offset);
  auto node = MakeNode(Kind::kName, offset);
  node->name = state_.Intern(name);
  return node;
}

JinjaExpressionPtr JinjaExpressionParser::ParseParentheses() {
  state_.ExpectOperator("(");
  JinjaExpressionPtr value = ParseTupleUntil(")");
  state_.ExpectOperator(")");
  return value;
}

JinjaExpressionPtr JinjaExpressionParser::ParseList() {
  auto node = MakeNode(Kind::kList, state_.offset());
  state_.ExpectOperator("[");
  while (!state_.IsOperator("]")) {
    node->operands.push_back(ParseExpression());
    if (!state_.IsOperator("]")) state_.ExpectOperator(",");
  }
  state_.ExpectOperator("]");
  return node;
}

JinjaExpressionPtr JinjaExpressionParser::ParseDict() {
  auto node = MakeNode(Kind::kDict, state_.offset());
  state_.ExpectOperator("{");
  while (!state_.IsOperator("}")) {
    node->operands.push_back(ParseExpression());
    state_.ExpectOperator(":");
    node->operands.push_back(ParseExpression());
    if (!state_.IsOperator("}")) state_.ExpectOperator(",");
  }
  state_.ExpectOperator("}");
  return node;
}

}  // namespace rowmill
