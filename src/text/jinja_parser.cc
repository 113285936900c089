#include "text/jinja_parser.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja_expression_parser.h"
#include "text/jinja_parse_state.h"

namespace rowmill {
namespace {

using Kind = JinjaStatement::Kind;
using TokenKind = JinjaToken::Kind;

class Parser {
 public:
  explicit Parser(const JinjaSource& source) : state_(source), expressions_(state_) {}

  JinjaBlock Run() {
    JinjaBlock body = ParseBlock({}, 0);
    for (const auto& [name, offset] : expressions_.called_names()) {
      const std::string& text = state_.NameOf(name);
      if (bound_names_.contains(name) || FindJinjaGlobal(text) != JinjaFunction::Kind::kMethod) {
        continue;
      }
      state_.FailAt(offset, "the function `" + text + "()` is not supported");
    }
    return body;
  }

  std::vector<std::string> TakeNames() { return state_.TakeNames(); }

 private:
  // What a statement is inside of. Macros may stand in `if` only: elsewhere they would have to keep
  // the variables around them alive.
  struct Surroundings {
    int scopes = 0;  // for, macro, set block, generation
    int loops = 0;
  };

  static JinjaStatement Make(Kind kind, uint32_t offset) {
    JinjaStatement statement;
    statement.kind = kind;
    statement.offset = offset;
    return statement;
  }

  // Statements up to the tag that begins with one of `end_words`, whose word is then the current
  // token. `opened` is the offset of the tag that the block belongs to.
  JinjaBlock ParseBlock(std::span<const std::string_view> end_words, uint32_t opened) {
    const JinjaParseState::Nesting nesting(state_);
    JinjaBlock body;
    while (true) {
      const uint32_t offset = state_.offset();
      if (state_.Is(TokenKind::kEnd)) {
        if (end_words.empty()) return body;
        state_.FailAt(opened, "this tag is never closed: `{% " + std::string(end_words.back()) +
                                  " %}` is missing");
      }
      if (state_.Is(TokenKind::kData)) {
        body.push_back(Make(Kind::kText, offset));
        body.back().text = state_.current().text;
        state_.Advance();
      } else if (state_.Is(TokenKind::kVariableBegin)) {
        state_.Advance();
        body.push_back(Make(Kind::kPrint, offset));
        body.back().expression = expressions_.ParseTuple();
        state_.Expect(TokenKind::kVariableEnd);
      } else {
        state_.Expect(TokenKind::kBlockBegin);
        if (state_.Is(TokenKind::kName) && std::find(end_words.begin(), end_words.end(),
                                                     state_.current().text) != end_words.end()) {
          return body;
        }
        body.push_back(ParseTag());
      }
    }
  }

  // The body of a tag whose `%}` comes next, up to and with the word that ends it.
  JinjaBlock ParseBody(std::span<const std::string_view> end_words, uint32_t opened) {
    state_.SkipOperator(":");
    state_.Expect(TokenKind::kBlockEnd);
    return ParseBlock(end_words, opened);
  }

  // As ParseBody, where only one word can end it; moves behind its `%}`.
  JinjaBlock ParseWholeBody(std::string_view end_word, uint32_t opened) {
    JinjaBlock body = ParseBody(std::array{end_word}, opened);
    state_.ExpectWord(end_word);
    state_.Expect(TokenKind::kBlockEnd);
    return body;
  }

  JinjaStatement ParseTag() {
    const uint32_t offset = state_.offset();
    const std::string word = state_.ExpectName();
    if (word == "if") return ParseIf(offset);
    if (word == "for") return ParseFor(offset);
    if (word == "set") return ParseSet(offset);
    if (word == "macro") return ParseMacro(offset);
    if (word == "generation") return ParseScope(offset);
    if (word == "break" || word == "continue") return ParseJump(word, offset);
    if (word.starts_with("end") || word == "else" || word == "elif") {
      state_.FailAt(offset, "`" + word + "` closes nothing that is open here");
    }
    state_.FailAt(offset, "the tag `" + word + "` is not supported");
  }

  JinjaStatement ParseIf(uint32_t offset) {
    static constexpr std::array<std::string_view, 3> kAfterIf = {"elif", "else", "endif"};
    JinjaStatement statement = Make(Kind::kIf, offset);
    while (true) {
      JinjaBranch& branch = statement.branches.emplace_back();
      branch.condition = expressions_.ParseWithoutConditional();
      branch.body = ParseBody(kAfterIf, offset);
      if (!state_.SkipWord("elif")) break;
    }
    if (state_.SkipWord("else")) {
      statement.branches.emplace_back().body = ParseWholeBody("endif", offset);
    } else {
      state_.ExpectWord("endif");
      state_.Expect(TokenKind::kBlockEnd);
    }
    return statement;
  }

  JinjaStatement ParseFor(uint32_t offset) {
    static constexpr std::array<std::string_view, 2> kAfterFor = {"else", "endfor"};
    JinjaStatement statement = Make(Kind::kFor, offset);
    statement.target = ParseTarget();
    if (!statement.target.attribute.empty()) {
      state_.FailAt(offset, "a loop cannot assign to the attribute of a namespace");
    }
    state_.ExpectWord("in");
    statement.expression = ParseIterated();
    if (state_.SkipWord("if")) statement.condition = expressions_.ParseExpression();
    if (state_.IsWord("recursive")) state_.Fail("recursive loops are not supported");
    state_.Intern("loop");
    const Surroundings outside = inside_;
    ++inside_.scopes;
    ++inside_.loops;
    statement.body = ParseBody(kAfterFor, offset);
    inside_.loops = outside.loops;
    if (state_.SkipWord("else")) {
      statement.else_body = ParseWholeBody("endfor", offset);
    } else {
      state_.ExpectWord("endfor");
      state_.Expect(TokenKind::kBlockEnd);
    }
    inside_ = outside;
    return statement;
  }

