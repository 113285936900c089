// Words near a find that speak for it ("mobile", "SSN") or against it ("order", "version").
// Presidio calls it context; it decides where a number alone proves too little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rowmill {

enum class Context : uint8_t { kNone, kFor, kAgainst };

struct ContextFind {
  Context context = Context::kNone;
  size_t distance = SIZE_MAX;  // in characters, of the word that decided
};

// Looks at the 48 characters before `begin` and, where they have neither, the 24 behind `end`. The
// word that stands nearest decides. Words are in lower case; one that ends in '*' stands for all
// that begin with it. Words against are those of orders, tickets, versions and other things that
// carry long numbers; they count within 24 characters and one sentence.
ContextFind FindContext(std::string_view text, size_t begin, size_t end,
                        std::span<const std::string_view> words);
inline Context ContextOf(std::string_view text, size_t begin, size_t end,
                         std::span<const std::string_view> words) {
  return FindContext(text, begin, end, words).context;
}

}  // namespace rowmill
