// Small tokenizer.json files of each kind that is read, against the ids of the `tokenizers` library
// (tools/make_tokenizer_goldens.py), and what is refused.
#include "text/hugging_face_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"

namespace rowmill {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class HuggingFaceVocabularyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(std::string(ROWMILL_SOURCE_DIR) + "/tests/data/tokenizer_goldens.json");
    goldens_ = json::parse(file);
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = ::testing::TempDir() + "rowmill_vocabulary_" + info->name();
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
    Write("config.json", R"({"model_type":"llama"})");
    // No weights are read here, but a folder has some.
    Write("model.safetensors", std::string("\2\0\0\0\0\0\0\0{}", 10));
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(path_ + "/" + name, std::ios::binary) << content;
  }
  json Document(const std::string& kind) { return goldens_["kinds"][kind]["tokenizer"]; }
  Vocabulary Read(const json& tokenizer) {
    Write("tokenizer.json", tokenizer.dump());
    return ReadHuggingFaceVocabulary(HuggingFaceFolder::Open(path_));
  }
  std::string Failure(const json& tokenizer) {
    try {
      Read(tokenizer);
    } catch (const ModelError& error) {
      return error.what();
    }
    return "";
  }

  json goldens_;
  std::string path_;
};

TEST_F(HuggingFaceVocabularyTest, GivesTheIdsOfTheOtherLibrary) {
  for (const auto& [kind, golden] : goldens_["kinds"].items()) {
    const auto tokenizer = Tokenizer::Make(Read(golden["tokenizer"]));
    const json& texts = golden.contains("texts") ? golden["texts"] : goldens_["texts"];
    for (size_t i = 0; i < texts.size(); ++i) {
      const auto text = texts[i].get<std::string>();
      EXPECT_EQ(tokenizer->Encode(text, SpecialTokens::kPlainText),
                golden["plain"][i].get<std::vector<int32_t>>())
          << kind << ": " << text;
      EXPECT_EQ(tokenizer->Encode(text, SpecialTokens::kParse),
                golden["parsed"][i].get<std::vector<int32_t>>())
          << kind << ", parsed: " << text;
    }
    if (!golden.contains("around")) continue;
    std::vector<int32_t> around(tokenizer->start_ids().begin(), tokenizer->start_ids().end());
    around.insert(around.end(), tokenizer->end_ids().begin(), tokenizer->end_ids().end());
    EXPECT_EQ(around, golden["around"].get<std::vector<int32_t>>()) << kind;
  }
}

TEST_F(HuggingFaceVocabularyTest, ATokenWithoutAScoreIsWrittenAndNeverSearchedFor) {
  json tokenizer = json::parse(R"({
    "model": {"type": "Unigram", "unk_id": 0, "vocab": [
      ["<unk>", 0.0], ["\u2581a", -1.0], ["b", -1.0], ["\u2581ab", null]]},
    "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"}})");
  const auto unscored = Tokenizer::Make(Read(tokenizer));
  EXPECT_EQ(unscored->Encode("ab", SpecialTokens::kPlainText), (std::vector<int32_t>{1, 2}));
  EXPECT_EQ(unscored->Decode(std::vector<int32_t>{3}), "ab");
  tokenizer["model"]["vocab"][3][1] = -1.5;
  EXPECT_EQ(Tokenizer::Make(Read(tokenizer))->Encode("ab", SpecialTokens::kPlainText),
            std::vector<int32_t>{3});
}

TEST_F(HuggingFaceVocabularyTest, KnowsItsKind) {
  for (const char* kind : {"gpt-2", "smollm", "llama-bpe", "qwen2"}) {
    const Vocabulary vocabulary = Read(Document(kind));
    EXPECT_EQ(vocabulary.model, TokenizerModel::kByteLevelBpe);
    EXPECT_EQ(vocabulary.pre, kind);
    EXPECT_EQ(vocabulary.normalize_nfc, std::string(kind) == "qwen2");
    EXPECT_EQ(vocabulary.types[1], TokenType::kControl);
    EXPECT_EQ(vocabulary.types.back(), TokenType::kUserDefined);
  }
  const Vocabulary llama = Read(Document("llama"));
  EXPECT_EQ(llama.model, TokenizerModel::kSentencePieceBpe);
  EXPECT_TRUE(llama.add_space_prefix);
  EXPECT_EQ(llama.unk, 0);
  EXPECT_EQ(llama.types[3], TokenType::kByte);
  EXPECT_FALSE(Read(Document("gemma")).add_space_prefix);
}

