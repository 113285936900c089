// "Did you mean" for words that a person typed: option values, column names, formats.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace rowmill {

// " (did you mean 'x'?)" for the candidate nearest to `word` by edit distance (case ignored), or
// nothing where none is near. The first of equals wins.
std::string DidYouMean(std::string_view word, std::span<const std::string> candidates);

}  // namespace rowmill
