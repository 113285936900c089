#include "text/jinja_value.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "text/jinja_unicode.h"

namespace rowmill {
namespace {

size_t NestingAround(size_t deepest_inside) {
  if (deepest_inside >= JinjaValue::kMaxNesting) {
    FailJinja("lists and dicts are nested deeper than " + std::to_string(JinjaValue::kMaxNesting));
  }
  return deepest_inside + 1;
}

// A number as Python compares it: bool counts as int.
struct Number {
  bool is_float = false;
  int64_t integer = 0;
  double real = 0;
};

std::optional<Number> AsNumber(const JinjaValue& value) {
  if (const bool* boolean = value.AsBool()) return Number{false, *boolean ? 1 : 0, 0};
  if (const int64_t* integer = value.AsInt()) return Number{false, *integer, 0};
  if (const double* real = value.AsFloat()) return Number{true, 0, *real};
  return std::nullopt;
}

int Order(auto a, auto b) { return a < b ? -1 : (b < a ? 1 : 0); }

// Exact: no integer is rounded to a double. `real` is not NaN.
int CompareIntToFloat(int64_t integer, double real) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (real >= kTwoTo63) return -1;
  if (real < -kTwoTo63) return 1;
  const double truncated = std::trunc(real);
  const int order = Order(integer, static_cast<int64_t>(truncated));
  return order != 0 ? order : Order(truncated, real);
}

bool IsNan(const Number& number) { return number.is_float && std::isnan(number.real); }

int CompareNumbers(const Number& a, const Number& b) {
  if (a.is_float && b.is_float) return Order(a.real, b.real);
  if (a.is_float) return -CompareIntToFloat(b.integer, a.real);
  if (b.is_float) return CompareIntToFloat(a.integer, b.real);
  return Order(a.integer, b.integer);
}

bool AreListsEqual(const JinjaList& a, const JinjaList& b, JinjaBudget& budget) {
  if (a.is_tuple != b.is_tuple || a.items.size() != b.items.size()) return false;
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (!AreEqual(a.items[i], b.items[i], budget)) return false;
  }
  return true;
}

template <typename Dict>  // JinjaDict, const or not
auto FindKey(Dict& dict, const JinjaValue& key, JinjaBudget& budget)
    -> decltype(&dict.items.front().second) {
  for (auto& [candidate, value] : dict.items) {
    if (AreEqual(candidate, key, budget)) return &value;
  }
  return nullptr;
}

bool AreDictsEqual(const JinjaDict& a, const JinjaDict& b, JinjaBudget& budget) {
  if (a.items.size() != b.items.size()) return false;
  for (const auto& [key, value] : a.items) {
    const JinjaValue* other = FindKey(b, key, budget);
    if (other == nullptr || !AreEqual(value, *other, budget)) return false;
  }
  return true;
}

}  // namespace

void FailJinja(std::string message) { throw JinjaFailure{std::move(message)}; }

void JinjaBudget::Charge(uint64_t steps) {
  if (steps > steps_left_) {
    steps_left_ = 0;
    FailJinja("the template needs more than the " + std::to_string(steps_) +
              " steps that one conversation may take");
  }
  steps_left_ -= steps;
}

void RequireDefined(const JinjaValue& value) {
  const JinjaUndefined* undefined = value.AsUndefined();
  if (undefined == nullptr) return;
  if (undefined->name == nullptr) FailJinja("an element that does not exist is used");
  FailJinja("`" + *undefined->name + "` is undefined");
}

JinjaValue::JinjaValue(const JinjaValue& other) = default;
JinjaValue::JinjaValue(JinjaValue&& other) noexcept = default;
JinjaValue& JinjaValue::operator=(const JinjaValue& other) = default;
JinjaValue& JinjaValue::operator=(JinjaValue&& other) noexcept = default;
JinjaValue::~JinjaValue() = default;

JinjaValue JinjaValue::Sequence(std::vector<JinjaValue> items, SequenceKind kind) {
  size_t nesting = 0;
  for (const JinjaValue& item : items) nesting = std::max(nesting, item.Nesting());
  JinjaValue out;
  out.data_ = std::make_shared<const JinjaList>(
      JinjaList{std::move(items), kind == SequenceKind::kTuple, NestingAround(nesting)});
  return out;
}

