#include <algorithm>
#include <array>
#include <vector>

#include "prep/redact/context_words.h"
#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"
#include "prep/redact/national_id_rules.h"
#include "prep/redact/number_groups.h"

namespace rowmill {
namespace {

constexpr size_t kMaxForm = 32;

bool Fits(char c, char form) {
  switch (form) {
    case '9':
      return IsAsciiDigit(c);
    case 'A':
      return IsAsciiLetter(c);
    case '?':
      return IsAlnum(c);
    case '_':
      return c == ' ' || c == '-';
    default:
      return c == form;
  }
}

bool IsSeparatorForm(char form) { return form != '9' && form != 'A' && form != '?'; }

// Fills `compact` and returns its size; 0 where the text at `begin` has another form.
size_t Compact(std::string_view text, size_t begin, std::string_view form,
               std::array<char, kMaxForm>& compact) {
  if (begin + form.size() > text.size()) return 0;
  size_t size = 0;
  char any_separator = 0;
  for (size_t i = 0; i < form.size(); ++i) {
    const char c = text[begin + i];
    if (!Fits(c, form[i])) return 0;
    if (form[i] == '_') {
      if (any_separator != 0 && c != any_separator) return 0;
      any_separator = c;
    }
    if (!IsSeparatorForm(form[i])) compact[size++] = ToAsciiUpper(c);
  }
  return size;
}

// Groups that go on before or behind are another number, such as a card's.
bool IsWithinMoreGroups(std::string_view text, size_t begin, size_t end) {
  if (begin > 1 && text[begin - 1] == ' ' && IsAsciiDigit(text[begin - 2])) return true;
  return end + 1 < text.size() && text[end] == ' ' && IsAsciiDigit(text[end + 1]);
}

// One number may fit several rules; the one whose word stands nearest is right.
struct Find {
  RedactSpan span;
  size_t distance = SIZE_MAX;  // of the word
};

void FindByRules(std::string_view text, size_t begin, std::span<const NationalIdRule> rules,
                 std::vector<Find>& finds) {
  for (const NationalIdRule& rule : rules) {
    if (!Fits(text[begin], rule.form[0])) continue;
    std::array<char, kMaxForm> compact{};
    const size_t size = Compact(text, begin, rule.form, compact);
    const size_t end = begin + rule.form.size();
    if (size == 0 || !NumberMayEnd(text, end)) continue;
    if (size != rule.form.size() && IsWithinMoreGroups(text, begin, end)) continue;
    if (!rule.check({compact.data(), size})) continue;
    const ContextFind context = FindContext(text, begin, end, rule.words);
    if (rule.evidence == Evidence::kWord && context.context != Context::kFor) continue;
    if (rule.evidence == Evidence::kNoDenial && context.context == Context::kAgainst) continue;
    const bool has_word = context.context == Context::kFor;
    finds.push_back({{begin, end, static_cast<uint32_t>(rule.entity), has_word},
                     has_word ? context.distance : SIZE_MAX});
  }
}

void AddBest(std::vector<Find>& finds, SpanList& found) {
  const auto best = std::min_element(finds.begin(), finds.end(), [](const Find& a, const Find& b) {
    return a.span.size() != b.span.size() ? a.span.size() > b.span.size() : a.distance < b.distance;
  });
  if (best != finds.end()) found.spans().push_back(best->span);
  finds.clear();
}

}  // namespace

void FindNationalIds(std::string_view text, SpanList& found) {
  std::vector<Find> finds;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!IsAlnum(text[i]) || !NumberMayBegin(text, i)) continue;
    // Every form has a digit among its first ten characters: most words are done here.
    const std::string_view head = text.substr(i, 10);
    if (std::none_of(head.begin(), head.end(), IsAsciiDigit)) continue;
    FindByRules(text, i, AmericanIdRules(), finds);
    FindByRules(text, i, EuropeanIdRules(), finds);
    FindByRules(text, i, OtherIdRules(), finds);
    AddBest(finds, found);
  }
}

}  // namespace rowmill
