#include "prep/clean_options.h"

#include <array>

#include "base/error.h"
#include "data/suggestion.h"

namespace rowmill {
namespace {

struct Word {
  std::string_view name;
  bool CleanOptions::* flag;
};

constexpr std::array<Word, 4> kWords = {{{"html", &CleanOptions::html},
                                         {"control", &CleanOptions::control},
                                         {"nfc", &CleanOptions::nfc},
                                         {"space", &CleanOptions::space}}};

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

void Apply(std::string_view name, CleanOptions& options) {
  if (name == "all") {
    for (const Word& word : kWords) options.*word.flag = true;
    return;
  }
  for (const Word& word : kWords) {
    if (word.name != name) continue;
    options.*word.flag = true;
    return;
  }
  const std::array<std::string, 6> known = {"html", "control", "nfc", "space", "all", "none"};
  throw UsageError("--clean: unknown word '" + std::string(name) + "'" + DidYouMean(name, known) +
                   "; known are html, control, nfc, space, all and none, separated by commas");
}

}  // namespace

CleanOptions ParseCleanOptions(std::string_view value) {
  CleanOptions options;
  if (Trimmed(value).empty() || Trimmed(value) == "none") return options;
  while (true) {
    const size_t comma = value.find(',');
    const std::string_view name = Trimmed(value.substr(0, comma));
    if (name == "none") {
      throw UsageError("--clean: 'none' stands alone; leave it out where other words are given");
    }
    Apply(name, options);
    if (comma == std::string_view::npos) return options;
    value.remove_prefix(comma + 1);
  }
}

std::string CleanOptionsText(const CleanOptions& options) {
  std::string text;
  for (const Word& word : kWords) {
    if (!(options.*word.flag)) continue;
    if (!text.empty()) text += ',';
    text += word.name;
  }
  return text.empty() ? "none" : text;
}

}  // namespace rowmill
