#include "text/jinja_parse_state.h"

namespace rowmill {

bool JinjaParseState::SkipOperator(std::string_view text) {
  if (!IsOperator(text)) return false;
  Advance();
  return true;
}

bool JinjaParseState::SkipWord(std::string_view word) {
  if (!IsWord(word)) return false;
  Advance();
  return true;
}

void JinjaParseState::ExpectOperator(std::string_view text) {
  if (!SkipOperator(text)) Fail("`" + std::string(text) + "` is missing before " + Describe());
}

void JinjaParseState::ExpectWord(std::string_view word) {
  if (!SkipWord(word)) Fail("`" + std::string(word) + "` is missing before " + Describe());
}

void JinjaParseState::Expect(JinjaToken::Kind kind) {
  if (!Is(kind)) Fail(Describe() + " is not expected here");
  Advance();
}

std::string JinjaParseState::ExpectName() {
  if (!Is(JinjaToken::Kind::kName)) Fail("a name is missing before " + Describe());
  std::string name = current().text;
  Advance();
  return name;
}

std::string JinjaParseState::Describe() const {
  switch (current().kind) {
    case JinjaToken::Kind::kData:
      return "text";
    case JinjaToken::Kind::kVariableBegin:
      return "`{{`";
    case JinjaToken::Kind::kVariableEnd:
      return "`}}`";
    case JinjaToken::Kind::kBlockBegin:
      return "`{%`";
    case JinjaToken::Kind::kBlockEnd:
      return "`%}`";
    case JinjaToken::Kind::kString:
      return "a string";
    case JinjaToken::Kind::kInteger:
    case JinjaToken::Kind::kFloat:
      return "a number";
    case JinjaToken::Kind::kName:
    case JinjaToken::Kind::kOperator:
      return "`" + current().text + "`";
    case JinjaToken::Kind::kEnd:
      return "the end of the template";
  }
  return "a token";
}

JinjaName JinjaParseState::Intern(std::string_view name) {
  const auto found = name_index_.find(name);
  if (found != name_index_.end()) return found->second;
  const auto index = static_cast<JinjaName>(names_.size());
  names_.emplace_back(name);
  name_index_.emplace(name, index);
  return index;
}

}  // namespace rowmill
