// What stands after `|`.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "text/jinja_builtin.h"
#include "text/jinja_print.h"
#include "text/jinja_sequence_filters.h"
#include "text/jinja_string.h"

namespace rowmill {
namespace {

JinjaValue Trim(const JinjaCall& call) {
  return StripText(ToText(call.self, call.budget), call.OptionalText(0), JinjaSide::kBoth,
                   call.budget);
}

JinjaValue Upper(const JinjaCall& call) {
  return ChangeCase(ToText(call.self, call.budget), JinjaCase::kUpper, call.budget);
}
JinjaValue Lower(const JinjaCall& call) {
  return ChangeCase(ToText(call.self, call.budget), JinjaCase::kLower, call.budget);
}
JinjaValue Capitalize(const JinjaCall& call) {
  return ChangeCase(ToText(call.self, call.budget), JinjaCase::kCapitalized, call.budget);
}

JinjaValue Replace(const JinjaCall& call) {
  const JinjaText old_text = ToText(*call.Argument(0), call.budget);
  const JinjaText new_text = ToText(*call.Argument(1), call.budget);
  const bool has_count = call.Argument(2) != nullptr && !call.Argument(2)->IsNone();
  return ReplaceText(ToText(call.self, call.budget),
                     {old_text, new_text, has_count ? call.IntArgument(2, -1) : -1}, call.budget);
}

// One of the two separators of json.dumps, which come as a pair.
std::optional<std::string> SeparatorAt(const JinjaValue* separators, size_t i) {
  if (separators == nullptr || separators->IsNone()) return std::nullopt;
  const JinjaList* pair = separators->AsList();
  if (pair == nullptr || pair->items.size() != 2 || pair->items[i].AsText() == nullptr) {
    FailJinja("the separators of tojson are a pair of str");
  }
  return pair->items[i].AsText()->text();
}

JinjaValue WriteJson(const JinjaCall& call) {
  JinjaJsonOptions options;
  options.ensure_ascii = call.BoolArgument(0);
  const JinjaValue* indent = call.Argument(1);
  if (indent != nullptr && !indent->IsNone()) options.indent = call.IntArgument(1, 0);
  options.item_separator = SeparatorAt(call.Argument(2), 0);
  options.key_separator = SeparatorAt(call.Argument(2), 1);
  options.sort_keys = call.BoolArgument(3);
  return ToJson(call.self, options, call.budget);
}

JinjaValue CountElements(const JinjaCall& call) { return Length(call.self, call.budget); }

JinjaValue Default(const JinjaCall& call) {
  const bool is_missing = call.self.IsUndefined() || (call.BoolArgument(1) && !IsTrue(call.self));
  if (!is_missing) return call.self;
  if (call.Argument(0) != nullptr) return *call.Argument(0);
  return JinjaText();
}

JinjaValue Join(const JinjaCall& call) {
  const JinjaText separator =
      call.Argument(0) == nullptr ? JinjaText() : ToText(*call.Argument(0), call.budget);
  const JinjaValue* attribute = call.Argument(1);
  const auto items = Iterate(call.self, call.budget);
  JinjaText out;
  for (size_t i = 0; i < items->items.size(); ++i) {
    const JinjaValue& item = items->items[i];
    const bool has_path = attribute != nullptr && !attribute->IsNone();
    if (i > 0) out.Append(separator);
    out.Append(
        ToText(has_path ? GetPath(item, *attribute, nullptr, call.budget) : item, call.budget));
    CheckJinjaTextSize(out.size());
    call.budget.ChargeBytes(separator.size());
  }
  return out;
}

JinjaValue AsListOfElements(const JinjaCall& call) {
  return JinjaValue::List(Iterate(call.self, call.budget)->items);
}

JinjaValue AsString(const JinjaCall& call) { return ToText(call.self, call.budget); }
JinjaValue Unchanged(const JinjaCall& call) { return call.self; }

JinjaValue First(const JinjaCall& call) {
  const auto items = Iterate(call.self, call.budget);
  return items->items.empty() ? JinjaValue() : items->items.front();
}
JinjaValue Last(const JinjaCall& call) {
  const auto items = Iterate(call.self, call.budget);
  return items->items.empty() ? JinjaValue() : items->items.back();
}

JinjaValue Reverse(const JinjaCall& call) {
  if (const JinjaText* text = call.self.AsText()) {
    return SliceText(*text, {std::nullopt, std::nullopt, -1}, call.budget);
  }
  std::vector<JinjaValue> items = Iterate(call.self, call.budget)->items;
  std::reverse(items.begin(), items.end());
  return JinjaValue::List(std::move(items));
}

JinjaValue Items(const JinjaCall& call) {
  if (call.self.IsUndefined()) return JinjaValue::List({});
  if (call.self.AsDict() == nullptr) FailJinja("the filter items takes a dict");
  return FindJinjaMethod("items")->function(call);
}

// `text` as Python's int() and float() read it, without the white space around it.
template <typename Number>
std::optional<Number> ParseNumber(const JinjaText& text, JinjaBudget& budget) {
  const JinjaText stripped = StripText(text, nullptr, JinjaSide::kBoth, budget);
  std::string_view digits = stripped.view();
  if (digits.starts_with('+')) {
    digits.remove_prefix(1);
    if (digits.starts_with('-')) return std::nullopt;
  }
  Number value{};
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (result.ec != std::errc() || result.ptr != digits.data() + digits.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> TruncateToInt(double value) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (!(value >= -kTwoTo63 && value < kTwoTo63)) return std::nullopt;
  return static_cast<int64_t>(value);
}

JinjaValue ToInt(const JinjaCall& call) {
  RequireDefined(call.self);
  std::optional<int64_t> value;
  if (const bool* boolean = call.self.AsBool()) value = *boolean ? 1 : 0;
  if (const int64_t* integer = call.self.AsInt()) value = *integer;
  if (const double* real = call.self.AsFloat()) value = TruncateToInt(*real);
  if (const JinjaText* text = call.self.AsText()) {
    value = ParseNumber<int64_t>(*text, call.budget);
    const std::optional<double> real =
        value ? std::nullopt : ParseNumber<double>(*text, call.budget);
    if (real) value = TruncateToInt(*real);
  }
  if (value) return *value;
  return call.Argument(0) != nullptr ? *call.Argument(0) : JinjaValue(int64_t{0});
}

JinjaValue ToFloat(const JinjaCall& call) {
  RequireDefined(call.self);
  std::optional<double> value;
  if (const bool* boolean = call.self.AsBool()) value = *boolean ? 1 : 0;
  if (const int64_t* integer = call.self.AsInt()) value = static_cast<double>(*integer);
  if (const double* real = call.self.AsFloat()) value = *real;
  if (const JinjaText* text = call.self.AsText()) value = ParseNumber<double>(*text, call.budget);
  if (value) return *value;
  return call.Argument(0) != nullptr ? *call.Argument(0) : JinjaValue(0.0);
}

constexpr JinjaBuiltin kFilters[] = {
    {"trim", {"chars"}, 0, Trim},
    {"upper", {}, 0, Upper},
    {"lower", {}, 0, Lower},
    {"capitalize", {}, 0, Capitalize},
    {"replace", {"old", "new", "count"}, 2, Replace},
    {"tojson", {"ensure_ascii", "indent", "separators", "sort_keys"}, 0, WriteJson},
    {"length", {}, 0, CountElements},
    {"count", {}, 0, CountElements},
    {"default", {"default_value", "boolean"}, 0, Default},
    {"d", {"default_value", "boolean"}, 0, Default},
    {"join", {"d", "attribute"}, 0, Join},
    {"map", {"attribute", "default"}, 0, MapElements, JinjaBuiltin::Element::kFilter},
    {"select", {}, 0, SelectElements, JinjaBuiltin::Element::kTest},
    {"reject", {}, 0, RejectElements, JinjaBuiltin::Element::kTest},
    {"selectattr", {"attribute"}, 1, SelectByAttribute, JinjaBuiltin::Element::kAttributeTest},
    {"rejectattr", {"attribute"}, 1, RejectByAttribute, JinjaBuiltin::Element::kAttributeTest},
    {"list", {}, 0, AsListOfElements},
    {"string", {}, 0, AsString},
    // Nothing is escaped, so nothing needs to be exempt. In Jinja a safe text escapes what is added
    // to it; the parser refuses a template that adds to one.
    {"safe", {}, 0, Unchanged},
    {"int", {"default"}, 0, ToInt},
    {"float", {"default"}, 0, ToFloat},
    {"first", {}, 0, First},
    {"last", {}, 0, Last},
    {"reverse", {}, 0, Reverse},
    {"items", {}, 0, Items},
    {"dictsort", {"case_sensitive", "by", "reverse"}, 0, SortDict},
    {"sort", {"reverse", "case_sensitive", "attribute"}, 0, SortElements},
    {"unique", {"case_sensitive", "attribute"}, 0, UniqueElements},
};

}  // namespace

const JinjaBuiltin* FindJinjaFilter(std::string_view name) {
  return FindJinjaBuiltin(kFilters, name);
}

}  // namespace rowmill
