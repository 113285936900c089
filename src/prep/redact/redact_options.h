// What --redact and its companions ask for.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "prep/redact/entity.h"

namespace rowmill {

// What stands in the place of what was found.
enum class RedactWay : uint8_t {
  kMask,       // <EMAIL_ADDRESS>
  kHash,       // <EMAIL_ADDRESS:...>, a keyed hash: equal values are seen to be equal
  kPseudonym,  // <EMAIL_ADDRESS:...> as well, and a file that leads back to the value
};

using EntitySet = std::array<bool, kNumEntities>;

struct RedactOptions {
  EntitySet entities{};               // --redact
  std::vector<std::string> patterns;  // --redact-pattern, as given
  RedactWay way = RedactWay::kMask;   // --redact-with
  std::string key_path;               // --redact-key, of kHash
  std::string map_path;               // --redact-map, of kPseudonym
  bool output = false;                // --redact-output: what the model wrote as well

  bool any() const;
};

// "all", or words such as "email,phone,US_SSN": families and names of entities. Throws UsageError
// with "did you mean".
EntitySet ParseEntities(std::string_view list);

// The names of what is on, separated by commas; "none".
std::string EntitiesText(const EntitySet& entities);

}  // namespace rowmill