TEST_F(HuggingFaceVocabularyTest, TakesSpecialTokensFromTheConfigs) {
  Write("config.json",
        R"({"model_type":"llama","vocab_size":500,"eos_token_id":0,"pad_token_id":0})");
  Write("generation_config.json", R"({"eos_token_id":[2,300]})");
  Write(
      "tokenizer_config.json",
      R"({"bos_token":{"content":"<|im_start|>"},"eos_token":"<|im_end|>","chat_template":"{{ 1 }}"})");
  const Vocabulary vocabulary = Read(Document("smollm"));
  EXPECT_EQ(vocabulary.size(), 500u);  // padded as the embedding is
  EXPECT_EQ(vocabulary.types.back(), TokenType::kUnused);
  EXPECT_EQ(vocabulary.bos, 1);
  EXPECT_EQ(vocabulary.eos, 2);
  EXPECT_EQ(vocabulary.pad, 0);
  EXPECT_FALSE(vocabulary.add_bos);
  EXPECT_THAT(vocabulary.end_of_generation, ::testing::ElementsAre(0, 2, 300));
  EXPECT_EQ(ReadHuggingFaceChatTemplate(HuggingFaceFolder::Open(path_)), "{{ 1 }}");
  Write(
      "tokenizer_config.json",
      R"({"chat_template":[{"name":"tool_use","template":"a"},{"name":"default","template":"b"}]})");
  EXPECT_EQ(ReadHuggingFaceChatTemplate(HuggingFaceFolder::Open(path_)), "b");
  Write("chat_template.jinja", "c");
  EXPECT_EQ(ReadHuggingFaceChatTemplate(HuggingFaceFolder::Open(path_)), "c");
  Write("generation_config.json", R"({"eos_token_id":500})");
  EXPECT_THAT(Failure(Document("smollm")), HasSubstr("eos_token_id is not one of"));
}

TEST_F(HuggingFaceVocabularyTest, TakesTheTokensAroundATextFromThePostProcessor) {
  json tokenizer = Document("llama");
  tokenizer["post_processor"] = json::parse(
      R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},
          {"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{}})");
  const Vocabulary vocabulary = Read(tokenizer);
  EXPECT_TRUE(vocabulary.add_bos);
  EXPECT_FALSE(vocabulary.add_eos);
  EXPECT_EQ(vocabulary.bos, 1);
  tokenizer["post_processor"]["single"][0]["SpecialToken"]["id"] = "<no such token>";
  EXPECT_THAT(Failure(tokenizer), HasSubstr("post_processor"));
}

// M37
TEST_F(HuggingFaceVocabularyTest, RefusesWhatItDoesNotCompute) {
  struct Change {
    const char* kind;
    const char* pointer;
    const char* value;
    const char* expected;
  };
  const Change changes[] = {
      {"gpt-2", "/model/type", R"("WordLevel")", "'WordLevel'"},
      {"gpt-2", "/model/continuing_subword_prefix", R"("##")", "continuing_subword_prefix"},
      {"gpt-2", "/model/end_of_word_suffix", R"("</w>")", "end_of_word_suffix"},
      {"gpt-2", "/model/vocab", "[]", "no object 'vocab'"},
      {"gpt-2", "/model/vocab/x", "-1", "the id of token 'x'"},
      {"gpt-2", "/model/vocab/x", "4194304", "the id of token 'x'"},
      {"gpt-2", "/model/vocab/zz", "5", "token 5 is"},
      {"gpt-2", "/model/merges", "{}", "no array 'merges'"},
      {"gpt-2", "/model/merges/2", R"(["no such","token"])", "model.merges[2] names 'no such'"},
      {"gpt-2", "/model/merges/2", "7", "model.merges[2] is not two tokens"},
      {"gpt-2", "/pre_tokenizer/add_prefix_space", "true", "pre_tokenizer"},
      {"gpt-2", "/normalizer", R"({"type":"Lowercase"})", "normalizer step that is not supported"},
      {"gpt-2", "/added_tokens/0/rstrip", "true", "takes spaces"},
      {"gpt-2", "/added_tokens/0/id", "null", "without id and content"},
      {"gpt-2", "/model/ignore_merges", "true", "ignore_merges"},
      {"llama-bpe", "/pre_tokenizer/pretokenizers/0/pattern/Regex", R"("(a+)+$")",
       "pre_tokenizer step that is not supported"},
      {"bert", "/normalizer/type", R"("Lowercase")", "normaliser of type 'Lowercase'"},
      {"bert", "/normalizer", "null", "normaliser of type ''"},
      {"bert", "/pre_tokenizer/type", R"("Whitespace")", "pre-tokeniser of type 'Whitespace'"},
      {"bert", "/post_processor/type", R"("Pair")", "post_processor of type 'Pair'"},
      {"bert", "/post_processor/single/0/SpecialToken/id", R"("<s>")", "post_processor"},
      {"bert", "/model/vocab", "null", "no object 'vocab'"},
      {"bert", "/model/vocab", "{}", "unk_token is no token"},
      {"bert", "/model/vocab/zz", "5", "token 5 is"},
      {"bert", "/model/unk_token", R"("<unk>")", "unk_token is no token"},
      {"bert", "/model/continuing_subword_prefix", R"("@@")", "continuing_subword_prefix"},
      {"bert", "/model", "3", "no object 'model'"},
      {"llama", "/model/byte_fallback", "false", "without byte_fallback"},
      {"llama", "/normalizer", "null", "does not escape spaces"},
      {"llama", "/normalizer", R"({"type":"NFKC"})", "normalizer step that is not supported"},
  };
  for (const Change& change : changes) {
    json tokenizer = Document(change.kind);
    tokenizer[json::json_pointer(change.pointer)] = json::parse(change.value);
    EXPECT_THAT(Failure(tokenizer), AllOf(HasSubstr("tokenizer.json"), HasSubstr(change.expected)))
        << change.pointer;
  }
  std::filesystem::remove(path_ + "/tokenizer.json");
  EXPECT_THROW(ReadHuggingFaceVocabulary(HuggingFaceFolder::Open(path_)), ModelError);
}

}  // namespace
}  // namespace rowmill
