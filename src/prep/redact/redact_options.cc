#include "prep/redact/redact_options.h"

#include <algorithm>

#include "base/error.h"
#include "data/suggestion.h"

namespace rowmill {
namespace {

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

void Apply(std::string_view word, EntitySet& entities) {
  bool is_known = word == "all";
  for (size_t i = 0; i < kNumEntities; ++i) {
    const auto entity = static_cast<Entity>(i);
    if (word != "all" && word != EntityFamily(entity) && word != EntityName(entity)) continue;
    entities[i] = true;
    is_known = true;
  }
  if (is_known) return;
  std::vector<std::string> known = {"all"};
  std::string families;
  for (const std::string_view family : EntityFamilies()) {
    known.emplace_back(family);
    families += std::string(family) + ", ";
  }
  for (size_t i = 0; i < kNumEntities; ++i) known.emplace_back(EntityName(static_cast<Entity>(i)));
  throw UsageError("--redact: unknown word '" + std::string(word) + "'" + DidYouMean(word, known) +
                   "; known are all, " + families +
                   "and names such as US_SSN (docs/privacy.md), separated by commas");
}

}  // namespace

bool RedactOptions::any() const {
  return !patterns.empty() ||
         std::any_of(entities.begin(), entities.end(), [](bool on) { return on; });
}

EntitySet ParseEntities(std::string_view list) {
  EntitySet entities{};
  if (Trimmed(list).empty() || Trimmed(list) == "none") return entities;
  while (true) {
    const size_t comma = list.find(',');
    Apply(Trimmed(list.substr(0, comma)), entities);
    if (comma == std::string_view::npos) return entities;
    list.remove_prefix(comma + 1);
  }
}

std::string EntitiesText(const EntitySet& entities) {
  std::string text;
  for (size_t i = 0; i < kNumEntities; ++i) {
    if (!entities[i]) continue;
    if (!text.empty()) text += ',';
    text += EntityName(static_cast<Entity>(i));
  }
  return text.empty() ? "none" : text;
}

}  // namespace rowmill
