// The arithmetic by which numbers of people, cards and accounts prove themselves. Digits are ASCII;
// anything else in them is the caller's mistake (false is returned).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace rowmill {

// ISO/IEC 7812-1, annex B: cards, Canadian SIN, Swedish and South African numbers.
bool PassesLuhn(std::string_view digits);
// ISO/IEC 7064 MOD 97-10 over digits and letters (A = 10), as ISO 13616 uses it: the first four
// characters go to the end and the remainder must be 1.
bool PassesIbanMod97(std::string_view compact);
// ISO/IEC 7064 MOD 11,10: German tax numbers.
bool PassesMod11And10(std::string_view digits);
// Verhoeff, "Error Detecting Decimal Codes", 1969: Aadhaar.
bool PassesVerhoeff(std::string_view digits);
// The sum of digit times weight over the digits for which there is a weight.
uint32_t WeightedSum(std::string_view digits, std::span<const uint8_t> weights);
// The value of the digits modulo `modulus`.
uint64_t DigitsModulo(std::string_view digits, uint64_t modulus);

// Whether the digits can be a day of a year: "31", "02" is none. The year counts for 29 February
// only and is of two or four digits.
bool IsDate(std::string_view year, std::string_view month, std::string_view day);

}  // namespace rowmill
