#include "text/word_piece_tokenizer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/shared_data.h"
#include "text/hugging_face_vocabulary.h"
#include "text/word_piece_vocabulary.h"

namespace rowmill {
namespace {

const char* const kList =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\nhe\n##llo\n##l\n##o\na\n##a\n##aaa\n.\n!\n[\n]\n"
    "cl\n##s\n\xE4\xB8\xAD\n";
enum : int32_t {
  kUnk = 1,
  kCls,
  kSep,
  kMask,
  kHello,
  kHe,
  kLlo,
  kL,
  kO,
  kA,
  kContinuesA,
  kAaa,
  kDot,
  kBang,
  kOpen,
  kClose,
  kCl,
  kS,
  kIdeograph
};

std::unique_ptr<const Tokenizer> Toy() {
  return Tokenizer::Make(ReadWordPieceList(kList, {}, "toy"));
}

std::vector<int32_t> Ids(std::string_view text) {
  return Toy()->Encode(text, SpecialTokens::kPlainText);
}

TEST(WordPiece, TakesTheLongestTokenFirst) {
  EXPECT_EQ(Ids("hello"), (std::vector<int32_t>{kHello}));
  EXPECT_EQ(Ids("HELLO."), (std::vector<int32_t>{kHello, kDot}));
  EXPECT_EQ(Ids("hellol"), (std::vector<int32_t>{kHello, kL}));
  EXPECT_EQ(Ids("hel"), (std::vector<int32_t>{kHe, kL}));
  EXPECT_EQ(Ids("aaaaaa"), (std::vector<int32_t>{kA, kAaa, kContinuesA, kContinuesA}));
  EXPECT_EQ(Ids("a\xE4\xB8\xAD"
                "a"),
            (std::vector<int32_t>{kA, kIdeograph, kA}));
}

TEST(WordPiece, AWordThatCannotBeSpelledIsUnknownAsAWhole) {
  EXPECT_EQ(Ids("hellox a"), (std::vector<int32_t>{kUnk, kA}));
  EXPECT_EQ(Ids("x"), (std::vector<int32_t>{kUnk}));
  EXPECT_EQ(Ids(std::string(100, 'a')).size(), 34u);
  EXPECT_EQ(Ids(std::string(101, 'a')), (std::vector<int32_t>{kUnk}));
  EXPECT_EQ(Ids("##o"), (std::vector<int32_t>{kUnk, kUnk, kUnk}));
}

TEST(WordPiece, SpecialTokensAreTextInRows) {
  EXPECT_EQ(Ids("[CLS]"), (std::vector<int32_t>{kOpen, kCl, kS, kClose}));
  EXPECT_EQ(Toy()->Encode("[CLS]", SpecialTokens::kParse), (std::vector<int32_t>{kCls}));
  EXPECT_EQ(Toy()->start_ids()[0], kCls);
  EXPECT_EQ(Toy()->end_ids()[0], kSep);
}

TEST(WordPiece, HostileTextTakesLinearTime) {
  const auto tokenizer = Toy();
  const auto cost = [&](const std::string& unit, size_t times) {
    std::string text;
    for (size_t i = 0; i < times; ++i) text += unit;
    TokenizerScratch scratch(TokenizerScratch::Cache::kOff);
    std::vector<int32_t> ids;
    tokenizer->Encode(text, SpecialTokens::kPlainText, scratch, ids);
    return scratch.num_operations();
  };
  for (const std::string& unit : {std::string("a"), std::string(100, 'a') + " ", std::string("."),
                                  std::string("\xCC\x81"), std::string("\xE1\x84\x80")}) {
    EXPECT_LE(cost(unit, 2000), 2 * cost(unit, 1000) + 100) << unit;
  }
}

// It stands for what cannot be spelled, so that plain text may give it, unlike control tokens.
TEST(WordPieceVocabulary, TheUnknownTokenOfAListIsNoControlToken) {
  const Vocabulary vocabulary = ReadWordPieceList(kList, {}, "toy");
  EXPECT_EQ(vocabulary.types[static_cast<size_t>(vocabulary.unk)], TokenType::kUnknown);
  EXPECT_EQ(vocabulary.types[static_cast<size_t>(vocabulary.sep)], TokenType::kControl);
}

TEST(WordPieceVocabulary, ListsNeedTheirSpecialTokens) {
  EXPECT_THROW(ReadWordPieceList("", {}, "toy"), ModelError);
  EXPECT_THROW(ReadWordPieceList("a\nb\n", {}, "toy"), ModelError);
  EXPECT_THROW(ReadWordPieceList("[CLS]\n[SEP]\n\xFF\n", {}, "toy"), ModelError);
}

// Against Hugging Face's tokenizers (shared/goldens, section 1).
TEST(WordPieceGolden, MiniLm) {
  const auto model = testing::ModelPath("minilm");
  const auto goldens = testing::SharedPath("goldens/tok_minilm.jsonl");
  if (!model || !goldens) GTEST_SKIP() << "no minilm weights or no goldens";
  const auto tokenizer =
      Tokenizer::Make(ReadHuggingFaceVocabulary(HuggingFaceFolder::Open(*model)));
  EXPECT_EQ(tokenizer->vocabulary().size(), 30522u);
  TokenizerScratch cached;
  size_t num_rows = 0;
  for (const nlohmann::json& row : testing::ReadJsonLines(*goldens)) {
    SCOPED_TRACE("golden row " + row["id"].dump() + " " + row["text"].dump());
    const std::string text = row["text"];
    const auto plain = row["ids"].get<std::vector<int32_t>>();
    EXPECT_EQ(tokenizer->Encode(text, SpecialTokens::kPlainText), plain);
    EXPECT_EQ(tokenizer->Encode(text, SpecialTokens::kParse),
              (row.contains("ids_special") ? row["ids_special"] : row["ids"])
                  .get<std::vector<int32_t>>());
    for (int pass = 0; pass < 2; ++pass) {
      std::vector<int32_t> ids;
      tokenizer->Encode(text, SpecialTokens::kPlainText, cached, ids);
      EXPECT_EQ(ids, plain);
    }
    ++num_rows;
  }
  EXPECT_EQ(num_rows, 400u);
}

}  // namespace
}  // namespace rowmill
