#include "text/vocabulary.h"

#include <gtest/gtest.h>

#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

TEST(Vocabulary, EndOfGenerationIsIdsAndTexts) {
  Vocabulary vocabulary;
  testing::AddToken(vocabulary, "a", TokenType::kNormal);
  testing::AddToken(vocabulary, "<end_of_turn>", TokenType::kUserDefined);
  testing::AddToken(vocabulary, "<stop>", TokenType::kControl);
  testing::AddToken(vocabulary, "<|im_end|>", TokenType::kControl);
  testing::AddToken(vocabulary, "<|im_end|> ", TokenType::kControl);
  vocabulary.eot = 2;
  vocabulary.eos = 3;
  FindEndOfGeneration(vocabulary);
  EXPECT_EQ(vocabulary.end_of_generation, (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(vocabulary.types[1], TokenType::kControl);
  EXPECT_TRUE(vocabulary.IsEndOfGeneration(2));
  EXPECT_FALSE(vocabulary.IsEndOfGeneration(0));
  EXPECT_FALSE(vocabulary.IsEndOfGeneration(kNoToken));
}

TEST(Vocabulary, ContainsItsIdsOnly) {
  Vocabulary vocabulary;
  EXPECT_FALSE(vocabulary.Contains(0));
  testing::AddToken(vocabulary, "a", TokenType::kNormal);
  EXPECT_TRUE(vocabulary.Contains(0));
  EXPECT_FALSE(vocabulary.Contains(1));
  EXPECT_FALSE(vocabulary.Contains(-1));
  EXPECT_FALSE(vocabulary.Contains(int64_t{1} << 32));
}

}  // namespace
}  // namespace rowmill
