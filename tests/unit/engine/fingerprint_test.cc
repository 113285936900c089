#include "engine/fingerprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/error.h"
#include "base/hash.h"
#include "base/testing/crashing_file_system.h"

namespace rowmill {
namespace {

using testing::HasSubstr;
using testing::Not;

Fingerprint Sample() {
  Fingerprint fingerprint;
  fingerprint.Add("model.sha256", "ab12");
  fingerprint.Add("prompt", "Summarise:\n\"{{body}}\" \xc3\xa9\x01");
  fingerprint.Add("raw", std::string("\xff\x00\x80", 3));
  fingerprint.Add("empty", "");
  return fingerprint;
}

TEST(Fingerprint, SurvivesJson) {
  const Fingerprint before = Sample();
  const Fingerprint after = Fingerprint::FromJson(before.ToJson(), "manifest");
  EXPECT_EQ(before.entries(), after.entries());
  EXPECT_TRUE(CompareFingerprints(before, after).empty());
  EXPECT_EQ(before.ToJson(), after.ToJson());
  EXPECT_EQ(before.Digest(), after.Digest());
  EXPECT_EQ(*after.Find("raw"), std::string("\xff\x00\x80", 3));
  EXPECT_EQ(after.Find("missing"), nullptr);
}

TEST(Fingerprint, TheDigestDependsOnNamesAndValuesButNotOnTheirOrder) {
  Fingerprint a;
  a.Add("x", "1");
  a.Add("y", "2");
  Fingerprint b;
  b.Add("y", "2");
  b.Add("x", "1");
  EXPECT_EQ(a.Digest(), b.Digest());
  EXPECT_EQ(a.Identity(), b.Identity());
  EXPECT_EQ(a.Digest(), Sha256Hex(AsBytes("1:x1:11:y1:2")));
  EXPECT_EQ(a.Identity() >> 32, std::stoull(a.Digest().substr(0, 8), nullptr, 16));
  // Moving bytes between a name, its value and the next name is a change.
  std::set<std::string> digests = {a.Digest()};
  for (const auto& [name, value] : {std::pair{"x", "11:y1:2"}, {"x", "1"}, {"x1", "1"}, {"", ""}}) {
    Fingerprint other;
    other.Add(name, value);
    digests.insert(other.Digest());
  }
  EXPECT_EQ(digests.size(), 5U);
}

TEST(Fingerprint, ANameTwiceIsABugOfOurs) {
  Fingerprint fingerprint = Sample();
  EXPECT_THROW(fingerprint.Add("prompt", "again"), InternalError);
}

TEST(Fingerprint, DifferencesAreListedByName) {
  Fingerprint was = Sample();
  was.Add("seed", "0");
  was.Add("gone", "1");
  Fingerprint is;
  is.Add("new", "2");
  is.Add("model.sha256", "ab12");
  is.Add("prompt", "Translate");
  is.Add("raw", *was.Find("raw"));
  is.Add("empty", "");
  is.Add("seed", std::string(81, 'a'));
  const std::vector<FingerprintDifference> differences = CompareFingerprints(was, is);
  ASSERT_EQ(differences.size(), 4U);
  EXPECT_EQ(DescribeDifference(differences[0]), "new: was not there, is \"2\"");
  EXPECT_EQ(DescribeDifference(differences[1]),
            "prompt: was \"Summarise:\\n\\\"{{body}}\\\" \xc3\xa9\\u0001\", is \"Translate\"");
  EXPECT_EQ(DescribeDifference(differences[2]),
            "seed: was \"0\", is 81 bytes with SHA-256 " +
                Sha256Hex(AsBytes(std::string(81, 'a'))).substr(0, 16) + "...");
  EXPECT_EQ(DescribeDifference(differences[3]), "gone: was \"1\", is not there");
}

TEST(Fingerprint, ValuesOfEightyBytesAreShown) {
  const std::string value(80, 'v');
  EXPECT_THAT(DescribeDifference({"n", value, std::nullopt}), HasSubstr(value));
  EXPECT_THAT(DescribeDifference({"n", value + "v", std::nullopt}), Not(HasSubstr(value)));
  // What is not UTF-8 is still shown as valid text.
  EXPECT_EQ(DescribeDifference({"n", "a\xff", "b"}), "n: was \"a\xef\xbf\xbd\", is \"b\"");
}

TEST(Fingerprint, CutOrChangedTextIsRefused) {
  const std::string text = Sample().ToJson();
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_THROW(Fingerprint::FromJson(text.substr(0, size), "m"), DataError) << size;
  }
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_THROW(Fingerprint::FromJson(damaged, "m"), DataError) << damaged;
  }
  for (const char* other :
       {"[]", "{}", "{\"entries\": 1}", "{\"entries\": [1]}", "{\"entries\": [[\"a\"]]}",
        "{\"entries\": [[\"a\", 1]]}", "{\"entries\": [[\"a\", {\"hex\": \"0\"}]]}",
        "{\"entries\": [[\"a\", {\"hex\": \"0g\"}]]}",
        "{\"entries\": [[\"a\", \"b\"], [\"a\", \"b\"]]}", "{\"entries\": [[1, \"b\"]]}",
        "{\"entries\": []}"}) {
    EXPECT_THROW(Fingerprint::FromJson(other, "m"), DataError) << other;
  }
  EXPECT_THROW(Fingerprint::FromJson(text + " ", "m"), DataError);
  EXPECT_THROW(Fingerprint::FromJson(std::string(1 << 20, '['), "m"), DataError);
}

TEST(Fingerprint, InputsAreToldApartBySizeTimeAndEdges) {
  const size_t mib = size_t{1} << 20;
  const auto digest = [](CrashingFileSystem& disk) {
    Fingerprint fingerprint;
    AddInputIdentity(fingerprint, "input", disk, "in.csv");
    return fingerprint;
  };
  for (const size_t size : {size_t{0}, size_t{10}, mib, mib + 1, 3 * mib}) {
    CrashingFileSystem disk;
    std::string bytes(size, 'x');
    disk.Put("in.csv", bytes);
    const Fingerprint before = digest(disk);
    EXPECT_EQ(before.entries().size(), 4U);
    EXPECT_EQ(*before.Find("input.size"), std::to_string(size));
    EXPECT_EQ(*before.Find("input.path"), "in.csv");
    EXPECT_TRUE(CompareFingerprints(before, digest(disk)).empty());
    if (size == 0) continue;
    for (const size_t place : {size_t{0}, size - 1, size > mib ? size - mib : 0}) {
      std::string changed = bytes;
      changed[place] = 'y';
      disk.Put("in.csv", changed);
      const auto differences = CompareFingerprints(before, digest(disk));
      ASSERT_EQ(differences.size(), 1U) << size << " " << place;
      EXPECT_EQ(differences[0].name, "input.edges");
    }
    disk.Put("in.csv", bytes);
    disk.Open("in.csv", OpenMode::kReadWrite)->WriteAt(size / 2, AsBytes("x"));
    const auto differences = CompareFingerprints(before, digest(disk));
    ASSERT_EQ(differences.size(), 1U);
    EXPECT_EQ(differences[0].name, "input.mtime");
  }
  CrashingFileSystem empty;
  Fingerprint fingerprint;
  EXPECT_THROW(AddInputIdentity(fingerprint, "input", empty, "in.csv"), IoError);
}

}  // namespace
}  // namespace rowmill
