#include "text/jinja_sequence_filters.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "text/jinja_string.h"

namespace rowmill {
namespace {

JinjaValue ApplyToElement(const JinjaCall& call, const JinjaValue& element) {
  return call.element_builtin->function({element, call.element_arguments, call.budget});
}

enum class Keep : uint8_t { kMatching, kOthers };

JinjaValue Filter(const JinjaCall& call, const JinjaValue* path, Keep keep) {
  std::vector<JinjaValue> out;
  if (!IsTrue(call.self)) return JinjaValue::List({});
  const auto elements = Iterate(call.self, call.budget);
  for (const JinjaValue& element : elements->items) {
    call.budget.Charge(1);
    const JinjaValue tested =
        path == nullptr ? element : GetPath(element, *path, nullptr, call.budget);
    const bool matches =
        IsTrue(call.element_builtin == nullptr ? tested : ApplyToElement(call, tested));
    if (matches == (keep == Keep::kMatching)) out.push_back(element);
  }
  return JinjaValue::List(std::move(out));
}

// Text in lower case unless the case counts; what sort and unique compare.
enum class Letters : uint8_t { kAsTheyAre, kIgnoreCase };

JinjaValue ComparisonKey(const JinjaValue& value, Letters letters, JinjaBudget& budget) {
  const JinjaText* text = value.AsText();
  if (text == nullptr || letters == Letters::kAsTheyAre) return value;
  return ChangeCase(*text, JinjaCase::kLower, budget);
}

struct SortedItem {
  JinjaValue key;
  size_t place = 0;  // before the sort
  JinjaValue item;
};

enum class SortOrder : uint8_t { kAscending, kDescending };

// The items, ordered by their keys; equal ones stay in their places.
JinjaValue SortItems(std::vector<SortedItem> keyed, SortOrder order, JinjaBudget& budget) {
  for (const SortedItem& item : keyed) {
    // Comparing with the first element, and with itself for NaN, finds out whether they can be
    // compared at all, so that the comparisons of the sort do not contradict each other.
    Compare(keyed.front().key, item.key, budget);
    Compare(item.key, item.key, budget);
  }
  std::sort(keyed.begin(), keyed.end(), [&](const SortedItem& a, const SortedItem& b) {
    const int compared = Compare(a.key, b.key, budget);
    if (compared != 0) return order == SortOrder::kDescending ? compared > 0 : compared < 0;
    return a.place < b.place;
  });
  std::vector<JinjaValue> out;
  for (SortedItem& item : keyed) out.push_back(std::move(item.item));
  return JinjaValue::List(std::move(out));
}

// The element, or what `path` finds in it.
JinjaValue Reached(const JinjaValue& element, const JinjaValue* path, JinjaBudget& budget) {
  const bool has_path = path != nullptr && !path->IsNone();
  return has_path ? GetPath(element, *path, nullptr, budget) : element;
}

}  // namespace

JinjaValue MapElements(const JinjaCall& call) {
  if (call.element_builtin == nullptr && call.Argument(0) == nullptr) {
    FailJinja("map needs the name of a filter or an attribute");
  }
  std::vector<JinjaValue> out;
  if (!IsTrue(call.self)) return JinjaValue::List({});  // also None and 0, as in Jinja
  const auto elements = Iterate(call.self, call.budget);
  for (const JinjaValue& element : elements->items) {
    call.budget.Charge(1);
    out.push_back(call.element_builtin != nullptr
                      ? ApplyToElement(call, element)
                      : GetPath(element, *call.Argument(0), call.Argument(1), call.budget));
  }
  return JinjaValue::List(std::move(out));
}

JinjaValue SelectElements(const JinjaCall& call) { return Filter(call, nullptr, Keep::kMatching); }
JinjaValue RejectElements(const JinjaCall& call) { return Filter(call, nullptr, Keep::kOthers); }
JinjaValue SelectByAttribute(const JinjaCall& call) {
  return Filter(call, call.Argument(0), Keep::kMatching);
}
JinjaValue RejectByAttribute(const JinjaCall& call) {
  return Filter(call, call.Argument(0), Keep::kOthers);
}

JinjaValue SortDict(const JinjaCall& call) {
  const JinjaDict* dict = call.self.AsDict();
  if (dict == nullptr) FailJinja("the filter dictsort takes a dict");
  const JinjaText* by = call.OptionalText(1);
  if (by != nullptr && by->view() != "key" && by->view() != "value") {
    FailJinja("dictsort sorts by \"key\" or \"value\"");
  }
  const bool by_value = by != nullptr && by->view() == "value";
  const Letters letters = call.BoolArgument(0) ? Letters::kAsTheyAre : Letters::kIgnoreCase;
  std::vector<SortedItem> keyed;
  for (const auto& [key, value] : dict->items) {
    keyed.push_back({ComparisonKey(by_value ? value : key, letters, call.budget), keyed.size(),
                     JinjaValue::Tuple({key, value})});
  }
  return SortItems(std::move(keyed),
                   call.BoolArgument(2) ? SortOrder::kDescending : SortOrder::kAscending,
                   call.budget);
}

JinjaValue SortElements(const JinjaCall& call) {
  const Letters letters = call.BoolArgument(1) ? Letters::kAsTheyAre : Letters::kIgnoreCase;
  const JinjaValue* path = call.Argument(2);
  if (path != nullptr && path->AsText() != nullptr &&
      path->AsText()->view().find(',') != std::string_view::npos) {
    FailJinja("sorting by several attributes is not supported");
  }
  std::vector<SortedItem> keyed;
  const auto elements = Iterate(call.self, call.budget);
  for (const JinjaValue& element : elements->items) {
    const JinjaValue reached = Reached(element, path, call.budget);
    keyed.push_back({ComparisonKey(reached, letters, call.budget), keyed.size(), element});
  }
  return SortItems(std::move(keyed),
                   call.BoolArgument(0) ? SortOrder::kDescending : SortOrder::kAscending,
                   call.budget);
}

JinjaValue UniqueElements(const JinjaCall& call) {
  const Letters letters = call.BoolArgument(0) ? Letters::kAsTheyAre : Letters::kIgnoreCase;
  std::vector<JinjaValue> keys;
  std::vector<JinjaValue> out;
  const auto elements = Iterate(call.self, call.budget);
  for (const JinjaValue& element : elements->items) {
    const JinjaValue reached = Reached(element, call.Argument(1), call.budget);
    JinjaValue key = ComparisonKey(reached, letters, call.budget);
    const bool is_known = std::any_of(keys.begin(), keys.end(), [&](const JinjaValue& known) {
      return AreEqual(known, key, call.budget);
    });
    if (is_known) continue;
    keys.push_back(std::move(key));
    out.push_back(element);
  }
  return JinjaValue::List(std::move(out));
}

}  // namespace rowmill
