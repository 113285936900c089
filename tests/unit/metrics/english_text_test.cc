#include "metrics/english_text.h"

#include <gtest/gtest.h>

#include "metrics/english_numbers.h"
#include "metrics/word_errors.h"

namespace rowmill {
namespace {

// What is expected is what openai/whisper's EnglishTextNormalizer gives.
TEST(EnglishText, WritesContractionsOut) {
  EXPECT_EQ(NormalizeEnglish("I won't, can't and y'all shouldn't've"),
            "i will not can not and you all should not have");
  EXPECT_EQ(NormalizeEnglish("Let's go, it's Mr. Smith's"), "let us go it is mister smith is");
  EXPECT_EQ(NormalizeEnglish("He'd been there; she'd go"), "he had been there she would go");
  EXPECT_EQ(NormalizeEnglish("um, I mean uh Dr. Jones of St. Paul [noise] (laughs)"),
            "i mean doctor jones of saint paul");
  EXPECT_EQ(NormalizeEnglish("ma 'am and o' clock, 'tis"), "madam and 0 clock tis");
}

TEST(EnglishText, ReadsNumbers) {
  EXPECT_EQ(NormalizeEnglish("Twenty one thousand dollars"), "$21000");
  EXPECT_EQ(NormalizeEnglish("the fifth of nineteen sixty three"), "the 5th of 1963");
  EXPECT_EQ(NormalizeEnglish("one oh one"), "101");
  EXPECT_EQ(NormalizeEnglish("double oh seven"), "007");
  EXPECT_EQ(NormalizeEnglish("three point one four"), "3.14");
  EXPECT_EQ(NormalizeEnglish("two and a half million people"), "2500000 people");
  EXPECT_EQ(NormalizeEnglish("$2 and 7 cents"), "$2.07");
  EXPECT_EQ(NormalizeEnglish("seven cents"), "¢7");
  EXPECT_EQ(NormalizeEnglish("minus five degrees"), "-5 degrees");
  EXPECT_EQ(NormalizeEnglish("fifty per cent of 100 percent"), "50% of 100%");
  EXPECT_EQ(NormalizeEnglish("one hundred and twenty-third"), "123rd");
  EXPECT_EQ(NormalizeEnglish("1,000,000 and 3,4,5"), "1000000 and 34 5");
  EXPECT_EQ(NormalizeEnglish("the 1960s and the 274th"), "the 1960s and the 274th");
  EXPECT_EQ(NormalizeEnglish("a decillion decillions"), "a 1000000000000000000000000000000000s");
  EXPECT_EQ(NormalizeEnglish("$0.07 or £1"), "¢7 or one");
  EXPECT_EQ(NormalizeEnglish("point five"), ".5");
  EXPECT_EQ(NormalizeEnglish("ten twenty thirty"), "102030");
  EXPECT_EQ(NormalizeEnglish("six hundred sixty six thousand"), "666000");
  EXPECT_EQ(NormalizeEnglish("zero million"), "0");
}

TEST(EnglishText, SpellsAsAmericans) {
  EXPECT_EQ(NormalizeEnglish("The colour of the neighbour's grey theatre"),
            "the color of the neighbor is gray theater");
  EXPECT_EQ(NormalizeEnglish("organised organisations, an analysis analysed"),
            "organized organizations an analysis analyzed");
  EXPECT_EQ(NormalizeEnglish("cancelled cancellation travelling"),
            "canceled cancellation traveling");
  EXPECT_EQ(NormalizeEnglish("sceptical labourers mould jewellery"),
            "skeptical laborers mold jewelry");
}

TEST(EnglishText, DropsSymbolsAndDiacritics) {
  EXPECT_EQ(NormalizeEnglish("Café naïve œuvre ﬁne Ångström"), "cafe naive oeuvre fine angstrom");
  EXPECT_EQ(NormalizeEnglish("50% % $ 5. a.b e.g. x"), "50% 5 a b e g x");
  EXPECT_EQ(NormalizeEnglish("日本、語 “quoted” it’s"), "日本 語 quoted it s");
  EXPECT_EQ(NormalizeEnglish(""), "");
}

TEST(EnglishText, BrokenNumbersAreNoTrap) {
  for (const char* text :
       {"point", "double", "per", "and", "minus", "1.", "hundred point", "point point five",
        "1.2.3 million", "oh hundred", "double oh million", "half", "and a half"}) {
    EXPECT_EQ(NormalizeEnglish(NormalizeEnglish(text)).find('\0'), std::string::npos) << text;
  }
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "nine ";
  EXPECT_EQ(NormalizeEnglish(many), std::string(2000, '9'));
}

TEST(EnglishText, WordErrorsOfEqualMeaningAreNone) {
  WordErrors errors(WordErrors::TextForm::kEnglish);
  errors.Add("It's the 15th, Mr. Smith; the colour's $20.",
             "it is the fifteenth mister smith the color is twenty dollars");
  EXPECT_EQ(errors.errors(), 0u);
  EXPECT_GT(errors.words(), 8u);
}

}  // namespace
}  // namespace rowmill
