// A parsed chat template. Built by text/jinja_parser.h, run by text/jinja_interpreter.h, const in
// between, so that all units share one.
//
// Chains are flat: `a + b + c`, `a.b[0].c()|d` and `if ... elif ... elif` are one node each,
// however long. What is left to nest is limited by the parser (JinjaParseState::kMaxNesting), so
// that whatever walks the tree, its destructor included, may recurse.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "text/jinja_builtin.h"
#include "text/jinja_source.h"
#include "text/jinja_value.h"

namespace rowmill {

using JinjaName = uint32_t;  // index in JinjaProgram::names

struct JinjaExpression;
using JinjaExpressionPtr = std::unique_ptr<const JinjaExpression>;

enum class JinjaOperator : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
};

// An argument of a macro or a global function; `name` is empty where it is given by position.
struct JinjaArgument {
  std::string name;
  JinjaExpressionPtr value;
};

// One link of a chain that is applied to a value: `.name`, `[i]`, `[a:b]`, `.method()`, `()`,
// `|filter`, `is test`.
struct JinjaLink {
  enum class Kind : uint8_t { kAttribute, kSubscript, kSlice, kCall, kBuiltin };

  Kind kind = Kind::kAttribute;
  uint32_t offset = 0;
  std::string name;      // kAttribute
  bool negated = false;  // kBuiltin: `is not`
  // kSubscript: the index. kSlice: start, stop, step. kBuiltin: one for each of its parameters.
  // Null where it is not given.
  std::vector<JinjaExpressionPtr> operands;
  std::vector<JinjaArgument> arguments;   // kCall
  const JinjaBuiltin* builtin = nullptr;  // kBuiltin: a method, filter or test
  // The filter or test that map, select and so on apply to each element, and its arguments.
  const JinjaBuiltin* element_builtin = nullptr;
  std::vector<JinjaExpressionPtr> element_operands;
};

struct JinjaExpression {
  enum class Kind : uint8_t {
    kConstant,
    kName,
    kList,         // operands: the elements
    kTuple,        // operands: the elements
    kDict,         // operands: key, value, key, value, ...
    kConditional,  // operands: value, condition, other value (null where there is no `else`)
    kOr,
    kAnd,
    kNot,
    kCompare,     // operators[i] stands between operands[i] and operands[i + 1]
    kArithmetic,  // likewise, left to right
    kConcat,      // ~
    kNegate,
    kPlus,
    kChain,  // links, applied to operands[0] in order
  };

  Kind kind = Kind::kConstant;
  uint32_t offset = 0;
  JinjaName name = 0;
  JinjaValue constant;
  std::vector<JinjaExpressionPtr> operands;
  std::vector<JinjaOperator> operators;
  // kArithmetic, kConcat: an operand ends in `|safe`. Jinja then escapes the HTML in the others,
  // which is never meant; the interpreter fails instead.
  bool adds_to_safe_text = false;
  std::vector<JinjaLink> links;
};

// What `set` and `for` assign to: a name, several names that one sequence is unpacked into, or an
// attribute of a namespace.
struct JinjaTarget {
  std::vector<JinjaName> names;
  bool unpacks = false;
  std::string attribute;  // empty where a name is assigned
};

struct JinjaStatement;
using JinjaBlock = std::vector<JinjaStatement>;

struct JinjaBranch {
  JinjaExpressionPtr condition;  // null for `else`
  JinjaBlock body;
};

struct JinjaMacro {
  struct Parameter {
    JinjaName name = 0;
    JinjaExpressionPtr default_value;  // null where there is none
  };

  JinjaName name = 0;
  std::vector<Parameter> parameters;
  JinjaBlock body;
};

struct JinjaStatement {
  enum class Kind : uint8_t {
    kText,
    kPrint,
    kSet,
    kSetBlock,
    kIf,
    kFor,
    kMacro,
    kScope,  // `{% generation %}`: only a mark for training; its body is printed
    kBreak,
    kContinue,
  };

  Kind kind = Kind::kText;
  uint32_t offset = 0;
  std::string text;
  JinjaTarget target;                 // kSet, kSetBlock, kFor
  JinjaExpressionPtr expression;      // what is printed, assigned, iterated
  JinjaExpressionPtr condition;       // kFor: which elements
  std::vector<JinjaBranch> branches;  // kIf
  JinjaBlock body;                    // kSetBlock, kFor, kScope
  JinjaBlock else_body;               // kFor: where there was no element
  std::unique_ptr<const JinjaMacro> macro;
};

struct JinjaProgram {
  JinjaSource source;
  std::vector<std::string> names;
  JinjaBlock body;
};

}  // namespace rowmill
