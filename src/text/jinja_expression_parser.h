// Expressions of chat templates, by recursive descent with Jinja's precedences, loosest first:
//   a if b else c; or; and; not; == != < <= > >= in, not in; + -; ~; * / // %; unary + -; . [] ();
//   | is
// (`~` binds tighter than `+`, and `not` looser than a comparison.)
//
// All names of filters, tests and methods are resolved here: what the subset does not have is a
// ModelError when the model is loaded, not in the middle of a run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/jinja_ast.h"
#include "text/jinja_parse_state.h"

namespace rowmill {

class JinjaExpressionParser {
 public:
  explicit JinjaExpressionParser(JinjaParseState& state) : state_(state) {}

  JinjaExpressionPtr ParseExpression();
  // Without `a if b else c`, for places where an `if` belongs to what stands around.
  JinjaExpressionPtr ParseWithoutConditional() { return ParseOr(); }
  // `a, b` without parentheses is a tuple.
  JinjaExpressionPtr ParseTuple();

  // The names that are called like functions, each at its first place.
  struct CalledName {
    JinjaName name;
    uint32_t offset;
  };
  const std::vector<CalledName>& called_names() const { return called_names_; }

 private:
  struct CallArguments {
    std::vector<JinjaExpressionPtr> positional;
    std::vector<std::string>
        positional_literals;  // the text where it is a string literal, else empty
    std::vector<JinjaArgument> named;
  };
  enum class UnaryTail : uint8_t { kPlain, kWithFilters };

  JinjaExpressionPtr ParseOr();
  JinjaExpressionPtr ParseAnd();
  JinjaExpressionPtr ParseNot();
  JinjaExpressionPtr ParseCompare();
  JinjaExpressionPtr ParseSum();
  JinjaExpressionPtr ParseConcat();
  JinjaExpressionPtr ParseProduct();
  JinjaExpressionPtr ParseUnary(UnaryTail tail);
  JinjaExpressionPtr ParsePrimary();
  JinjaExpressionPtr ParseParentheses();
  JinjaExpressionPtr ParseList();
  JinjaExpressionPtr ParseDict();
  JinjaExpressionPtr ParseName();
  JinjaExpressionPtr ParseTupleUntil(std::string_view closer);

  void ParsePostfix(JinjaExpression& chain);
  void ParseFiltersAndTests(JinjaExpression& chain);
  void ParseAttribute(JinjaExpression& chain);
  void ParseSubscript(JinjaExpression& chain);
  void ParseCall(JinjaExpression& chain);
  void ParseFilter(JinjaExpression& chain);
  void ParseTest(JinjaExpression& chain);
  bool IsAtTestArgument() const;

  CallArguments ParseCallArguments();
  // Sorts the arguments to the parameters of the builtin, and its element builtin where it takes
  // one.
  void BindArguments(CallArguments arguments, JinjaLink& link) const;
  void TakeElementBuiltin(CallArguments& arguments, JinjaLink& link) const;
  std::vector<JinjaExpressionPtr> BindParameters(CallArguments arguments,
                                                 const JinjaBuiltin& builtin,
                                                 uint32_t offset) const;

  JinjaParseState& state_;
  std::vector<CalledName> called_names_;
};

}  // namespace rowmill
