// How the numbers that states give to people are written and checked: one rule for each way of
// writing. A rule whose check lets one in ten random numbers through asks for a word nearby.
//
// Sources: the issuing offices' own descriptions of the check digits; python-stdnum and Presidio
// were compared with (docs/privacy.md).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "prep/redact/entity.h"

namespace rowmill {

// What a number needs besides its form.
enum class Evidence : uint8_t {
  kForm,      // nothing: form and check digits are rare enough
  kNoDenial,  // that no word near it says it is something else ("order")
  kWord,      // a word that says what it is
};

struct NationalIdRule {
  Entity entity;
  // The form: '9' a digit, 'A' a letter, '?' either; any other sign is the one separator that
  // stands between groups there, where '_' is a space or '-'.
  std::string_view form;
  // Over the letters and digits without separators, letters in upper case.
  bool (*check)(std::string_view compact);
  Evidence evidence;
  std::span<const std::string_view> words;
};

std::span<const NationalIdRule> AmericanIdRules();
std::span<const NationalIdRule> EuropeanIdRules();
std::span<const NationalIdRule> OtherIdRules();  // Africa, Asia, Oceania

}  // namespace rowmill
