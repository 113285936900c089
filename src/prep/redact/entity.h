// What --redact can find, under the names that Presidio gives it (microsoft.github.io/presidio,
// "Supported entities"), or names in that style where Presidio has none.
//
// What it is not: names of people, places and organisations. Nothing but a model can find those
// (docs/privacy.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rowmill {

enum class Entity : uint8_t {
  // In the order of preference between two finds of equal length.
  kSecret,
  kUrlCredentials,
  kEmailAddress,
  kIbanCode,
  kCreditCard,
  kCrypto,
  kMacAddress,
  kIpAddress,
  kUsSsn,
  kUsItin,
  kCaSin,
  kBrCpf,
  kMxCurp,
  kUkNhs,
  kUkNino,
  kEsNif,
  kEsNie,
  kFrNir,
  kDeTaxId,
  kItFiscalCode,
  kNlBsn,
  kBeNationalNumber,
  kPlPesel,
  kFiPersonalIdentityCode,
  kSePersonnummer,
  kDkCpr,
  kNoFodselsnummer,
  kPtNif,
  kInAadhaar,
  kInPan,
  kAuTfn,
  kAuMedicare,
  kAuAbn,
  kSgNricFin,
  kKrRrn,
  kCnResidentId,
  kZaIdNumber,
  kTrIdentityNumber,
  kPhoneNumber,
};
inline constexpr size_t kNumEntities = static_cast<size_t>(Entity::kPhoneNumber) + 1;

// "EMAIL_ADDRESS".
std::string_view EntityName(Entity entity);

// The word that --redact takes for it and others of its kind: "email", "id", ...
std::string_view EntityFamily(Entity entity);
// "email", "phone", "card", ...: each once.
std::span<const std::string_view> EntityFamilies();

}  // namespace rowmill
