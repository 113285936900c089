#include <array>

#include "prep/redact/check_digits.h"
#include "prep/redact/national_id_rules.h"

namespace rowmill {
namespace {

using Words = std::array<std::string_view, 4>;
constexpr Words kSsnWords = {"ssn", "social", "ssns", "socialsecurity"};
constexpr Words kItinWords = {"itin", "taxpayer", "tax", "tin"};
constexpr Words kSinWords = {"sin", "insurance", "nas", "assurance"};
constexpr Words kCpfWords = {"cpf", "cadastro", "contribuinte", "cic"};
constexpr Words kCurpWords = {"curp", "clave", "poblaci*", "registro"};

// Social Security Administration, since 2011: no area 000, 666 or 900 to 999, no group 00, no
// serial 0000.
bool IsSsn(std::string_view n) {
  const std::string_view area = n.substr(0, 3);
  return area != "000" && area != "666" && area[0] != '9' && n.substr(3, 2) != "00" &&
         n.substr(5) != "0000";
}

// Internal Revenue Service: begins with 9; the middle is 50-65, 70-88, 90-92 or 94-99.
bool IsItin(std::string_view n) {
  const uint64_t group = DigitsModulo(n.substr(3, 2), 100);
  return n[0] == '9' && ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
                         (group >= 90 && group != 93));
}

// Luhn; 0 and 8 are not given to people.
bool IsSin(std::string_view n) { return n[0] != '0' && n[0] != '8' && PassesLuhn(n); }

// Receita Federal: two digits modulo 11; eleven equal digits pass and are none.
bool IsCpf(std::string_view n) {
  if (n.find_first_not_of(n[0]) == std::string_view::npos) return false;
  constexpr std::array<uint8_t, 9> kFirst = {10, 9, 8, 7, 6, 5, 4, 3, 2};
  constexpr std::array<uint8_t, 10> kSecond = {11, 10, 9, 8, 7, 6, 5, 4, 3, 2};
  const auto digit = [](uint32_t sum) { return static_cast<char>('0' + sum * 10 % 11 % 10); };
  return n[9] == digit(WeightedSum(n, kFirst)) && n[10] == digit(WeightedSum(n, kSecond));
}

// Registro Nacional de Población: four letters, a date, H or M, two letters of the state, three
// consonants, one character against namesakes, a check digit over an alphabet with Ñ behind N.
bool IsCurp(std::string_view n) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMN\x01OPQRSTUVWXYZ";
  if ((n[10] != 'H' && n[10] != 'M' && n[10] != 'X') ||
      !IsDate(n.substr(4, 2), n.substr(6, 2), n.substr(8, 2))) {
    return false;
  }
  uint32_t sum = 0;
  for (size_t i = 0; i < 17; ++i) {
    sum += static_cast<uint32_t>(kAlphabet.find(n[i])) * static_cast<uint32_t>(18 - i);
  }
  return n[17] == static_cast<char>('0' + (10 - sum % 10) % 10);
}

const std::array<NationalIdRule, 11> kRules = {{
    {Entity::kUsSsn, "999_99_9999", IsSsn, Evidence::kNoDenial, kSsnWords},
    {Entity::kUsSsn, "999999999", IsSsn, Evidence::kWord, kSsnWords},
    {Entity::kUsItin, "999_99_9999", IsItin, Evidence::kNoDenial, kItinWords},
    {Entity::kUsItin, "999999999", IsItin, Evidence::kWord, kItinWords},
    {Entity::kCaSin, "999_999_999", IsSin, Evidence::kWord, kSinWords},
    {Entity::kCaSin, "999999999", IsSin, Evidence::kWord, kSinWords},
    {Entity::kBrCpf, "999.999.999-99", IsCpf, Evidence::kForm, kCpfWords},
    {Entity::kBrCpf, "999999999-99", IsCpf, Evidence::kNoDenial, kCpfWords},
    {Entity::kBrCpf, "99999999999", IsCpf, Evidence::kWord, kCpfWords},
    {Entity::kMxCurp, "AAAA999999AAAAAA?9", IsCurp, Evidence::kForm, kCurpWords},
    {Entity::kUsSsn, "999.99.9999", IsSsn, Evidence::kWord, kSsnWords},
}};

}  // namespace

std::span<const NationalIdRule> AmericanIdRules() { return kRules; }

}  // namespace rowmill
