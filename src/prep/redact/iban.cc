#include <algorithm>
#include <array>

#include "prep/redact/check_digits.h"
#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"
#include "prep/redact/number_groups.h"

namespace rowmill {
namespace {

struct CountryLength {
  std::string_view country;
  uint8_t length;
};

// The IBAN registry (ISO 13616), by country.
constexpr std::array<CountryLength, 89> kLengths = {
    {{"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22},
     {"BH", 22}, {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24},
     {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18},
     {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27},
     {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
     {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20},
     {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20},
     {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24},
     {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
     {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
     {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
     {"YE", 30}}};

size_t LengthOf(std::string_view country) {
  const auto it =
      std::lower_bound(kLengths.begin(), kLengths.end(), country,
                       [](const CountryLength& a, std::string_view b) { return a.country < b; });
  return it != kLengths.end() && it->country == country ? it->length : 0;
}

// In one piece, or in fours as on paper; a UUID's last two groups are neither.
bool IsIbanGrouping(const NumberGroups& groups, size_t count) {
  for (size_t i = 0; i + 1 < count; ++i) {
    if (groups.group_size(i) != 4) return false;
  }
  return groups.OneSeparator(count) && (count == 1 || groups.group_size(count - 1) <= 4);
}

}  // namespace

void FindIbans(std::string_view text, SpanList& found) {
  for (size_t i = 0; i + 15 <= text.size(); ++i) {
    if (!IsAsciiLetter(text[i]) || !IsAsciiLetter(text[i + 1]) || !IsAsciiDigit(text[i + 2]) ||
        !AtWordBegin(text, i)) {
      // "GB 29 ..." is not how the standard writes it, and too near to other codes.
      continue;
    }
    const std::array<char, 2> country = {ToAsciiUpper(text[i]), ToAsciiUpper(text[i + 1])};
    const size_t length = LengthOf({country.data(), 2});
    if (length == 0) continue;
    const NumberGroups groups(text, i, " -.");
    const size_t count = groups.GroupsOf(length);
    if (count == 0 || !AtWordEnd(text, groups.group(count - 1).end)) continue;
    if (!IsIbanGrouping(groups, count) || !IsAsciiDigit(text[i + 3]) ||
        !PassesIbanMod97(groups.compact(count)))
      continue;
    found.Add(i, groups.group(count - 1).end, Entity::kIbanCode);
  }
}

}  // namespace rowmill
