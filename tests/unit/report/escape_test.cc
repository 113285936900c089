#include "report/escape.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

TEST(Escape, MarkUpIsShownAndNotRead) {
  EXPECT_EQ(HtmlText("<b a=\"1\" b='2'>&amp;"), "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;");
  EXPECT_EQ(HtmlText("a\x01\x7F\tb\n"), "a\xEF\xBF\xBD\xEF\xBF\xBD\tb\n");
  EXPECT_EQ(HtmlText("\xFF"), "\xEF\xBF\xBD");
  EXPECT_EQ(HtmlText("Größe 大"), "Größe 大");
}

TEST(Escape, ShortenedKeepsCharactersWhole) {
  EXPECT_EQ(Shortened("äöü", 3), "äöü");
  EXPECT_EQ(Shortened("äöü", 2), "äö…");
  EXPECT_EQ(Shortened("", 0), "");
}

}  // namespace
}  // namespace rowmill
