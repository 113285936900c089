#include "text/jinja_builtin.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "text/jinja_string.h"

namespace rowmill {
namespace {

// Python's own attributes come before a dict's keys in `dict.name` and after them in
// `dict["name"]`; a template that asks for `schema.items` gets the method, here as there.
constexpr std::string_view kDictMethods[] = {"clear",      "copy",   "fromkeys", "get",
                                             "items",      "keys",   "pop",      "popitem",
                                             "setdefault", "update", "values"};
constexpr std::string_view kListMethods[] = {"append", "clear",   "copy",   "count",
                                             "extend", "index",   "insert", "pop",
                                             "remove", "reverse", "sort"};

bool IsIn(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsMethodOf(const JinjaValue& value, std::string_view name) {
  if (value.AsDict() != nullptr) return IsIn(kDictMethods, name);
  if (value.AsList() != nullptr) return IsIn(kListMethods, name);
  return value.AsText() != nullptr && !IsIn(kDictMethods, name) && FindJinjaMethod(name) != nullptr;
}

JinjaValue ElementAt(const JinjaList& list, int64_t index) {
  const auto length = static_cast<int64_t>(list.items.size());
  if (index < -length || index >= length) return {};
  return list.items[static_cast<size_t>(index < 0 ? index + length : index)];
}

const JinjaValue* FindInDict(const JinjaDict& dict, const JinjaValue& key, JinjaBudget& budget) {
  for (const auto& [candidate, value] : dict.items) {
    if (AreEqual(candidate, key, budget)) return &value;
  }
  return nullptr;
}

// The part of a path as a key: digits are an index.
JinjaValue PartAsKey(std::string_view part) {
  int64_t index = 0;
  const auto result = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool is_index = !part.empty() && part[0] != '-' && result.ec == std::errc() &&
                        result.ptr == part.data() + part.size();
  if (is_index) return index;
  return JinjaValue::Text(part, PromptSpan::Origin::kTemplate);
}

}  // namespace

int64_t JinjaCall::IntArgument(size_t i, int64_t missing) const {
  const JinjaValue* argument = Argument(i);
  if (argument == nullptr) return missing;
  if (const bool* boolean = argument->AsBool()) return *boolean ? 1 : 0;
  if (const int64_t* integer = argument->AsInt()) return *integer;
  RequireDefined(*argument);
  FailJinja("an argument has to be an int, not a " + std::string(argument->TypeName()));
}

const JinjaText& JinjaCall::TextArgument(size_t i) const {
  const JinjaText* text = OptionalText(i);
  if (text == nullptr) FailJinja("an argument has to be a str, not None");
  return *text;
}

const JinjaText* JinjaCall::OptionalText(size_t i) const {
  const JinjaValue* argument = Argument(i);
  if (argument == nullptr || argument->IsNone()) return nullptr;
  if (const JinjaText* text = argument->AsText()) return text;
  RequireDefined(*argument);
  FailJinja("an argument has to be a str, not a " + std::string(argument->TypeName()));
}

bool JinjaCall::BoolArgument(size_t i) const {
  const JinjaValue* argument = Argument(i);
  return argument != nullptr && IsTrue(*argument);
}

size_t JinjaBuiltin::NumParameters() const {
  size_t count = 0;
  while (count < parameters.size() && !parameters[count].empty()) ++count;
  return count;
}

const JinjaBuiltin* FindJinjaBuiltin(std::span<const JinjaBuiltin> table, std::string_view name) {
  for (const JinjaBuiltin& builtin : table) {
    if (builtin.name == name) return &builtin;
  }
  return nullptr;
}

JinjaValue GetAttribute(const JinjaValue& value, const std::string& name) {
  RequireDefined(value);
  if (IsMethodOf(value, name)) return JinjaFunction{};
  const JinjaValue* found = nullptr;
  if (const JinjaDict* dict = value.AsDict()) found = dict->Find(name);
  if (const JinjaNamespace* space = value.AsNamespace()) found = space->Find(name);
  if (found != nullptr) return *found;
  if (const JinjaLoop* loop = value.AsLoop()) {
    JinjaValue attribute = loop->Attribute(name);
    if (!attribute.IsUndefined()) return attribute;
  }
  return JinjaUndefined{&name};
}

JinjaValue GetElement(const JinjaValue& value, const JinjaValue& key, const std::string* name,
                      JinjaBudget& budget) {
  RequireDefined(value);
  int64_t index = 0;
  const bool is_index = key.AsInt() != nullptr || key.AsBool() != nullptr;
  if (key.AsInt() != nullptr) index = *key.AsInt();
  if (key.AsBool() != nullptr) index = *key.AsBool() ? 1 : 0;
  const JinjaText* text_key = key.AsText();
  if (const JinjaDict* dict = value.AsDict()) {
    if (const JinjaValue* found = FindInDict(*dict, key, budget)) return *found;
    if (text_key != nullptr && IsMethodOf(value, text_key->view())) return JinjaFunction{};
  } else if (const JinjaList* list = value.AsList()) {
    JinjaValue element = is_index ? ElementAt(*list, index) : JinjaValue();
    if (!element.IsUndefined()) return element;
  } else if (const JinjaText* text = value.AsText()) {
    JinjaValue character = is_index ? CharacterAt(*text, index, budget) : JinjaValue();
    if (!character.IsUndefined()) return character;
  } else if (const JinjaNamespace* space = value.AsNamespace()) {
    const JinjaValue* found = text_key != nullptr ? space->Find(text_key->view()) : nullptr;
    if (found != nullptr) return *found;
  } else if (const JinjaLoop* loop = value.AsLoop()) {
    JinjaValue attribute = text_key != nullptr ? loop->Attribute(text_key->view()) : JinjaValue();
    if (!attribute.IsUndefined()) return attribute;
  }
  return JinjaUndefined{name};
}

JinjaValue GetPath(const JinjaValue& value, const JinjaValue& path, const JinjaValue* missing,
                   JinjaBudget& budget) {
  const bool has_missing = missing != nullptr && !missing->IsNone();
  const auto step = [&](const JinjaValue& from, const JinjaValue& key) {
    budget.Charge(1);
    JinjaValue found = GetElement(from, key, nullptr, budget);
    return found.IsUndefined() && has_missing ? *missing : found;
  };
  const JinjaText* text = path.AsText();
  if (text == nullptr) return step(value, path);
  JinjaValue at = value;
  std::string_view rest = text->view();
  while (true) {
    const size_t dot = rest.find('.');
    at = step(at, PartAsKey(rest.substr(0, dot)));
    if (dot == std::string_view::npos) return at;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace rowmill
