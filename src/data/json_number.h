// Whether a number that is written as JSON has it has a value that readers of the output can hold:
// an integer 64 bits (signed or not), any other number a double. The text passes through as it is;
// this only decides whether the row is sound.
#pragma once

#include <string_view>

namespace rowmill {

// `number` is an integer in JSON's grammar.
bool JsonIntegerFits(std::string_view number);
// `number` has a fraction or an exponent, in JSON's grammar. Underflow to zero fits.
bool JsonFractionFits(std::string_view number);

}  // namespace rowmill
