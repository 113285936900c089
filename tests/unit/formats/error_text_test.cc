#include "formats/error_text.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

TEST(QuotedTest, KeepsPrintableAscii) {
  EXPECT_EQ(Quoted("blk.0.attn_q.weight"), "'blk.0.attn_q.weight'");
}

TEST(QuotedTest, EscapesTheRest) {
  EXPECT_EQ(Quoted(std::string_view("a\0\n\x7f\xff", 5)), "'a\\x00\\x0a\\x7f\\xff'");
  EXPECT_EQ(Quoted("it's \\"), "'it\\x27s \\x5c'");
}

TEST(QuotedTest, CutsLongText) {
  EXPECT_EQ(Quoted(std::string(80, 'a')), "'" + std::string(80, 'a') + "'");
  EXPECT_EQ(Quoted(std::string(81, 'a')), "'" + std::string(80, 'a') + "...'");
}

}  // namespace
}  // namespace rowmill
