#include "formats/file_kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string_view Describe(const std::string& content) { return DescribeFileKind(AsBytes(content)); }

TEST(FileKindTest, KnowsModelFilesOfOtherKinds) {
  EXPECT_THAT(Describe("GGUF\x03"), HasSubstr("GGUF file"));
  EXPECT_THAT(Describe("lmgg...."), HasSubstr("before GGUF"));
  EXPECT_THAT(Describe("algg...."), HasSubstr("before GGUF"));
  EXPECT_THAT(Describe("fmgg...."), HasSubstr("before GGUF"));
  EXPECT_THAT(Describe("\x80\x04\x95"), HasSubstr("never loaded"));
  EXPECT_THAT(Describe(std::string("\x40\0\0\0\0\0\0\0{\"w\":", 13)), HasSubstr("safetensors"));
  EXPECT_THAT(Describe("\x89HDF\r\n"), HasSubstr("HDF5"));
}

TEST(FileKindTest, KnowsWhatDownloadsGoWrongInto) {
  EXPECT_THAT(Describe("\n  <HTML><body>"), HasSubstr("web page"));
  EXPECT_THAT(Describe("\xef\xbb\xbf<?xml version"), HasSubstr("web page"));
  EXPECT_THAT(Describe("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("git lfs pull"));
  EXPECT_THAT(Describe("{\"error\":\"Repository not found\"}"), HasSubstr("JSON"));
  EXPECT_THAT(Describe("Entry not found"), HasSubstr("text file"));
  EXPECT_THAT(Describe(std::string(1000, '\0')), HasSubstr("zero bytes"));
  EXPECT_THAT(Describe("\x1f\x8b\x08"), HasSubstr("gzip"));
}

TEST(FileKindTest, SaysNothingWhereItKnowsNothing) {
  EXPECT_THAT(Describe(""), IsEmpty());
  EXPECT_THAT(Describe("\x01\x02\x03"), IsEmpty());
  EXPECT_THAT(Describe(std::string("\xff\xff\xff\xff\xff\xff\xff\xff{", 9)), IsEmpty());
}

}  // namespace
}  // namespace rowmill
