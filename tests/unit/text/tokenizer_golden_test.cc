// Token ids and detokenised text of real models against llama.cpp's (shared/goldens, section 1).
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "formats/hugging_face_folder.h"
#include "support/shared_data.h"
#include "text/gguf_vocabulary.h"
#include "text/hugging_face_vocabulary.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace rowmill {
namespace {

constexpr const char* kGemma3 = "gemma-3-270m-q4_k_m.gguf";
constexpr const char* kQwen2 = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";

struct Golden {
  std::unique_ptr<const Tokenizer> tokenizer;
  std::vector<nlohmann::json> rows;
};

// Without a reason the golden can be tested.
std::string Load(const char* model, const char* goldens, Golden& golden) {
  const auto model_path = testing::ModelPath(model);
  if (!model_path) return std::string("no model file ") + model;
  const auto rows_path = testing::SharedPath(std::string("goldens/") + goldens);
  if (!rows_path) return std::string("no goldens ") + goldens;
  golden.tokenizer = Tokenizer::Make(ReadGgufVocabulary(GgufFile::Open(*model_path)));
  golden.rows = testing::ReadJsonLines(*rows_path);
  return {};
}

std::vector<int32_t> Ids(const nlohmann::json& row, const char* field, const char* otherwise) {
  return (row.contains(field) ? row[field] : row[otherwise]).get<std::vector<int32_t>>();
}

std::string Text(const nlohmann::json& row, const char* field, const char* otherwise) {
  return (row.contains(field) ? row[field] : row[otherwise]).get<std::string>();
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

void CheckRows(const Golden& golden) {
  const Tokenizer& tokenizer = *golden.tokenizer;
  TokenizerScratch cached;
  const DecodeOptions skip{.control = DecodeOptions::Control::kSkip};
  for (const nlohmann::json& row : golden.rows) {
    SCOPED_TRACE("golden row " + row["id"].dump() + " " + row["text"].dump());
    const std::string text = row["text"];
    const auto plain = row["ids"].get<std::vector<int32_t>>();
    auto special = Ids(row, "ids_special", "ids");
    // Where the reference's two engines disagree on what a special token is, either will do.
    if (row.contains("ids_special_hf")) {
      const auto other = row["ids_special_hf"].get<std::vector<int32_t>>();
      if (tokenizer.Encode(text, SpecialTokens::kParse) == other) special = other;
    }

    EXPECT_EQ(tokenizer.Encode(text, SpecialTokens::kPlainText), plain);
    EXPECT_EQ(tokenizer.Encode(text, SpecialTokens::kParse), special);
    for (int pass = 0; pass < 2; ++pass) {  // the second is served from the piece cache
      std::vector<int32_t> ids;
      tokenizer.Encode(text, SpecialTokens::kPlainText, cached, ids);
      EXPECT_EQ(ids, plain);
    }

    EXPECT_EQ(tokenizer.Decode(plain), row["detok"].get<std::string>());
    EXPECT_EQ(tokenizer.Decode(special), Text(row, "detok_special", "detok"));
    EXPECT_EQ(tokenizer.Decode(special, skip), Text(row, "detok_special_skipped", "detok"));
    if (row.contains("raw_hex")) {
      const std::string raw = FromHex(row["raw_hex"]);
      EXPECT_EQ(MakeValidUtf8(raw).text, text);
      EXPECT_EQ(tokenizer.Encode(raw, SpecialTokens::kPlainText), plain);
    }
  }
}

TEST(TokenizerGolden, SmolLm2) {
  Golden golden;
  if (const std::string reason = Load(testing::kSmolLm2, "tok_smollm2.jsonl", golden);
      !reason.empty()) {
    GTEST_SKIP() << reason;
  }
  ASSERT_EQ(golden.rows.size(), 400u);
  CheckRows(golden);
  EXPECT_TRUE(golden.tokenizer->start_ids().empty());
  const Vocabulary& vocabulary = golden.tokenizer->vocabulary();
  EXPECT_EQ(vocabulary.size(), 49152u);
  EXPECT_EQ(vocabulary.end_of_generation, (std::vector<int32_t>{0, 2}));
}

TEST(TokenizerGolden, Qwen2) {
  Golden golden;
  if (const std::string reason = Load(kQwen2, "tok_qwen2.jsonl", golden); !reason.empty()) {
    GTEST_SKIP() << reason;
  }
  ASSERT_EQ(golden.rows.size(), 40u);
  CheckRows(golden);
  EXPECT_TRUE(golden.tokenizer->start_ids().empty());
  const Vocabulary& vocabulary = golden.tokenizer->vocabulary();
  EXPECT_EQ(vocabulary.size(), 151936u);
  EXPECT_TRUE(vocabulary.IsEndOfGeneration(151645));
}

TEST(TokenizerGolden, Gemma3) {
  Golden golden;
  if (const std::string reason = Load(kGemma3, "tok_gemma3.jsonl", golden); !reason.empty()) {
    GTEST_SKIP() << reason;
  }
  ASSERT_EQ(golden.rows.size(), 400u);
  CheckRows(golden);
  ASSERT_EQ(golden.tokenizer->start_ids().size(), 1u);
  EXPECT_EQ(golden.tokenizer->start_ids()[0], 2);
  const Vocabulary& vocabulary = golden.tokenizer->vocabulary();
  EXPECT_EQ(vocabulary.size(), 262144u);
  EXPECT_TRUE(vocabulary.IsEndOfGeneration(1));
  EXPECT_TRUE(vocabulary.IsEndOfGeneration(106));
  EXPECT_FALSE(vocabulary.IsEndOfGeneration(105));
}

// SentencePiece's ids on the model's own .spm file; the folder is what tools/convert/marian.py
// makes of it. Text alone: SentencePiece parses no special tokens, and writes nothing for a control
// token.
void CheckFolder(const char* model, const char* goldens, size_t num_rows) {
  const auto folder = testing::ModelPath(model);
  const auto path = testing::SharedPath(std::string("goldens/") + goldens);
  if (!folder || !path) GTEST_SKIP() << "no " << model << " or no goldens";
  const auto tokenizer =
      Tokenizer::Make(ReadHuggingFaceVocabulary(HuggingFaceFolder::Open(*folder)));
  const auto rows = testing::ReadJsonLines(*path);
  ASSERT_EQ(rows.size(), num_rows);
  TokenizerScratch cached;
  for (const nlohmann::json& row : rows) {
    SCOPED_TRACE("golden row " + row["id"].dump() + " " + row["text"].dump());
    const auto expected = row["ids"].get<std::vector<int32_t>>();
    const std::string text = row["text"];
    EXPECT_EQ(tokenizer->Encode(text, SpecialTokens::kPlainText), expected);
    for (int pass = 0; pass < 2; ++pass) {
      std::vector<int32_t> ids;
      tokenizer->Encode(text, SpecialTokens::kPlainText, cached, ids);
      EXPECT_EQ(ids, expected);
    }
    EXPECT_EQ(tokenizer->Decode(expected), row["detok"].get<std::string>());
  }
}

TEST(TokenizerGolden, MarianEnglishPortuguese) {
  CheckFolder("marian-en-pt", "tok_marian_enpt.jsonl", 400);
}

TEST(TokenizerGolden, MarianPortugueseEnglish) {
  CheckFolder("marian-pt-en", "tok_marian_pten.jsonl", 40);
}

TEST(TokenizerGolden, WhisperBase) { CheckFolder("whisper-base", "tok_whisper_base.jsonl", 400); }

}  // namespace
}  // namespace rowmill
