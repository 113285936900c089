#include "text/character_map.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/error.h"
#include "text/utf8.h"
#include "unit/text/character_map_builder.h"
#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

std::string Map(const CharacterMap& map, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CharacterMap::Replacement first = map.First(text);
    EXPECT_GE(first.consumed, 1u);
    out += first.text;
    text.remove_prefix(first.consumed);
  }
  return out;
}

const std::map<std::string, std::string> kKeys = {
    {"A", "a"},     {"ﬁ", "fi"}, {"e\xCC\x81", "\xC3\xA9"}, {"　", " "}, {"\t", " "},
    {"ab", "<ab>"}, {"abcd", ""}};

TEST(CharacterMap, LongestKeyIsReplaced) {
  const CharacterMap map = CharacterMap::Parse("toy", testing::CharacterMapBuilder::Build(kKeys));
  EXPECT_EQ(Map(map, "A ﬁn"), "a fin");
  EXPECT_EQ(Map(map, "ab abc abcd a"), "<ab> <ab>c  a");
  EXPECT_EQ(Map(map, "e\xCC\x81-e"), "\xC3\xA9-e");
  EXPECT_EQ(Map(map, "日本　語"), "日本 語");
}

TEST(CharacterMap, AnEmptyOneLeavesTextAlone) {
  std::mt19937_64 random(7);
  const CharacterMap map = CharacterMap::Parse("toy", "");
  EXPECT_TRUE(map.empty());
  for (int i = 0; i < 200; ++i) {
    const std::string text = testing::RandomText(random, 20);
    EXPECT_EQ(Map(map, text), text);
  }
}

TEST(CharacterMap, CutTablesAreRefusedOrHarmless) {
  const std::string whole = testing::CharacterMapBuilder::Build({{"A", "a"}, {"é", "e"}});
  // The trie is large; every cut of its header and of the replacements, and some within it.
  size_t refused = 0;
  for (size_t size = 1; size < whole.size();
       size += size < 64 || size + 64 > whole.size() ? 1 : 997) {
    EXPECT_THROW(CharacterMap::Parse("toy", whole.substr(0, size)), ModelError) << size;
    ++refused;
  }
  EXPECT_GT(refused, 100u);
}

TEST(CharacterMap, DamagedTriesGiveValidText) {
  std::mt19937_64 random(11);
  const std::string whole = testing::CharacterMapBuilder::Build(kKeys);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = whole;
    // Within the first part of the trie, where the keys are.
    for (int k = 0; k < 40; ++k) bytes[4 + random() % 4096] = static_cast<char>(random());
    const CharacterMap map = CharacterMap::Parse("toy", bytes);
    const std::string text = "A abcd ﬁ é　" + testing::RandomText(random, 20);
    const std::string mapped = Map(map, text);
    EXPECT_EQ(ValidUtf8Prefix(mapped), mapped.size());
  }
}

}  // namespace
}  // namespace rowmill