  // `a, b` after `in` is a tuple, as everywhere, but an `if` begins the filter of the loop.
  JinjaExpressionPtr ParseIterated() {
    JinjaExpressionPtr first = expressions_.ParseWithoutConditional();
    if (!state_.IsOperator(",")) return first;
    auto tuple = std::make_unique<JinjaExpression>();
    tuple->kind = JinjaExpression::Kind::kTuple;
    tuple->offset = first->offset;
    tuple->operands.push_back(std::move(first));
    while (state_.SkipOperator(",")) {
      tuple->operands.push_back(expressions_.ParseWithoutConditional());
    }
    return tuple;
  }

  JinjaStatement ParseSet(uint32_t offset) {
    JinjaStatement statement = Make(Kind::kSet, offset);
    statement.target = ParseTarget();
    if (state_.SkipOperator("=")) {
      statement.expression = expressions_.ParseTuple();
      state_.Expect(TokenKind::kBlockEnd);
      return statement;
    }
    if (state_.IsOperator("|")) state_.Fail("filters on a `set` block are not supported");
    if (statement.target.unpacks) state_.Fail("a `set` block assigns to one name");
    statement.kind = Kind::kSetBlock;
    const Surroundings outside = inside_;
    ++inside_.scopes;
    statement.body = ParseWholeBody("endset", offset);
    inside_ = outside;
    return statement;
  }

  // name | name.attribute | name, name | (name, name)
  JinjaTarget ParseTarget() {
    JinjaTarget target;
    const bool in_parentheses = state_.SkipOperator("(");
    do {
      if (!target.names.empty() && !state_.Is(TokenKind::kName)) break;  // a comma at the end
      target.names.push_back(ParseTargetName());
      if (state_.IsOperator(".")) break;
      if (state_.IsOperator(",")) target.unpacks = true;
    } while (state_.SkipOperator(","));
    if (in_parentheses) state_.ExpectOperator(")");
    if (state_.IsOperator(".")) {
      if (target.unpacks || in_parentheses) state_.Fail("`.` is not expected here");
      state_.Advance();
      target.attribute = state_.ExpectName();
      if (target.attribute.starts_with("__")) state_.Fail("such an attribute does not exist here");
    } else {
      bound_names_.insert(target.names.begin(), target.names.end());
    }
    return target;
  }

  JinjaName ParseTargetName() {
    static constexpr std::array<std::string_view, 6> kConstants = {"true",  "True", "false",
                                                                   "False", "none", "None"};
    const uint32_t offset = state_.offset();
    const std::string name = state_.ExpectName();
    if (std::find(kConstants.begin(), kConstants.end(), name) != kConstants.end()) {
      state_.FailAt(offset, "`" + name + "` cannot be assigned to");
    }
    return state_.Intern(name);
  }

  JinjaStatement ParseMacro(uint32_t offset) {
    if (inside_.scopes > 0) {
      state_.FailAt(offset, "a macro inside a loop, a macro or a `set` block is not supported");
    }
    auto macro = std::make_unique<JinjaMacro>();
    macro->name = ParseTargetName();
    bound_names_.insert(macro->name);
    state_.ExpectOperator("(");
    while (!state_.IsOperator(")")) {
      JinjaMacro::Parameter& parameter = macro->parameters.emplace_back();
      parameter.name = ParseTargetName();
      bound_names_.insert(parameter.name);
      if (state_.SkipOperator("=")) {
        parameter.default_value = expressions_.ParseExpression();
      } else if (macro->parameters.size() > 1 &&
                 macro->parameters[macro->parameters.size() - 2].default_value != nullptr) {
        state_.Fail("a parameter without default follows one with a default");
      }
      if (!state_.IsOperator(")")) state_.ExpectOperator(",");
    }
    state_.ExpectOperator(")");
    const Surroundings outside = std::exchange(inside_, Surroundings{1, 0});
    macro->body = ParseWholeBody("endmacro", offset);
    inside_ = outside;
    JinjaStatement statement = Make(Kind::kMacro, offset);
    statement.macro = std::move(macro);
    return statement;
  }

  JinjaStatement ParseScope(uint32_t offset) {
    JinjaStatement statement = Make(Kind::kScope, offset);
    const Surroundings outside = inside_;
    ++inside_.scopes;
    statement.body = ParseWholeBody("endgeneration", offset);
    inside_ = outside;
    return statement;
  }

  JinjaStatement ParseJump(std::string_view word, uint32_t offset) {
    if (inside_.loops == 0) {
      state_.FailAt(offset, "`" + std::string(word) + "` stands outside a loop");
    }
    state_.Expect(TokenKind::kBlockEnd);
    return Make(word == "break" ? Kind::kBreak : Kind::kContinue, offset);
  }

  JinjaParseState state_;
  JinjaExpressionParser expressions_;
  Surroundings inside_;
  std::set<JinjaName> bound_names_;
};

}  // namespace

JinjaFunction::Kind FindJinjaGlobal(std::string_view name) {
  using Function = JinjaFunction::Kind;
  if (name == "range") return Function::kRange;
  if (name == "namespace") return Function::kNamespace;
  if (name == "raise_exception") return Function::kRaiseException;
  if (name == "strftime_now") return Function::kStrftimeNow;
  return Function::kMethod;
}

JinjaProgram ParseJinja(std::string_view source, std::string_view name) {
  JinjaProgram program{JinjaSource(source, name), {}, {}};
  Parser parser(program.source);
  program.body = parser.Run();
  program.names = parser.TakeNames();
  return program;
}

}  // namespace rowmill
