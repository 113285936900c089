#include "prep/redact/entity.h"

#include <array>

namespace rowmill {
namespace {

struct Names {
  std::string_view name;
  std::string_view family;
};

constexpr std::array<Names, kNumEntities> kNames = {{
    {"SECRET", "secret"},       {"URL_CREDENTIALS", "url"},
    {"EMAIL_ADDRESS", "email"}, {"IBAN_CODE", "iban"},
    {"CREDIT_CARD", "card"},    {"CRYPTO", "crypto"},
    {"MAC_ADDRESS", "mac"},     {"IP_ADDRESS", "ip"},
    {"US_SSN", "id"},           {"US_ITIN", "id"},
    {"CA_SIN", "id"},           {"BR_CPF", "id"},
    {"MX_CURP", "id"},          {"UK_NHS", "id"},
    {"UK_NINO", "id"},          {"ES_NIF", "id"},
    {"ES_NIE", "id"},           {"FR_NIR", "id"},
    {"DE_TAX_ID", "id"},        {"IT_FISCAL_CODE", "id"},
    {"NL_BSN", "id"},           {"BE_NATIONAL_NUMBER", "id"},
    {"PL_PESEL", "id"},         {"FI_PERSONAL_IDENTITY_CODE", "id"},
    {"SE_PERSONNUMMER", "id"},  {"DK_CPR", "id"},
    {"NO_FODSELSNUMMER", "id"}, {"PT_NIF", "id"},
    {"IN_AADHAAR", "id"},       {"IN_PAN", "id"},
    {"AU_TFN", "id"},           {"AU_MEDICARE", "id"},
    {"AU_ABN", "id"},           {"SG_NRIC_FIN", "id"},
    {"KR_RRN", "id"},           {"CN_RESIDENT_ID", "id"},
    {"ZA_ID_NUMBER", "id"},     {"TR_IDENTITY_NUMBER", "id"},
    {"PHONE_NUMBER", "phone"},
}};

constexpr std::array<std::string_view, 10> kFamilies = {
    "email", "phone", "card", "iban", "ip", "mac", "id", "secret", "url", "crypto"};

}  // namespace

std::string_view EntityName(Entity entity) { return kNames[static_cast<size_t>(entity)].name; }

std::string_view EntityFamily(Entity entity) { return kNames[static_cast<size_t>(entity)].family; }

std::span<const std::string_view> EntityFamilies() { return kFamilies; }

}  // namespace rowmill
