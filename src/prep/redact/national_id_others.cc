#include <array>

#include "prep/redact/check_digits.h"
#include "prep/redact/folded_text.h"
#include "prep/redact/national_id_rules.h"

namespace rowmill {
namespace {

using Words = std::array<std::string_view, 5>;
constexpr Words kAadhaarWords = {"aadhaar", "aadhar", "uidai", "uid", "adhaar"};
constexpr Words kPanWords = {"pan", "permanent", "account", "income", "tax"};
constexpr Words kTfnWords = {"tfn", "tax", "file", "ato", "taxation"};
constexpr Words kMedicareWords = {"medicare", "irn", "health", "bulk", "gp"};
constexpr Words kAbnWords = {"abn", "business", "australian", "gst", "abns"};
constexpr Words kNricWords = {"nric", "fin", "singapore", "identity", "ic"};
constexpr Words kRrnWords = {"rrn", "resident", "registration", "korean", "jumin"};
constexpr Words kChineseWords = {"resident", "identity", "id", "sfz", "shenfenzheng"};
constexpr Words kZaWords = {"id", "identity", "south", "rsa", "identiteit*"};
constexpr Words kTurkishWords = {"tc", "kimlik", "tckn", "tck", "identity"};

uint32_t Digit(char c) { return static_cast<uint32_t>(c - '0'); }

// Unique Identification Authority of India: 2 to 9 first, Verhoeff at the end.
bool IsAadhaar(std::string_view n) { return n[0] >= '2' && PassesVerhoeff(n); }

// Income Tax Department: the fourth letter says what the holder is.
bool IsPan(std::string_view n) {
  return std::string_view("ABCFGHJLPT").find(n[3]) != std::string_view::npos &&
         n.substr(5, 4) != "0000";
}

bool IsTfn(std::string_view n) {
  constexpr std::array<uint8_t, 9> kWeights = {1, 4, 3, 7, 5, 8, 6, 9, 10};
  constexpr std::array<uint8_t, 8> kShort = {10, 7, 8, 4, 6, 3, 5, 1};
  return n.size() == 9 ? WeightedSum(n, kWeights) % 11 == 0 : WeightedSum(n, kShort) % 11 == 0;
}

bool IsMedicare(std::string_view n) {
  constexpr std::array<uint8_t, 8> kWeights = {1, 3, 7, 9, 1, 3, 7, 9};
  return n[0] >= '2' && n[0] <= '6' && WeightedSum(n, kWeights) % 10 == Digit(n[8]);
}

// Australian Business Register: 1 is taken from the first digit, the weighted sum is modulo 89.
bool IsAbn(std::string_view n) {
  constexpr std::array<uint8_t, 11> kWeights = {10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19};
  return n[0] != '0' && (WeightedSum(n, kWeights) - 10) % 89 == 0;
}

bool IsNric(std::string_view n) {
  constexpr std::array<uint8_t, 7> kWeights = {2, 7, 6, 5, 4, 3, 2};
  const uint32_t sum = WeightedSum(n.substr(1, 7), kWeights);
  switch (n[0]) {
    case 'S':
      return n[8] == "JZIHGFEDCBA"[sum % 11];
    case 'T':
      return n[8] == "JZIHGFEDCBA"[(sum + 4) % 11];
    case 'F':
      return n[8] == "XWUTRQPNMLK"[sum % 11];
    case 'G':
      return n[8] == "XWUTRQPNMLK"[(sum + 4) % 11];
    case 'M':
      return n[8] == "XWUTRQPNJLK"[(sum + 3) % 11];
    default:
      return false;
  }
}

// Numbers given out since October 2020 have no check digit, so that the date has to do.
bool IsRrn(std::string_view n) {
  return n[6] >= '1' && n[6] <= '8' && IsDate(n.substr(0, 2), n.substr(2, 2), n.substr(4, 2));
}

// GB 11643-1999: ISO/IEC 7064 MOD 11-2.
bool IsChineseId(std::string_view n) {
  constexpr std::array<uint8_t, 17> kWeights = {7, 9, 10, 5,  8, 4, 2, 1, 6,
                                                3, 7, 9,  10, 5, 8, 4, 2};
  if (n[0] < '1' || n[0] > '9' || !IsDate(n.substr(6, 4), n.substr(10, 2), n.substr(12, 2))) {
    return false;
  }
  const std::string_view century = n.substr(6, 2);
  return (century == "19" || century == "20" || century == "18") &&
         n[17] == "10X98765432"[WeightedSum(n, kWeights) % 11];
}

// Date, gender, citizenship, and Luhn over all.
bool IsSouthAfrican(std::string_view n) {
  return (n[10] == '0' || n[10] == '1' || n[10] == '2') &&
         IsDate(n.substr(0, 2), n.substr(2, 2), n.substr(4, 2)) && PassesLuhn(n);
}

bool IsTurkish(std::string_view n) {
  if (n[0] == '0') return false;
  constexpr std::array<uint8_t, 10> kAll = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  uint32_t odd = 0;
  uint32_t even = 0;
  for (size_t i = 0; i < 9; ++i) (i % 2 == 0 ? odd : even) += Digit(n[i]);
  return (odd * 7 + 90 - even) % 10 == Digit(n[9]) && WeightedSum(n, kAll) % 10 == Digit(n[10]);
}

const std::array<NationalIdRule, 20> kRules = {{
    {Entity::kInAadhaar, "9999_9999_9999", IsAadhaar, Evidence::kNoDenial, kAadhaarWords},
    {Entity::kInAadhaar, "999999999999", IsAadhaar, Evidence::kWord, kAadhaarWords},
    {Entity::kInPan, "AAAAA9999A", IsPan, Evidence::kNoDenial, kPanWords},
    {Entity::kAuTfn, "999_999_999", IsTfn, Evidence::kWord, kTfnWords},
    {Entity::kAuTfn, "999999999", IsTfn, Evidence::kWord, kTfnWords},
    {Entity::kAuTfn, "99999999", IsTfn, Evidence::kWord, kTfnWords},
    {Entity::kAuMedicare, "9999_99999_9", IsMedicare, Evidence::kNoDenial, kMedicareWords},
    {Entity::kAuMedicare, "9999999999", IsMedicare, Evidence::kWord, kMedicareWords},
    {Entity::kAuMedicare, "99999999999", IsMedicare, Evidence::kWord, kMedicareWords},
    {Entity::kAuAbn, "99 999 999 999", IsAbn, Evidence::kForm, kAbnWords},
    {Entity::kAuAbn, "99999999999", IsAbn, Evidence::kWord, kAbnWords},
    {Entity::kSgNricFin, "A9999999A", IsNric, Evidence::kNoDenial, kNricWords},
    {Entity::kKrRrn, "999999-9999999", IsRrn, Evidence::kNoDenial, kRrnWords},
    {Entity::kKrRrn, "9999999999999", IsRrn, Evidence::kWord, kRrnWords},
    {Entity::kCnResidentId, "99999999999999999?", IsChineseId, Evidence::kForm, kChineseWords},
    {Entity::kZaIdNumber, "9999999999999", IsSouthAfrican, Evidence::kNoDenial, kZaWords},
    {Entity::kZaIdNumber, "999999 9999 999", IsSouthAfrican, Evidence::kForm, kZaWords},
    {Entity::kTrIdentityNumber, "99999999999", IsTurkish, Evidence::kWord, kTurkishWords},
    {Entity::kAuMedicare, "9999 99999 9/9", IsMedicare, Evidence::kNoDenial, kMedicareWords},
    {Entity::kInPan, "AAAAA 9999 A", IsPan, Evidence::kForm, kPanWords},
}};

}  // namespace

std::span<const NationalIdRule> OtherIdRules() { return kRules; }

}  // namespace rowmill
