// What the two halves of the parser share: the tokens and the place among them, the names seen so
// far, and how deeply the template is nested here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja_ast.h"
#include "text/jinja_lexer.h"

namespace rowmill {

class JinjaParseState {
 public:
  // Blocks, brackets and unary operators inside each other. Published templates stay below 20.
  static constexpr int kMaxNesting = 64;

  explicit JinjaParseState(const JinjaSource& source)
      : source_(source), tokens_(TokenizeJinja(source)) {}

  const JinjaToken& current() const { return tokens_[at_]; }
  const JinjaToken& next() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  uint32_t offset() const { return current().offset; }
  void Advance() {
    if (at_ + 1 < tokens_.size()) ++at_;
  }

  bool Is(JinjaToken::Kind kind) const { return current().kind == kind; }
  bool IsOperator(std::string_view text) const {
    return current().kind == JinjaToken::Kind::kOperator && current().text == text;
  }
  bool IsWord(std::string_view word) const {
    return current().kind == JinjaToken::Kind::kName && current().text == word;
  }
  // Skips the token where it is that one.
  bool SkipOperator(std::string_view text);
  bool SkipWord(std::string_view word);
  // Throw ModelError where the token is another one.
  void ExpectOperator(std::string_view text);
  void ExpectWord(std::string_view word);
  void Expect(JinjaToken::Kind kind);
  std::string ExpectName();

  [[noreturn]] void Fail(std::string_view message) const { FailAt(offset(), message); }
  [[noreturn]] void FailAt(size_t offset, std::string_view message) const {
    source_.Fail(offset, message);
  }
  // "`foo`", "the end of the template", ... for error texts.
  std::string Describe() const;

  JinjaName Intern(std::string_view name);
  std::vector<std::string> TakeNames() { return std::move(names_); }
  const std::string& NameOf(JinjaName name) const { return names_[name]; }

  // One level deeper for as long as it lives.
  class Nesting {
   public:
    explicit Nesting(JinjaParseState& state) : state_(state) {
      if (++state_.nesting_ > kMaxNesting) {
        state_.Fail("the template is nested deeper than " + std::to_string(kMaxNesting));
      }
    }
    ~Nesting() { --state_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    JinjaParseState& state_;
  };

 private:
  const JinjaSource& source_;
  std::vector<JinjaToken> tokens_;
  size_t at_ = 0;
  int nesting_ = 0;
  std::vector<std::string> names_;
  std::map<std::string, JinjaName, std::less<>> name_index_;
};

}  // namespace rowmill
