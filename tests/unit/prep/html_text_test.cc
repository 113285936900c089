#include "prep/html_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "data/utf8.h"

namespace rowmill {
namespace {

std::string Text(std::string_view html) {
  std::string out;
  AppendHtmlText(html, out);
  return out;
}

TEST(HtmlTextTest, TagsGoAndTextStays) {
  EXPECT_EQ(Text("a <b>bold</b> word<br/>and <A HREF='x>y'>link</A>"), "a bold word\nand link");
  EXPECT_EQ(Text("<p>one</p><p class=\"x\">two"), "\none\n\ntwo");
  EXPECT_EQ(Text("<tr><td>a</td><td>b</td></tr>"), "\n a  b \n");
  EXPECT_EQ(Text("<h1>x</h1 >"), "\nx\n");
  EXPECT_EQ(Text("<!DOCTYPE html><?xml version='1.0'?>x"), "x");
}

TEST(HtmlTextTest, CommentsScriptsAndStylesGoWhole) {
  EXPECT_EQ(Text("a<!-- <b> -- > -->b"), "ab");
  EXPECT_EQ(Text("a<script>if (x < y) '</p>'</SCRIPT >b<style>p{}</style>c"), "abc");
  EXPECT_EQ(Text("a<!-- no end <b>b</b>"), "a<!-- no end b");
  EXPECT_EQ(Text("a<script>no end"), "ano end");
}

TEST(HtmlTextTest, WhatIsNoTagIsText) {
  for (const std::string& text : std::initializer_list<std::string>{
           "a < b > c",  "<3",   "1<2>3", "<John>", "<user@example.com>",
           "<<",         "<",    "<b",    "a</",    "<>",
           "<|im_end|>", "< b>", "<b-c>", "<!-",    "<!>",
           "AT&T",       "&",    "&;",    "&amp",   "a & b;"}) {
    EXPECT_EQ(Text(text), text);
  }
  EXPECT_EQ(Text("<b" + std::string(2000, ' ') + ">x"), "<b" + std::string(2000, ' ') + ">x");
}

TEST(HtmlTextTest, AQuoteThatNeverEndsDoesNotSwallowTheText) {
  EXPECT_EQ(Text("<a title=\"x>y</a> z"), "y z");
}

TEST(HtmlTextTest, ReferencesBecomeCharactersOnce) {
  EXPECT_EQ(Text("&lt;b&gt; &amp;amp; caf&eacute; &#8364;&nbsp;&#x41;"),
            "<b> &amp; caf\xc3\xa9 \xe2\x82\xac\xc2\xa0"
            "A");
  EXPECT_EQ(Text("&unknown; &thereisnosuchreferenceinanyversion;"),
            "&unknown; &thereisnosuchreferenceinanyversion;");
}

TEST(HtmlTextTest, ValidTextStaysValid) {
  std::mt19937 random(13);
  const std::string_view pieces[] = {
      "<", ">",   "b",  "/",      "&",  ";",   "#", "\xc3\xa9",
      " ", "!--", "--", "script", "\"", "amp", "p", "\xf0\x9f\x98\x80"};
  for (int round = 0; round < 20'000; ++round) {
    std::string html;
    for (size_t i = random() % 20; i > 0; --i) html += pieces[random() % std::size(pieces)];
    const std::string text = Text(html);
    ASSERT_TRUE(IsCleanUtf8(text)) << html;
    ASSERT_LE(text.size(), html.size()) << html;
  }
}

// P01: hostile repetitions take linear time; quadratic ones would take minutes here.
TEST(HtmlTextTest, HostileTextIsReadOnce) {
  for (const std::string& piece : std::initializer_list<std::string>{
           "<a ", "<!--", "<script>", "</x", "&#", "<b \"", "<script></s", "<!x"}) {
    std::string html;
    while (html.size() < 300'000) html += piece;
    const auto start = std::chrono::steady_clock::now();
    Text(html);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    EXPECT_LT(seconds.count(), 10.0) << piece;
  }
}

}  // namespace
}  // namespace rowmill