JinjaValue JinjaValue::Dict(std::vector<std::pair<JinjaValue, JinjaValue>> items,
                            JinjaBudget& budget) {
  JinjaDict dict;
  size_t nesting = 0;
  for (auto& [key, value] : items) {
    if (key.AsList() != nullptr || key.AsDict() != nullptr || key.IsUndefined()) {
      FailJinja("a " + std::string(key.TypeName()) + " cannot be the key of a dict");
    }
    nesting = std::max(nesting, value.Nesting());
    if (JinjaValue* old_value = FindKey(dict, key, budget)) {
      *old_value = std::move(value);
    } else {
      dict.items.emplace_back(std::move(key), std::move(value));
    }
  }
  dict.nesting = NestingAround(nesting);
  JinjaValue out;
  out.data_ = std::make_shared<const JinjaDict>(std::move(dict));
  return out;
}

JinjaNamespace* JinjaValue::AsNamespace() const {
  JinjaNamespace* const* pointer = std::get_if<JinjaNamespace*>(&data_);
  return pointer == nullptr ? nullptr : *pointer;
}

std::string_view JinjaValue::TypeName() const {
  static constexpr std::string_view kNames[] = {"undefined", "None",      "bool",    "int",
                                                "float",     "str",       "list",    "dict",
                                                "loop",      "namespace", "function"};
  static_assert(std::size(kNames) == std::variant_size_v<decltype(data_)>);
  const JinjaList* list = AsList();
  return list != nullptr && list->is_tuple ? "tuple" : kNames[data_.index()];
}

size_t JinjaValue::Nesting() const {
  if (const JinjaList* list = AsList()) return list->nesting;
  if (const JinjaDict* dict = AsDict()) return dict->nesting;
  if (const JinjaLoop* loop = AsLoop()) return loop->items->nesting;
  return 0;
}

const JinjaValue* JinjaDict::Find(std::string_view key) const {
  for (const auto& [candidate, value] : items) {
    const JinjaText* text = candidate.AsText();
    if (text != nullptr && text->view() == key) return &value;
  }
  return nullptr;
}

const JinjaValue* JinjaNamespace::Find(std::string_view name) const {
  for (const auto& [candidate, value] : attributes) {
    if (candidate == name) return &value;
  }
  return nullptr;
}

void JinjaNamespace::Set(std::string_view name, JinjaValue value) {
  for (auto& [candidate, old_value] : attributes) {
    if (candidate == name) {
      old_value = std::move(value);
      return;
    }
  }
  attributes.emplace_back(name, std::move(value));
}

JinjaValue JinjaLoop::Attribute(std::string_view name) const {
  const auto length = static_cast<int64_t>(items->items.size());
  const auto index0 = static_cast<int64_t>(index);
  if (name == "index0") return index0;
  if (name == "index") return index0 + 1;
  if (name == "first") return index0 == 0;
  if (name == "last") return index0 + 1 == length;
  if (name == "length") return length;
  if (name == "revindex") return length - index0;
  if (name == "revindex0") return length - index0 - 1;
  if (name == "depth") return int64_t{1};  // more only in recursive loops, which are not supported
  if (name == "depth0") return int64_t{0};
  if (name == "previtem" && index > 0) return items->items[index - 1];
  if (name == "nextitem" && index + 1 < items->items.size()) return items->items[index + 1];
  return {};
}

bool IsTrue(const JinjaValue& value) {
  if (value.IsUndefined() || value.IsNone()) return false;
  if (const bool* boolean = value.AsBool()) return *boolean;
  if (const int64_t* integer = value.AsInt()) return *integer != 0;
  if (const double* real = value.AsFloat()) return *real != 0;
  if (const JinjaText* text = value.AsText()) return !text->empty();
  if (const JinjaList* list = value.AsList()) return !list->items.empty();
  if (const JinjaDict* dict = value.AsDict()) return !dict->items.empty();
  return true;
}

bool AreEqual(const JinjaValue& a, const JinjaValue& b, JinjaBudget& budget) {
  budget.Charge(1);
  const std::optional<Number> number_a = AsNumber(a);
  const std::optional<Number> number_b = AsNumber(b);
  if (number_a && number_b) {
    return !IsNan(*number_a) && !IsNan(*number_b) && CompareNumbers(*number_a, *number_b) == 0;
  }
  const JinjaText* text_a = a.AsText();
  const JinjaText* text_b = b.AsText();
  if (text_a != nullptr && text_b != nullptr) {
    if (text_a->size() != text_b->size()) return false;
    budget.ChargeBytes(text_a->size());
    return text_a->view() == text_b->view();
  }
  const JinjaList* list_a = a.AsList();
  const JinjaList* list_b = b.AsList();
  if (list_a != nullptr && list_b != nullptr) return AreListsEqual(*list_a, *list_b, budget);
  const JinjaDict* dict_a = a.AsDict();
  const JinjaDict* dict_b = b.AsDict();
  if (dict_a != nullptr && dict_b != nullptr) return AreDictsEqual(*dict_a, *dict_b, budget);
  if (a.AsNamespace() != nullptr) return a.AsNamespace() == b.AsNamespace();
  return (a.IsUndefined() && b.IsUndefined()) || (a.IsNone() && b.IsNone());
}

