#include "hub/hub_reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace rowmill {
namespace {

TEST(HubReference, UserRepositoryAndQuant) {
  const HubReference plain = ParseHubReference("hf:some.user/A_repo-1.5");
  EXPECT_EQ(plain.user, "some.user");
  EXPECT_EQ(plain.repo, "A_repo-1.5");
  EXPECT_EQ(plain.quant, "");
  EXPECT_EQ(plain.text(), "hf:some.user/A_repo-1.5");
  const HubReference quant = ParseHubReference("hf:u/r:Q4_K_M");
  EXPECT_EQ(quant.id(), "u/r");
  EXPECT_EQ(quant.quant, "Q4_K_M");
  EXPECT_EQ(quant.text(), "hf:u/r:Q4_K_M");
}

TEST(HubReference, WhatCouldLeaveTheFolderIsRefused) {
  for (const char* text : {"hf:", "hf:u", "hf:u/", "hf:/r", "hf:u/r:", "hf:u/r/s", "hf:../r",
                           "hf:u/..", "hf:u/.r", "hf:u/r:..", "hf:-u/r", "hf:u/r s", "hf:u/r?x",
                           "hf:u/r%2f", "hf:u/a--b", "hf:u:q/r", "hf:\xc3\xa9/r", "u/r"}) {
    EXPECT_THROW(ParseHubReference(text), UsageError) << text;
  }
  EXPECT_THROW(ParseHubReference("hf:u/" + std::string(97, 'x')), UsageError);
}

TEST(HubReference, SafeFileNames) {
  for (const char* name : {"a", "a.gguf", "1_Pooling/config.json", "a/b/c.d"}) {
    EXPECT_TRUE(IsSafeFileName(name)) << name;
  }
  for (const char* name : {"", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", ".git", "a/.b",
                           "a\\b", "C:a", "a b", "a\nb", "\xc3\xa9"}) {
    EXPECT_FALSE(IsSafeFileName(name)) << name;
  }
  EXPECT_FALSE(IsSafeFileName(std::string(256, 'a')));
}

}  // namespace
}  // namespace rowmill
