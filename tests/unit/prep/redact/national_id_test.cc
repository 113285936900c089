#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "finds.h"

namespace rowmill {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

auto In(std::string_view text) { return Finds(FindNationalIds, text); }

// Examples of the offices and of Wikipedia, none of which belongs to anybody.
TEST(NationalId, PublishedExamples) {
  const std::tuple<const char*, const char*, const char*> kExamples[] = {
      {"US_SSN", "SSN", "219-09-9999"},
      {"US_SSN", "social security number", "078 05 1120"},
      {"US_SSN", "ssn", "219099999"},
      {"US_ITIN", "ITIN", "912-70-1234"},
      {"CA_SIN", "SIN", "130 692 544"},
      {"BR_CPF", "", "111.444.777-35"},
      {"BR_CPF", "CPF", "11144477735"},
      {"MX_CURP", "", "BOXW310820HNERXN09"},
      {"UK_NHS", "NHS", "943 476 5919"},
      {"UK_NHS", "patient", "9434765919"},
      {"UK_NINO", "", "AA 12 34 56 C"},
      {"UK_NINO", "", "AB123456C"},
      {"ES_NIF", "", "12345678Z"},
      {"ES_NIE", "", "X1234567L"},
      {"FR_NIR", "", "2 69 05 49 588 157 80"},
      {"DE_TAX_ID", "", "86 095 742 719"},
      {"DE_TAX_ID", "", "65929970489"},
      {"IT_FISCAL_CODE", "", "RSSMRA85T10A562S"},
      {"NL_BSN", "BSN", "111222333"},
      {"BE_NATIONAL_NUMBER", "", "85.07.30-033.28"},
      {"PL_PESEL", "", "44051401359"},
      {"FI_PERSONAL_IDENTITY_CODE", "", "131052-308T"},
      {"SE_PERSONNUMMER", "", "811228-9874"},
      {"SE_PERSONNUMMER", "", "19811228-9874"},
      {"DK_CPR", "CPR", "211062-5629"},
      {"NO_FODSELSNUMMER", "", "15021951940"},
      {"PT_NIF", "NIF", "501964843"},
      {"IN_AADHAAR", "Aadhaar", "2341 2341 2346"},
      {"IN_PAN", "", "AFZPK7190K"},
      {"AU_TFN", "TFN", "123 456 782"},
      {"AU_MEDICARE", "Medicare", "2123 45670 1"},
      {"AU_ABN", "", "51 824 753 556"},
      {"SG_NRIC_FIN", "", "S1234567D"},
      {"KR_RRN", "", "820701-2409184"},
      {"CN_RESIDENT_ID", "", "11010519491231002X"},
      {"ZA_ID_NUMBER", "", "8001015009087"},
      {"TR_IDENTITY_NUMBER", "TC kimlik", "10000000146"},
  };
  for (const auto& [entity, word, number] : kExamples) {
    const std::string find = std::string(entity) + " " + number;
    EXPECT_THAT(In(std::string(word) + " " + number + "."), Contains(find)) << number;
  }
}

TEST(NationalId, WrongCheckDigitsAreNotFound) {
  for (const char* text : {"CPF 111.444.777-36",
                           "NHS 943 476 5918",
                           "12345678A",
                           "X1234567M",
                           "2 69 05 49 588 157 81",
                           "86 095 742 718",
                           "RSSMRA85T10A562T",
                           "BSN 111222334",
                           "85.07.30-033.29",
                           "44051401358",
                           "131052-308U",
                           "811228-9873",
                           "15021951941",
                           "NIF 501964844",
                           "2341 2341 2345",
                           "TFN 123 456 783",
                           "51 824 753 557",
                           "S1234567E",
                           "110105194912310021",
                           "8001015009088",
                           "TC kimlik 10000000147",
                           "SIN 130 692 545",
                           "SSN 000-12-3456",
                           "SSN 666-12-3456",
                           "SSN 123-00-4567",
                           "BOXW310820HNERXN08",
                           "GB123456C",
                           "AB123456E",
                           "AFZXK7190K",
                           "821301-2409184"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
}

TEST(NationalId, ANumberAloneNeedsAWord) {
  for (const char* text : {"9434765919", "111222333", "219099999", "123456782", "501964843",
                           "order 219-09-9999", "x 130 692 544"}) {
    EXPECT_THAT(In(text), IsEmpty()) << text;
  }
  EXPECT_THAT(In("A86095742719"), Not(Contains("DE_TAX_ID 86095742719")));
}

}  // namespace
}  // namespace rowmill
