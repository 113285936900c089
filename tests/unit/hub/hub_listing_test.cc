#include "hub/hub_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace rowmill {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kSha256(64, 'a');
const std::string kGitName(40, 'b');

std::string Listing() {
  return R"({"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[)"
         R"({"rfilename":"model.safetensors","size":9,"blobId":")" +
         kGitName + R"(","lfs":{"sha256":")" + kSha256 + R"(","size":9}},)" +
         R"({"rfilename":"config.json","size":2,"blobId":")" + kGitName + R"("}]})";
}

std::vector<std::string> Names(const std::vector<HubFile>& files) {
  std::vector<std::string> names;
  for (const HubFile& file : files) names.push_back(file.name);
  return names;
}

std::vector<HubFile> Files(std::initializer_list<const char*> names) {
  std::vector<HubFile> files;
  for (const char* name : names) files.push_back({name, 1, kSha256});
  return files;
}

std::string ChosenGguf(const std::string& reference, std::initializer_list<const char*> names) {
  return ChooseModelFiles(ParseHubReference(reference), Files(names)).gguf;
}

std::string WhyNot(const std::string& reference, std::initializer_list<const char*> names) {
  try {
    ChooseModelFiles(ParseHubReference(reference), Files(names));
  } catch (const ModelError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(HubListing, FilesWithTheirHashes) {
  const HubListing listing = ParseHubListing(Listing(), "hub");
  EXPECT_EQ(listing.commit, "0123456789abcdef0123456789abcdef01234567");
  ASSERT_THAT(Names(listing.files), ElementsAre("config.json", "model.safetensors"));
  EXPECT_EQ(listing.files[0].hash, kGitName);
  EXPECT_EQ(listing.files[1].hash, kSha256);
  EXPECT_EQ(listing.files[1].size, 9u);
}

TEST(HubListing, WhatCannotBeCheckedOrKeptIsLeftOut) {
  const auto names = [](const std::string& siblings) {
    return Names(
        ParseHubListing(
            R"({"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[)" + siblings + "]}",
            "hub")
            .files);
  };
  const std::string good = R"({"rfilename":"a","size":1,"blobId":")" + kGitName + R"("})";
  EXPECT_THAT(names(good), ElementsAre("a"));
  for (const std::string& bad :
       {R"({"rfilename":"../a","size":1,"blobId":")" + kGitName + R"("})",
        R"({"rfilename":"a","size":-1,"blobId":")" + kGitName + R"("})",
        R"({"rfilename":"a","blobId":")" + kGitName + R"("})",
        std::string(R"({"rfilename":"a","size":1})"),
        std::string(R"({"rfilename":"a","size":1,"blobId":"../../x"})"),
        R"({"rfilename":"a","size":1,"blobId":")" + kGitName + R"(","lfs":{"sha256":"short"}})",
        std::string("1"), std::string("null"), std::string(R"({"rfilename":1,"size":1})")}) {
    EXPECT_THAT(names(bad + "," + good), ElementsAre("a")) << bad;
  }
}

TEST(HubListing, TruncatedAtEveryByte) {
  const std::string whole = Listing();
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(ParseHubListing(whole.substr(0, length), "hub"), ModelError) << length;
  }
  for (const char* text : {"{}", "[]", R"({"sha":"x","siblings":[]})",
                           R"({"sha":"0123456789abcdef0123456789abcdef01234567"})"}) {
    EXPECT_THROW(ParseHubListing(text, "hub"), ModelError) << text;
  }
}

TEST(HubListing, TheQuantIsAWordOfTheName) {
  EXPECT_EQ(ChosenGguf("hf:u/r:q4_0", {"m-Q4_0_8_8.gguf", "m-Q4_0.gguf"}), "m-Q4_0.gguf");
  EXPECT_EQ(ChosenGguf("hf:u/r:Q8_0", {"m.q4_0.gguf", "m.q8_0.gguf"}), "m.q8_0.gguf");
  EXPECT_EQ(ChosenGguf("hf:u/r:f16", {"F16/m-f16.gguf", "m-bf16.gguf"}), "F16/m-f16.gguf");
  EXPECT_THAT(WhyNot("hf:u/r:q2_k", {"m-q4_0.gguf"}), HasSubstr("m-q4_0.gguf"));
  EXPECT_THAT(WhyNot("hf:u/r:q2_k", {"config.json", "model.safetensors"}), HasSubstr("no GGUF"));
}

TEST(HubListing, WithoutAQuant) {
  EXPECT_EQ(ChosenGguf("hf:u/r", {"a-q2_k.gguf", "b-q4_k_m.gguf"}), "b-q4_k_m.gguf");
  EXPECT_EQ(ChosenGguf("hf:u/r", {"a-q2_k.gguf", "b-q8_0.gguf"}), "a-q2_k.gguf");
  EXPECT_EQ(ChosenGguf("hf:u/r", {"mmproj-a.gguf", "z.gguf"}), "z.gguf");
  EXPECT_THAT(WhyNot("hf:u/r", {"m-00001-of-00002.gguf", "m-00002-of-00002.gguf"}),
              HasSubstr("cut into several"));
}

TEST(HubListing, AFolder) {
  const HubModelFiles single =
      ChooseModelFiles(ParseHubReference("hf:u/r"),
                       Files({"config.json", "model.safetensors", "model.fp16.safetensors",
                              "tokenizer.json", "pytorch_model.bin"}));
  EXPECT_EQ(single.gguf, "");
  EXPECT_THAT(Names(single.files),
              ElementsAre("config.json", "tokenizer.json", "model.safetensors"));
  const HubModelFiles shards = ChooseModelFiles(
      ParseHubReference("hf:u/r"),
      Files({"config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
             "model.safetensors.index.json", "old/model-00001-of-00001.safetensors"}));
  EXPECT_THAT(Names(shards.files),
              ElementsAre("config.json", "model.safetensors.index.json",
                          "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"));
  EXPECT_THAT(WhyNot("hf:u/r", {"config.json", "pytorch_model.bin"}), HasSubstr("pickles"));
  EXPECT_THAT(WhyNot("hf:u/r", {"README.md"}), HasSubstr("no model"));
}

}  // namespace
}  // namespace rowmill
