// The methods of Python's str and dict that chat templates call. None of them changes its object.
#include <span>
#include <vector>

#include "text/jinja_builtin.h"
#include "text/jinja_print.h"
#include "text/jinja_string.h"

namespace rowmill {
namespace {

[[noreturn]] void FailMethod(const JinjaValue& self) {
  RequireDefined(self);
  FailJinja("a " + std::string(self.TypeName()) + " has no such method");
}

const JinjaText& SelfText(const JinjaCall& call) {
  const JinjaText* text = call.self.AsText();
  if (text == nullptr) FailMethod(call.self);
  return *text;
}

const JinjaDict& SelfDict(const JinjaCall& call) {
  const JinjaDict* dict = call.self.AsDict();
  if (dict == nullptr) FailMethod(call.self);
  return *dict;
}

enum class End : uint8_t { kStart, kEnd };

bool HasAffix(std::string_view text, const JinjaValue& affix, End end) {
  const JinjaText* part = affix.AsText();
  if (part == nullptr) {
    RequireDefined(affix);
    FailJinja("startswith() and endswith() take a str or a tuple of str");
  }
  return end == End::kStart ? text.starts_with(part->view()) : text.ends_with(part->view());
}

JinjaValue HasAnyAffix(const JinjaCall& call, End end) {
  const JinjaText& text = SelfText(call);
  const JinjaValue& affix = *call.Argument(0);
  const JinjaList* affixes = affix.AsList();
  if (affixes == nullptr || !affixes->is_tuple) return HasAffix(text.view(), affix, end);
  bool found = false;
  for (const JinjaValue& candidate : affixes->items) {
    call.budget.Charge(1);
    found = found || HasAffix(text.view(), candidate, end);
  }
  return found;
}

JinjaValue StartsWith(const JinjaCall& call) { return HasAnyAffix(call, End::kStart); }
JinjaValue EndsWith(const JinjaCall& call) { return HasAnyAffix(call, End::kEnd); }

JinjaValue Strip(const JinjaCall& call) {
  return StripText(SelfText(call), call.OptionalText(0), JinjaSide::kBoth, call.budget);
}
JinjaValue StripLeft(const JinjaCall& call) {
  return StripText(SelfText(call), call.OptionalText(0), JinjaSide::kLeft, call.budget);
}
JinjaValue StripRight(const JinjaCall& call) {
  return StripText(SelfText(call), call.OptionalText(0), JinjaSide::kRight, call.budget);
}

JinjaValue Split(const JinjaCall& call) {
  const JinjaText& text = SelfText(call);
  return JinjaValue::List(
      SplitText(text, call.OptionalText(0), call.IntArgument(1, -1), call.budget));
}

JinjaValue Replace(const JinjaCall& call) {
  const JinjaText& text = SelfText(call);
  return ReplaceText(text, {call.TextArgument(0), call.TextArgument(1), call.IntArgument(2, -1)},
                     call.budget);
}

JinjaValue Upper(const JinjaCall& call) {
  return ChangeCase(SelfText(call), JinjaCase::kUpper, call.budget);
}
JinjaValue Lower(const JinjaCall& call) {
  return ChangeCase(SelfText(call), JinjaCase::kLower, call.budget);
}
JinjaValue Title(const JinjaCall& call) {
  return ChangeCase(SelfText(call), JinjaCase::kTitle, call.budget);
}
JinjaValue Capitalize(const JinjaCall& call) {
  return ChangeCase(SelfText(call), JinjaCase::kCapitalized, call.budget);
}

JinjaValue Find(const JinjaCall& call) {
  return FindFirst(SelfText(call), call.TextArgument(0), call.budget);
}
JinjaValue FindFromRight(const JinjaCall& call) {
  return FindLast(SelfText(call), call.TextArgument(0), call.budget);
}

JinjaValue Join(const JinjaCall& call) {
  const JinjaText& separator = SelfText(call);
  JinjaText out;
  const auto parts = Iterate(*call.Argument(0), call.budget);
  for (size_t i = 0; i < parts->items.size(); ++i) {
    const JinjaText* part = parts->items[i].AsText();
    if (part == nullptr) FailJinja("join() takes a list of str");
    if (i > 0) out.Append(separator);
    out.Append(*part);
    CheckJinjaTextSize(out.size());
    call.budget.ChargeBytes(part->size() + separator.size());
  }
  return out;
}

JinjaValue Get(const JinjaCall& call) {
  SelfDict(call);
  JinjaValue found = GetElement(call.self, *call.Argument(0), nullptr, call.budget);
  // Unlike a subscript, get() never gives a method.
  if (!found.IsUndefined() && found.AsFunction() == nullptr) return found;
  return call.Argument(1) == nullptr ? JinjaValue(JinjaNone()) : *call.Argument(1);
}

JinjaValue Items(const JinjaCall& call) {
  std::vector<JinjaValue> items;
  for (const auto& [key, value] : SelfDict(call).items) {
    call.budget.Charge(1);
    items.push_back(JinjaValue::Tuple({key, value}));
  }
  return JinjaValue::List(std::move(items));
}

JinjaValue Keys(const JinjaCall& call) {
  std::vector<JinjaValue> keys;
  for (const auto& [key, value] : SelfDict(call).items) keys.push_back(key);
  call.budget.Charge(keys.size());
  return JinjaValue::List(std::move(keys));
}

JinjaValue Values(const JinjaCall& call) {
  std::vector<JinjaValue> values;
  for (const auto& [key, value] : SelfDict(call).items) values.push_back(value);
  call.budget.Charge(values.size());
  return JinjaValue::List(std::move(values));
}

constexpr JinjaBuiltin kMethods[] = {
    {"startswith", {"prefix"}, 1, StartsWith},
    {"endswith", {"suffix"}, 1, EndsWith},
    {"strip", {"chars"}, 0, Strip},
    {"lstrip", {"chars"}, 0, StripLeft},
    {"rstrip", {"chars"}, 0, StripRight},
    {"split", {"sep", "maxsplit"}, 0, Split},
    {"replace", {"old", "new", "count"}, 2, Replace},
    {"upper", {}, 0, Upper},
    {"lower", {}, 0, Lower},
    {"title", {}, 0, Title},
    {"capitalize", {}, 0, Capitalize},
    {"find", {"sub"}, 1, Find},
    {"rfind", {"sub"}, 1, FindFromRight},
    {"join", {"iterable"}, 1, Join},
    {"get", {"key", "default"}, 1, Get},
    {"items", {}, 0, Items},
    {"keys", {}, 0, Keys},
    {"values", {}, 0, Values},
};

}  // namespace

const JinjaBuiltin* FindJinjaMethod(std::string_view name) {
  return FindJinjaBuiltin(kMethods, name);
}

}  // namespace rowmill
