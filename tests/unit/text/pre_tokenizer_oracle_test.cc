// The hand-written splitters against the published patterns run by PCRE2, on random Unicode text.
#include <gtest/gtest.h>

#ifdef ROWMILL_HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

#include <functional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "text/pre_tokenizer.h"
#include "text/unicode.h"
#include "text/utf8.h"
#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

#ifdef ROWMILL_HAVE_PCRE2

// PCRE2's own \s has U+180E as well, which lost the property in Unicode 6.3, so it is spelled out.
constexpr const char* kSpaces =
    "\\x09-\\x0D\\x20\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}"
    "\\x{3000}";

// `pattern` with ~S for white space inside a class.
std::string WithSpaces(std::string pattern) {
  for (size_t at; (at = pattern.find("~S")) != std::string::npos;) pattern.replace(at, 2, kSpaces);
  return pattern;
}

const std::string kGpt2 = WithSpaces(
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^~S\\p{L}\\p{N}]+|[~S]+(?![^~S])|[~S]+");
const std::string kLlama3 = WithSpaces(
    "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
    " ?[^~S\\p{L}\\p{N}]+[\\r\\n]*|[~S]*[\\r\\n]+|[~S]+(?![^~S])|[~S]+");
const std::string kQwen2 = WithSpaces(
    "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
    " ?[^~S\\p{L}\\p{N}]+[\\r\\n]*|[~S]*[\\r\\n]+|[~S]+(?![^~S])|[~S]+");

class Pattern {
 public:
  explicit Pattern(const std::string& pattern) {
    int error = 0;
    PCRE2_SIZE at = 0;
    code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.c_str()), pattern.size(), PCRE2_UTF,
                          &error, &at, nullptr);
    if (code_ == nullptr) throw std::runtime_error("bad pattern at " + std::to_string(at));
    pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE);
    match_ = pcre2_match_data_create_from_pattern(code_, nullptr);
  }
  ~Pattern() {
    pcre2_match_data_free(match_);
    pcre2_code_free(code_);
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  // Matches and what lies between them, in order.
  std::vector<std::string> Split(const std::string& text) const {
    std::vector<std::string> pieces;
    size_t begin = 0;
    while (begin < text.size()) {
      const int found = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                                    begin, 0, match_, nullptr);
      if (found < 0) break;
      const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(match_);
      if (ends[0] > begin) pieces.push_back(text.substr(begin, ends[0] - begin));
      pieces.push_back(text.substr(ends[0], ends[1] - ends[0]));
      begin = ends[1];
    }
    if (begin < text.size()) pieces.push_back(text.substr(begin));
    return pieces;
  }
  bool Matches(uint32_t code_point) const {
    std::string text;
    AppendUtf8(code_point, text);
    return pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0, match_,
                       nullptr) >= 0;
  }

 private:
  pcre2_code* code_;
  pcre2_match_data* match_;
};

std::vector<std::string> Split(SplitPattern pattern, std::string_view text) {
  const PieceSplitter splitter(pattern);
  std::vector<std::string> pieces;
  while (!text.empty()) {
    const size_t size = splitter.FirstPiece(text);
    if (size == 0 || size > text.size()) throw std::runtime_error("no progress");
    pieces.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

// Random text without the characters that were assigned after PCRE2's tables were made.
class OracleTest : public ::testing::Test {
 protected:
  OracleTest() : newer_(0x110000) {
    const Pattern letter("\\p{L}");
    const Pattern number("\\p{N}");
    const Pattern unassigned("\\p{Cn}");
    const CharClassTable& classes = CharClassTable::Get();
    for (uint32_t c = 0; c < 0x110000; ++c) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      const bool same = letter.Matches(c) == (classes.ClassOf(c) == CharClass::kLetter) &&
                        number.Matches(c) == (classes.ClassOf(c) == CharClass::kNumber);
      if (same) continue;
      newer_[c] = true;
      num_wrong_ += !unassigned.Matches(c);
    }
  }

  void Compare(SplitPattern pattern, uint64_t seed,
               const std::function<std::vector<std::string>(const std::string&)>& oracle) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 20000; ++i) {
      std::string text;
      for (size_t n = random() % 30; n > 0; --n) {
        const uint32_t c = testing::RandomCodePoint(random);
        if (newer_[c]) continue;
        for (size_t k = random() % 8 == 0 ? 1 + random() % 5 : 1; k > 0; --k) AppendUtf8(c, text);
      }
      ASSERT_EQ(Split(pattern, text), oracle(text)) << "round " << i << " of seed " << seed;
    }
  }

  std::vector<bool> newer_;
  int num_wrong_ = 0;
};

TEST_F(OracleTest, ClassesDifferOnlyWherePcre2KnowsNoCharacterYet) { EXPECT_EQ(num_wrong_, 0); }

TEST_F(OracleTest, Gpt2) {
  const Pattern pattern(kGpt2);
  Compare(SplitPattern::kGpt2, 11, [&](const std::string& text) { return pattern.Split(text); });
}

TEST_F(OracleTest, SmolLm) {
  const Pattern digit("\\p{N}");
  const Pattern pattern(kGpt2);
  Compare(SplitPattern::kSmolLm, 12, [&](const std::string& text) {
    std::vector<std::string> pieces;
    for (const std::string& fragment : digit.Split(text)) {
      for (std::string& piece : pattern.Split(fragment)) pieces.push_back(std::move(piece));
    }
    return pieces;
  });
}

TEST_F(OracleTest, Llama3) {
  const Pattern pattern(kLlama3);
  Compare(SplitPattern::kLlama3, 13, [&](const std::string& text) { return pattern.Split(text); });
}

TEST_F(OracleTest, Qwen2) {
  const Pattern pattern(kQwen2);
  Compare(SplitPattern::kQwen2, 14, [&](const std::string& text) { return pattern.Split(text); });
}

#else

TEST(OracleTest, NeedsPcre2) { GTEST_SKIP() << "PCRE2 (libpcre2-dev) is not installed"; }

#endif

}  // namespace
}  // namespace rowmill
