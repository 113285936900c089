// Runs one parsed chat template over one set of variables. One object per rendering; the program is
// shared and const.
//
// Time, memory and stack are bounded whatever the template and the variables are: by steps
// (JinjaBudget), by the length of a text (kMaxJinjaText) and by the depth of evaluation.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja_ast.h"
#include "text/jinja_date.h"
#include "text/jinja_text.h"
#include "text/jinja_value.h"

namespace rowmill {

struct JinjaLimits {
  uint64_t steps = 1'000'000;
};

// The name and value of each variable that the template is given.
using JinjaVariables = std::vector<std::pair<std::string_view, JinjaValue>>;

class JinjaInterpreter {
 public:
  JinjaInterpreter(const JinjaProgram& program, const JinjaDate& date, const JinjaLimits& limits);

  // Called once. Throws ModelError with line and column where the template fails.
  JinjaText Run(const JinjaVariables& variables);

 private:
  // Nodes of the tree inside each other, macros included. At about 1 KiB of stack each in a build
  // with sanitizers, far from the 8 MiB that a thread has.
  static constexpr int kMaxDepth = 600;
  static constexpr int kMaxMacroDepth = 64;
  static constexpr int64_t kMaxRange = 100'000;  // as in Jinja's sandbox

  enum class Flow : uint8_t { kNext, kBreak, kContinue };
  // The variables of one iteration, macro call or block.
  using Scope = std::vector<std::pair<JinjaName, JinjaValue>>;
  // One level deeper for as long as it lives. After a failure nothing runs any more, so that a
  // level that could not be entered needs no way back.
  class Depth {
   public:
    explicit Depth(JinjaInterpreter& run) : run_(run) {
      if (++run_.depth_ > kMaxDepth) FailJinja("expressions and macros are nested too deeply");
    }
    ~Depth() { --run_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    JinjaInterpreter& run_;
  };

  Flow Execute(const JinjaBlock& block);
  Flow ExecuteStatement(const JinjaStatement& statement);
  Flow ExecuteIf(const JinjaStatement& statement);
  Flow ExecuteFor(const JinjaStatement& statement);
  Flow ExecuteSetBlock(const JinjaStatement& statement);
  Flow ExecuteInScope(const JinjaBlock& block);
  std::shared_ptr<const JinjaList> SelectItems(const JinjaStatement& statement);
  void Print(const JinjaValue& value);
  void Assign(const JinjaTarget& target, JinjaValue value);
  void AssignName(JinjaName name, JinjaValue value);
  void AssignAttribute(const JinjaTarget& target, JinjaValue value);

  JinjaValue Evaluate(const JinjaExpression& expression);
  JinjaValue EvaluateContainer(const JinjaExpression& expression);
  JinjaValue EvaluateLogic(const JinjaExpression& expression);
  JinjaValue EvaluateOperators(const JinjaExpression& expression);
  JinjaValue EvaluateConcat(const JinjaExpression& expression);
  JinjaValue EvaluateChain(const JinjaExpression& expression);
  JinjaValue ApplyLink(const JinjaLink& link, const JinjaValue& value);
  JinjaValue ApplySubscript(const JinjaLink& link, const JinjaValue& value);
  JinjaValue ApplyBuiltin(const JinjaLink& link, const JinjaValue& value);
  JinjaValue LookUp(JinjaName name);

  JinjaValue Call(const JinjaLink& link, const JinjaFunction& function);
  JinjaValue CallMacro(const JinjaLink& link, const JinjaMacro& macro);
  Scope BindMacroArguments(const JinjaLink& link, const JinjaMacro& macro);
  JinjaValue MakeRange(const JinjaLink& link);
  JinjaValue MakeNamespace(const JinjaLink& link);
  JinjaValue FormatDate(const JinjaLink& link);
  [[noreturn]] void RaiseException(const JinjaLink& link);
  // The arguments of a global function, which all are given by position.
  std::vector<JinjaValue> PositionalArguments(const JinjaLink& link, size_t most);

  const JinjaProgram& program_;
  JinjaDate date_;
  JinjaBudget budget_;
  JinjaName loop_name_ = 0;   // of `loop`
  JinjaText* out_ = nullptr;  // what is printed to: the prompt, a macro's result, a set block
  std::vector<std::optional<JinjaValue>> globals_;  // by name: variables, macros, top-level `set`
  std::vector<Scope> scopes_;
  size_t first_scope_ = 0;  // of the macro that runs; scopes before it are its callers'
  std::deque<JinjaNamespace> namespaces_;
  int depth_ = 0;
  int macro_depth_ = 0;
  uint32_t offset_ = 0;  // of the operation that is going on, for error texts
};

}  // namespace rowmill
