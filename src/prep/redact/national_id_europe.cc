#include <algorithm>
#include <array>
#include <string>

#include "prep/redact/check_digits.h"
#include "prep/redact/folded_text.h"
#include "prep/redact/national_id_rules.h"

namespace rowmill {
namespace {

using Words = std::array<std::string_view, 5>;
// Letters that are not ASCII are \x80 here, as in the folded text.
constexpr Words kNhsWords = {"nhs", "patient*", "health", "hospital", "gp"};
constexpr Words kNinoWords = {"national", "insurance", "nino", "ni", "ninos"};
constexpr Words kNifWords = {"dni", "nif", "nie", "documento", "identidad"};
constexpr Words kNirWords = {"nir",
                             "s\x80"
                             "curit\x80",
                             "sociale", "insee", "secu"};
constexpr Words kTaxWords = {"steuer*", "idnr", "identifikationsnummer", "tax", "tin"};
constexpr Words kFiscalWords = {"codice", "fiscale", "cf", "fiscal", "tax"};
constexpr Words kBsnWords = {"bsn", "burgerservicenummer", "sofinummer", "sofi", "service"};
constexpr Words kBelgianWords = {"rijksregister*", "national", "registre", "niss", "insz"};
constexpr Words kPeselWords = {"pesel", "identyfikacyjny", "ewidencyjny",
                               "dow\x80"
                               "d",
                               "national"};
constexpr Words kNordicWords = {"personnummer", "hetu", "henkil\x80tunnus", "personal", "identity"};
constexpr Words kCprWords = {"cpr", "personnummer", "cprnr", "cprnummer", "danish"};
constexpr Words kNorwegianWords = {
    "f\x80"
    "dselsnummer",
    "fodselsnummer", "personnummer", "fnr", "national"};
constexpr Words kPortugueseWords = {"nif", "contribuinte", "fiscal", "nipc", "tax"};

uint32_t Digit(char c) { return static_cast<uint32_t>(c - '0'); }

// NHS Data Dictionary: modulo 11; a check of 10 is never given out.
bool IsNhs(std::string_view n) {
  constexpr std::array<uint8_t, 9> kWeights = {10, 9, 8, 7, 6, 5, 4, 3, 2};
  const uint32_t check = (11 - WeightedSum(n, kWeights) % 11) % 11;
  return check == Digit(n[9]);
}

// HM Revenue and Customs, NIM39110.
bool IsNino(std::string_view n) {
  constexpr std::array<std::string_view, 7> kNotGiven = {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"};
  const std::string_view prefix = n.substr(0, 2);
  return std::string_view("DFIQUV").find(n[0]) == std::string_view::npos &&
         std::string_view("DFIOQUV").find(n[1]) == std::string_view::npos &&
         std::find(kNotGiven.begin(), kNotGiven.end(), prefix) == kNotGiven.end() && n[8] >= 'A' &&
         n[8] <= 'D';
}

constexpr std::string_view kSpanishLetters = "TRWAGMYFPDXBNJZSQVHLCKE";

bool IsNif(std::string_view n) { return n[8] == kSpanishLetters[DigitsModulo(n.substr(0, 8), 23)]; }

bool IsNie(std::string_view n) {
  const size_t first = std::string_view("XYZ").find(n[0]);
  if (first == std::string_view::npos) return false;
  const uint64_t value = first * 10'000'000 + DigitsModulo(n.substr(1, 7), 10'000'000);
  return n[8] == kSpanishLetters[value % 23];
}

// INSEE: sex, year, month, department (2A and 2B are Corsica's), commune, order; 97 less the
// remainder modulo 97.
bool IsNir(std::string_view n) {
  if (n[0] != '1' && n[0] != '2') return false;
  std::string digits(n.substr(0, 13));
  if (digits[6] == 'A' || digits[6] == 'B') {
    if (digits[5] != '2') return false;
    const bool is_a = digits[6] == 'A';
    digits[5] = '1';
    digits[6] = is_a ? '9' : '8';
  }
  if (!std::all_of(digits.begin(), digits.end(), IsAsciiDigit)) return false;
  const uint64_t month = DigitsModulo(digits.substr(3, 2), 100);
  if (month == 0 || (month > 12 && month < 20)) return false;
  return 97 - DigitsModulo(digits, 97) == DigitsModulo(n.substr(13, 2), 100);
}

// Bundeszentralamt für Steuern: modulo 11,10; of the first ten digits exactly one comes twice or
// three times, which hardly any other number does.
bool IsGermanTaxId(std::string_view n) {
  if (n[0] == '0') return false;
  std::array<int, 10> counts{};
  for (const char c : n.substr(0, 10)) ++counts[Digit(c)];
  const auto repeated = std::count_if(counts.begin(), counts.end(), [](int c) { return c > 1; });
  const int most = *std::max_element(counts.begin(), counts.end());
  return repeated == 1 && most <= 3 && PassesMod11And10(n);
}

// Decreto Ministeriale of 23 December 1976: sums over odd and even places modulo 26. Digits may be
// replaced by letters against namesakes ("omocodia").
bool IsFiscalCode(std::string_view n) {
  constexpr std::array<uint8_t, 26> kOdd = {1,  0,  5, 7, 9, 13, 15, 17, 19, 21, 2,  4,  18,
                                            20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23};
  constexpr std::string_view kMonths = "ABCDEHLMPRST";
  constexpr std::string_view kOmocodia = "LMNPQRSTUV";
  for (const size_t i : {6, 7, 9, 10, 12, 13, 14}) {
    if (!IsAsciiDigit(n[i]) && kOmocodia.find(n[i]) == std::string_view::npos) return false;
  }
  if (kMonths.find(n[8]) == std::string_view::npos) return false;
  uint32_t sum = 0;
  for (size_t i = 0; i < 15; ++i) {
    const uint32_t value = IsAsciiDigit(n[i]) ? Digit(n[i]) : static_cast<uint32_t>(n[i] - 'A');
    sum += i % 2 == 0 ? kOdd[value] : value;
  }
  return n[15] == static_cast<char>('A' + sum % 26);
}

// The "elfproef".
bool IsBsn(std::string_view n) {
  constexpr std::array<uint8_t, 8> kWeights = {9, 8, 7, 6, 5, 4, 3, 2};
  const uint32_t sum = WeightedSum(n, kWeights);
  return sum != 0 && sum % 11 == Digit(n[8]);
}

// Date of birth, a serial number, 97 less the remainder modulo 97; a 2 in front since 2000.
bool IsBelgian(std::string_view n) {
  const uint64_t month = DigitsModulo(n.substr(2, 2), 100) % 20;  // +20, +40: bis numbers
  const uint64_t day = DigitsModulo(n.substr(4, 2), 100);
  if (month > 12 || day > 31) return false;
  const uint64_t check = DigitsModulo(n.substr(9, 2), 100);
  const std::string since_2000 = "2" + std::string(n.substr(0, 9));
  return check == 97 - DigitsModulo(n.substr(0, 9), 97) ||
         check == 97 - DigitsModulo(since_2000, 97);
}

// Weights 1, 3, 7, 9; the month has 20, 40, 60 or 80 added for other centuries.
bool IsPesel(std::string_view n) {
  constexpr std::array<uint8_t, 11> kWeights = {1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1};
  if (WeightedSum(n, kWeights) % 10 != 0) return false;
  const uint64_t month = DigitsModulo(n.substr(2, 2), 100) % 20;
  const std::array<char, 2> text = {static_cast<char>('0' + month / 10),
                                    static_cast<char>('0' + month % 10)};
  return IsDate(n.substr(0, 2), {text.data(), 2}, n.substr(4, 2));
}

// Digital and Population Data Services Agency; signs of the century since 2023.
bool IsFinnish(std::string_view n) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFHJKLMNPRSTUVWXY";
  if (!IsDate(n.substr(4, 2), n.substr(2, 2), n.substr(0, 2))) return false;
  const std::string number = std::string(n.substr(0, 6)) + std::string(n.substr(6, 3));
  return n[9] == kAlphabet[DigitsModulo(number, 31)];
}

bool IsFinnishWithLetter(std::string_view n) {
  if (std::string_view("ABCDEFYXWVU").find(n[6]) == std::string_view::npos) return false;
  std::string without(n);
  without.erase(6, 1);
  return IsFinnish(without);
}

// Ten digits, Luhn, over a date; coordination numbers have 60 added to the day.
bool IsSwedish(std::string_view n) {
  const std::string_view ten = n.substr(n.size() - 10);
  const uint64_t day = DigitsModulo(ten.substr(4, 2), 100);
  const uint64_t plain = day > 60 ? day - 60 : day;
  const std::array<char, 2> text = {static_cast<char>('0' + plain / 10),
                                    static_cast<char>('0' + plain % 10)};
  if (n.size() == 12 && n.substr(0, 2) != "19" && n.substr(0, 2) != "20") return false;
  return IsDate(n.substr(0, n.size() - 8), ten.substr(2, 2), {text.data(), 2}) && PassesLuhn(ten);
}

// Since 2007 without a check digit: only the date can be seen.
bool IsDanish(std::string_view n) { return IsDate(n.substr(4, 2), n.substr(2, 2), n.substr(0, 2)); }

bool IsNorwegian(std::string_view n) {
  constexpr std::array<uint8_t, 10> kFirst = {3, 7, 6, 1, 8, 9, 4, 5, 2, 1};
  constexpr std::array<uint8_t, 11> kSecond = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
  const uint64_t day = DigitsModulo(n.substr(0, 2), 100);
  const uint64_t plain = day > 40 ? day - 40 : day;  // D numbers
  const std::array<char, 2> text = {static_cast<char>('0' + plain / 10),
                                    static_cast<char>('0' + plain % 10)};
  return IsDate(n.substr(4, 2), n.substr(2, 2), {text.data(), 2}) &&
         WeightedSum(n, kFirst) % 11 == 0 && WeightedSum(n, kSecond) % 11 == 0;
}

bool IsPortugueseNif(std::string_view n) {
  constexpr std::array<uint8_t, 8> kWeights = {9, 8, 7, 6, 5, 4, 3, 2};
  const uint32_t check = (11 - WeightedSum(n, kWeights) % 11) % 11 % 10;
  return std::string_view("1235689").find(n[0]) != std::string_view::npos && check == Digit(n[8]);
}

const std::array<NationalIdRule, 40> kRules = {{
    {Entity::kUkNhs, "999_999_9999", IsNhs, Evidence::kWord, kNhsWords},
    {Entity::kUkNhs, "9999999999", IsNhs, Evidence::kWord, kNhsWords},
    {Entity::kUkNino, "AA999999A", IsNino, Evidence::kNoDenial, kNinoWords},
    {Entity::kUkNino, "AA_99_99_99_A", IsNino, Evidence::kForm, kNinoWords},
    {Entity::kUkNino, "AA999999_A", IsNino, Evidence::kNoDenial, kNinoWords},
    {Entity::kEsNif, "99999999A", IsNif, Evidence::kNoDenial, kNifWords},
    {Entity::kEsNif, "99999999_A", IsNif, Evidence::kNoDenial, kNifWords},
    {Entity::kEsNif, "99.999.999-A", IsNif, Evidence::kForm, kNifWords},
    {Entity::kEsNie, "A9999999A", IsNie, Evidence::kNoDenial, kNifWords},
    {Entity::kEsNie, "A_9999999_A", IsNie, Evidence::kForm, kNifWords},
    {Entity::kFrNir, "999999?99999999", IsNir, Evidence::kNoDenial, kNirWords},
    {Entity::kFrNir, "9_99_99_9?_999_999_99", IsNir, Evidence::kForm, kNirWords},
    {Entity::kFrNir, "999999?999999_99", IsNir, Evidence::kForm, kNirWords},
    {Entity::kDeTaxId, "99999999999", IsGermanTaxId, Evidence::kNoDenial, kTaxWords},
    {Entity::kDeTaxId, "99 999 999 999", IsGermanTaxId, Evidence::kForm, kTaxWords},
    {Entity::kItFiscalCode, "AAAAAA??A??A???A", IsFiscalCode, Evidence::kForm, kFiscalWords},
    {Entity::kItFiscalCode, "AAA_AAA_??A??_A???A", IsFiscalCode, Evidence::kForm, kFiscalWords},
    {Entity::kNlBsn, "999999999", IsBsn, Evidence::kWord, kBsnWords},
    {Entity::kNlBsn, "9999.99.999", IsBsn, Evidence::kNoDenial, kBsnWords},
    {Entity::kNlBsn, "999 999 999", IsBsn, Evidence::kWord, kBsnWords},
    {Entity::kBeNationalNumber, "99.99.99-999.99", IsBelgian, Evidence::kForm, kBelgianWords},
    {Entity::kBeNationalNumber, "99.99.99-999-99", IsBelgian, Evidence::kForm, kBelgianWords},
    {Entity::kBeNationalNumber, "99999999999", IsBelgian, Evidence::kWord, kBelgianWords},
    {Entity::kBeNationalNumber, "999999 999 99", IsBelgian, Evidence::kForm, kBelgianWords},
    {Entity::kPlPesel, "99999999999", IsPesel, Evidence::kNoDenial, kPeselWords},
    {Entity::kFiPersonalIdentityCode, "999999-999?", IsFinnish, Evidence::kForm, kNordicWords},
    {Entity::kFiPersonalIdentityCode, "999999+999?", IsFinnish, Evidence::kForm, kNordicWords},
    {Entity::kFiPersonalIdentityCode, "999999A999?", IsFinnishWithLetter, Evidence::kForm,
     kNordicWords},
    {Entity::kSePersonnummer, "999999-9999", IsSwedish, Evidence::kNoDenial, kNordicWords},
    {Entity::kSePersonnummer, "999999+9999", IsSwedish, Evidence::kNoDenial, kNordicWords},
    {Entity::kSePersonnummer, "99999999-9999", IsSwedish, Evidence::kForm, kNordicWords},
    {Entity::kSePersonnummer, "9999999999", IsSwedish, Evidence::kWord, kNordicWords},
    {Entity::kSePersonnummer, "999999999999", IsSwedish, Evidence::kWord, kNordicWords},
    {Entity::kDkCpr, "999999-9999", IsDanish, Evidence::kWord, kCprWords},
    {Entity::kDkCpr, "9999999999", IsDanish, Evidence::kWord, kCprWords},
    {Entity::kNoFodselsnummer, "99999999999", IsNorwegian, Evidence::kNoDenial, kNorwegianWords},
    {Entity::kNoFodselsnummer, "999999 99999", IsNorwegian, Evidence::kForm, kNorwegianWords},
    {Entity::kPtNif, "999999999", IsPortugueseNif, Evidence::kWord, kPortugueseWords},
    {Entity::kPtNif, "999 999 999", IsPortugueseNif, Evidence::kWord, kPortugueseWords},
    {Entity::kUkNino, "AA 999999 A", IsNino, Evidence::kForm, kNinoWords},
}};

}  // namespace

std::span<const NationalIdRule> EuropeanIdRules() { return kRules; }

}  // namespace rowmill
