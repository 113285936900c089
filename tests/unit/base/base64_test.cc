#include "base/base64.h"

#include <gtest/gtest.h>

namespace rowmill {
namespace {

std::string Encoded(std::string_view text) {
  std::string out = ">";
  AppendBase64(std::as_bytes(std::span(text)), out);
  return out.substr(1);
}

// RFC 4648, section 10.
TEST(Base64Test, TestVectors) {
  EXPECT_EQ(Encoded(""), "");
  EXPECT_EQ(Encoded("f"), "Zg==");
  EXPECT_EQ(Encoded("fo"), "Zm8=");
  EXPECT_EQ(Encoded("foo"), "Zm9v");
  EXPECT_EQ(Encoded("foob"), "Zm9vYg==");
  EXPECT_EQ(Encoded("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Encoded("\xff\xef\xbe"), "/+++");
}

}  // namespace
}  // namespace rowmill
