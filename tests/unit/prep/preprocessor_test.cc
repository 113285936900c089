#include "prep/preprocessor.h"

#include <gtest/gtest.h>

#include <random>

#include "data/utf8.h"

namespace rowmill {
namespace {

struct Cleaned {
  std::string text;
  RowChanges changes;
};

Cleaned Clean(std::string text, std::string_view words) {
  const RowChanges changes = Preprocessor(ParseCleanOptions(words)).Clean(text);
  return {text, changes};
}

TEST(PreprocessorTest, ByDefaultOnlyUtf8IsRepaired) {
  const std::string text = " <b>a</b>&amp;\x01 e\xcc\x81 ";
  EXPECT_EQ(Clean(text, "").text, text);
  EXPECT_EQ(Clean(text, "").changes, RowChanges());
  EXPECT_EQ(Clean("a\xff", "").text, "a\xef\xbf\xbd");
  EXPECT_EQ(Clean("a\xff", "").changes, RowChanges{.utf8 = true});
  EXPECT_EQ(Clean(std::string("a\0b", 3), "").text,
            "a\xef\xbf\xbd"
            "b");
}

TEST(PreprocessorTest, EachWordDoesItsOwnStep) {
  const std::string text = " <b>a</b>\x01 e\xcc\x81 ";
  EXPECT_EQ(Clean(text, "html").text, " a\x01 e\xcc\x81 ");
  EXPECT_EQ(Clean(text, "control").text, " <b>a</b> e\xcc\x81 ");
  EXPECT_EQ(Clean(text, "nfc").text, " <b>a</b>\x01 \xc3\xa9 ");
  EXPECT_EQ(Clean(text, "space").text, "<b>a</b>\x01 e\xcc\x81");
  EXPECT_EQ(Clean(text, "all").text, "a \xc3\xa9");
  EXPECT_EQ(Clean(text, "all").changes,
            (RowChanges{.html = true, .control = true, .nfc = true, .space = true}));
  EXPECT_EQ(Clean(text, "nfc,space").changes, (RowChanges{.nfc = true, .space = true}));
}

TEST(PreprocessorTest, LaterStepsSeeWhatEarlierOnesLeave) {
  EXPECT_EQ(Clean("a&#7;&nbsp;<br>&#101;&#769;", "all").text, "a \xc3\xa9");
  EXPECT_EQ(Clean("e\x01\xcc\x81", "all").text, "\xc3\xa9");
}

TEST(PreprocessorTest, EmptiedRowsAreTold) {
  EXPECT_TRUE(Clean("<br>\x01", "all").changes.emptied);
  EXPECT_EQ(Clean("<br>\x01", "all").text, "");
  EXPECT_FALSE(Clean("  ", "all").changes.emptied);  // There was nothing before.
  EXPECT_FALSE(Clean("a", "all").changes.emptied);
}

TEST(PreprocessorTest, OnlyStringsAreCleaned) {
  const Preprocessor preprocessor(ParseCleanOptions("all"));
  FieldValue list = {FieldKind::kArray, "[1,  \"<b>\"]", false};
  EXPECT_EQ(preprocessor.Clean(list), RowChanges());
  EXPECT_EQ(list.text, "[1,  \"<b>\"]");
  FieldValue text = {FieldKind::kString, " x\xef\xbf\xbd", true};
  EXPECT_EQ(preprocessor.Clean(text), (RowChanges{.utf8 = true, .space = true}));
  EXPECT_EQ(text.text, "x\xef\xbf\xbd");
}

TEST(PreprocessorTest, AnyBytesGiveValidTextAndTheFlagsAreTrue) {
  std::mt19937 random(29);
  static constexpr char kBytes[] = "\0\x01 <b>&amp;\xc3\xa9\xcc\x81\xff\xe2\x80\xae\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 24, ' ');
    for (char& c : text) c = kBytes[random() % (sizeof(kBytes) - 1)];
    const Cleaned cleaned = Clean(text, "all");
    ASSERT_TRUE(IsCleanUtf8(cleaned.text)) << round;
    if (!cleaned.changes.any()) {
      ASSERT_EQ(cleaned.text, text) << round;
    }
    ASSERT_EQ(Clean(cleaned.text, "control,nfc,space").text, cleaned.text) << round;
  }
}

}  // namespace
}  // namespace rowmill