int Compare(const JinjaValue& a, const JinjaValue& b, JinjaBudget& budget) {
  budget.Charge(1);
  RequireDefined(a);
  RequireDefined(b);
  const std::optional<Number> number_a = AsNumber(a);
  const std::optional<Number> number_b = AsNumber(b);
  if (number_a && number_b) {
    if (IsNan(*number_a) || IsNan(*number_b)) FailJinja("a NaN has no order");
    return CompareNumbers(*number_a, *number_b);
  }
  const JinjaText* text_a = a.AsText();
  const JinjaText* text_b = b.AsText();
  if (text_a != nullptr && text_b != nullptr) {
    budget.ChargeBytes(std::min(text_a->size(), text_b->size()));
    // The order of UTF-8 bytes is the order of code points, which is Python's.
    return Order(text_a->view(), text_b->view());
  }
  const JinjaList* list_a = a.AsList();
  const JinjaList* list_b = b.AsList();
  if (list_a != nullptr && list_b != nullptr && list_a->is_tuple == list_b->is_tuple) {
    const size_t shared = std::min(list_a->items.size(), list_b->items.size());
    for (size_t i = 0; i < shared; ++i) {
      if (AreEqual(list_a->items[i], list_b->items[i], budget)) continue;
      return Compare(list_a->items[i], list_b->items[i], budget);
    }
    return Order(list_a->items.size(), list_b->items.size());
  }
  FailJinja("a " + std::string(a.TypeName()) + " cannot be compared with a " +
            std::string(b.TypeName()));
}

bool Contains(const JinjaValue& container, const JinjaValue& item, JinjaBudget& budget) {
  if (container.IsUndefined()) return false;
  if (const JinjaText* text = container.AsText()) {
    const JinjaText* part = item.AsText();
    if (part == nullptr) {
      RequireDefined(item);
      FailJinja("`in` needs a str to look for in a str, not a " + std::string(item.TypeName()));
    }
    budget.ChargeBytes(text->size());
    return FindJinjaText(text->view(), part->view(), 0) != std::string_view::npos;
  }
  if (const JinjaDict* dict = container.AsDict()) return FindKey(*dict, item, budget) != nullptr;
  if (const JinjaList* list = container.AsList()) {
    for (const JinjaValue& candidate : list->items) {
      if (AreEqual(candidate, item, budget)) return true;
    }
    return false;
  }
  FailJinja("`in` does not work on a " + std::string(container.TypeName()));
}

std::shared_ptr<const JinjaList> JinjaValue::SharedList() const {
  const auto* pointer = std::get_if<std::shared_ptr<const JinjaList>>(&data_);
  return pointer == nullptr ? nullptr : *pointer;
}

size_t FindJinjaText(std::string_view text, std::string_view part, size_t from) {
  if (from > text.size()) return std::string_view::npos;
  if (part.empty()) return from;
  // memmem takes linear time for any pattern; string_view::find takes the product of the lengths.
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

std::shared_ptr<const JinjaList> Iterate(const JinjaValue& value, JinjaBudget& budget) {
  if (std::shared_ptr<const JinjaList> list = value.SharedList()) {
    budget.Charge(list->items.size());
    return list;
  }
  std::vector<JinjaValue> items;
  if (const JinjaText* text = value.AsText()) {
    for (size_t at = 0; at < text->size();) {
      const size_t length = DecodeJinjaCharacter(text->view(), at).length;
      budget.Charge(JinjaBudget::kStepsPerText);
      items.emplace_back(text->Range(at, at + length));
      at += length;
    }
  } else if (const JinjaDict* dict = value.AsDict()) {
    budget.Charge(dict->items.size());
    for (const auto& [key, unused] : dict->items) items.push_back(key);
  } else if (!value.IsUndefined()) {
    FailJinja("a " + std::string(value.TypeName()) + " cannot be iterated");
  }
  return JinjaValue::List(std::move(items)).SharedList();
}

int64_t Length(const JinjaValue& value, JinjaBudget& budget) {
  if (value.IsUndefined()) return 0;
  if (const JinjaText* text = value.AsText()) {
    budget.ChargeBytes(text->size());
    return static_cast<int64_t>(CountJinjaCharacters(text->view()));
  }
  if (const JinjaList* list = value.AsList()) return static_cast<int64_t>(list->items.size());
  if (const JinjaDict* dict = value.AsDict()) return static_cast<int64_t>(dict->items.size());
  FailJinja("a " + std::string(value.TypeName()) + " has no length");
}

}  // namespace rowmill
