#include "prep/redact/pseudonyms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class PseudonymsTest : public ::testing::Test {
 protected:
  PseudonymsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pseudonyms-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~PseudonymsTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::vector<std::string> Lines(const std::string& name) const {
    std::ifstream file(Path(name));
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name)) << content;
  }

  std::string folder_;
};

// RFC 4231, cases 2 and 6.
TEST(Hmac, PublishedVectors) {
  const std::string jefe = "Jefe";
  EXPECT_EQ(Hex(HmacSha256({reinterpret_cast<const uint8_t*>(jefe.data()), jefe.size()},
                           "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::vector<uint8_t> long_key(131, 0xaa);
  EXPECT_EQ(Hex(HmacSha256(long_key, "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_F(PseudonymsTest, OneValueHasOneNameInEveryRun) {
  const auto first = Pseudonyms::FromMap(Path("map"));
  const std::string name = first->NameOf("EMAIL_ADDRESS", "a@b.org");
  EXPECT_EQ(name.size(), 16u);
  EXPECT_EQ(name.find_first_not_of("bcdfghjklmnpqrst"), std::string::npos);
  EXPECT_EQ(first->NameOf("EMAIL_ADDRESS", "a@b.org"), name);
  EXPECT_NE(first->NameOf("EMAIL_ADDRESS", "b@b.org"), name);
  EXPECT_NE(first->NameOf("SECRET", "a@b.org"), name);
  first->Sync();

  const auto second = Pseudonyms::FromMap(Path("map"));
  EXPECT_EQ(second->KeyId(), first->KeyId());
  EXPECT_EQ(second->NameOf("EMAIL_ADDRESS", "a@b.org"), name);
  const auto other = Pseudonyms::FromMap(Path("other"));
  EXPECT_NE(other->NameOf("EMAIL_ADDRESS", "a@b.org"), name) << "another map has another key";
  const std::vector<std::string> lines = Lines("map");
  ASSERT_EQ(lines.size(), 4u) << "the key and three values, none of them twice";
  EXPECT_EQ(lines[1], "{\"pseudonym\": \"<EMAIL_ADDRESS:" + name + ">\", \"value\": \"a@b.org\"}");
}

TEST_F(PseudonymsTest, TheMapIsForItsOwnerAlone) {
  Pseudonyms::FromMap(Path("map"));
  struct stat info = {};
  ASSERT_EQ(::stat(Path("map").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(PseudonymsTest, OtherFilesAreNotTakenForMaps) {
  for (const char* content : {"hello\n", "{}\n", "{\"rowmill_pseudonyms\": 1, \"key\": \"12\"}\n",
                              "{\"rowmill_pseudonyms\": 1, \"key\": 12}\n"}) {
    Write("file", content);
    EXPECT_THAT([&] { Pseudonyms::FromMap(Path("file")); },
                ThrowsMessage<UsageError>(HasSubstr("no map")));
    EXPECT_EQ(Lines("file").size(), 1u) << "and nothing is written to them";
  }
  EXPECT_THROW(Pseudonyms::FromMap(Path("no/folder")), IoError);
}

TEST_F(PseudonymsTest, KeysOfHashes) {
  Write("key", "sixteen bytes or more");
  Write("same", "sixteen bytes or more");
  Write("short", "short");
  EXPECT_EQ(Pseudonyms::FromKeyFile(Path("key"))->NameOf("A", "x"),
            Pseudonyms::FromKeyFile(Path("same"))->NameOf("A", "x"));
  EXPECT_THAT([&] { Pseudonyms::FromKeyFile(Path("short")); },
              ThrowsMessage<UsageError>(HasSubstr("less than 16 bytes")));
  EXPECT_THROW(Pseudonyms::FromKeyFile(Path("none")), UsageError);
}

}  // namespace
}  // namespace rowmill
