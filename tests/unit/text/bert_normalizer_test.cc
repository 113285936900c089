// Every character against the reference implementation (tests/data/bert_characters.json, made by
// tools/make_bert_characters.py).
#include "text/bert_normalizer.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "text/utf8.h"

namespace rowmill {
namespace {

std::string Words(const BertNormalizerOptions& options, std::string_view text) {
  std::string out;
  BertNormalizer(options).AppendWords(text, out);
  return out;
}

std::set<uint32_t> CodePoints(const nlohmann::json& ranges) {
  std::set<uint32_t> all;
  for (const auto& range : ranges) {
    for (uint32_t c = range[0]; c <= range[1].get<uint32_t>(); ++c) all.insert(c);
  }
  return all;
}

TEST(BertNormalizer, EveryCharacterAsTheReference) {
  std::ifstream file(ROWMILL_SOURCE_DIR "/tests/data/bert_characters.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  const std::set<uint32_t> dropped = CodePoints(golden["dropped"]);
  const std::set<uint32_t> spaces = CodePoints(golden["spaces"]);
  const std::set<uint32_t> ideographs = CodePoints(golden["ideographs"]);
  const std::set<uint32_t> punctuation = CodePoints(golden["punctuation"]);
  const nlohmann::json& mapped = golden["mapped"];
  const BertNormalizer normalizer({});
  size_t num_wrong = 0;
  for (uint32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    if (c >= 0xAC00 && c <= 0xD7A3) continue;  // Hangul, below
    // Letters that Unicode has had since 15.1 have a lower case there and none here yet.
    if (utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_CN) continue;
    std::string text = "a";
    AppendUtf8(c, text);
    text += "b";
    std::string actual;
    normalizer.AppendWords(text, actual);
    const auto found = mapped.find(std::to_string(c));
    std::string expected = text.substr(1, text.size() - 2);
    if (dropped.contains(c)) {
      expected = "";
    } else if (spaces.contains(c)) {
      expected = " ";
    } else if (found != mapped.end()) {
      expected = *found;
    } else if (ideographs.contains(c)) {
      expected = " " + expected + " ";
    }
    // Punctuation is set apart after the mapping; runs of spaces are one.
    std::string words = "a";
    for (size_t i = 0; i < expected.size();) {
      const DecodedChar decoded = DecodeUtf8(std::string_view(expected).substr(i));
      const std::string bytes = expected.substr(i, decoded.num_bytes);
      i += decoded.num_bytes;
      const bool alone = punctuation.contains(decoded.code_point);
      if ((alone || bytes == " ") && words.back() != ' ') words += ' ';
      if (bytes == " ") continue;
      words += bytes;
      if (alone) words += ' ';
    }
    words += "b ";
    if (actual != words && ++num_wrong <= 20) {
      ADD_FAILURE() << "U+" << std::hex << c << ": '" << actual << "', expected '" << words << "'";
    }
  }
  EXPECT_EQ(num_wrong, 0u);
}

TEST(BertNormalizer, HangulDecomposes) {
  EXPECT_EQ(Words({}, "\xEA\xB0\x80"), "\xE1\x84\x80\xE1\x85\xA1 ");
}

TEST(BertNormalizer, OptionsAreIndependent) {
  using Options = BertNormalizerOptions;
  const std::string text = "\xC3\x89T\xC3\x89 \x01x\xE4\xB8\xADy";  // "ÉTÉ", a control, "x中y"
  EXPECT_EQ(Words({}, text), "ete x \xE4\xB8\xAD y ");
  EXPECT_EQ(Words({.accents = Options::Accents::kKeep}, text),
            "\xC3\xA9t\xC3\xA9 x \xE4\xB8\xAD y ");
  EXPECT_EQ(Words({.letter_case = Options::Case::kKeep}, text), "ETE x \xE4\xB8\xAD y ");
  EXPECT_EQ(Words({.controls = Options::Controls::kKeep}, text), "ete \x01x \xE4\xB8\xAD y ");
  EXPECT_EQ(Words({.ideographs = Options::Ideographs::kKeep}, text), "ete x\xE4\xB8\xADy ");
}

TEST(BertNormalizer, NothingGivesNoWords) {
  EXPECT_EQ(Words({}, ""), "");
  EXPECT_EQ(Words({}, " \t\n "), "");
  EXPECT_EQ(Words({}, "\xCC\x81\x01"), "");
}

}  // namespace
}  // namespace rowmill
