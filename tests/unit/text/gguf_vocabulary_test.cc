#include "text/gguf_vocabulary.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"
#include "unit/formats/gguf_builder.h"

namespace rowmill {
namespace {

std::string Strings(const std::vector<std::string>& values) {
  std::string elements;
  for (const std::string& value : values) elements += GgufText(value);
  return GgufItems(8, values.size(), elements);
}

template <typename T>
std::string Numbers(uint32_t element_type, const std::vector<T>& values) {
  std::string elements;
  for (const T value : values) elements += Le(value);
  return GgufItems(element_type, values.size(), elements);
}

// The metadata of a tokeniser; each test spoils one thing. Nothing is written for what is empty.
struct Metadata {
  std::string model = "gpt2";
  std::optional<std::string> pre = "gpt-2";
  std::vector<std::string> tokens = {"a", "b", "ab", "<|im_end|>", "c", "abc"};
  std::vector<int32_t> types = {1, 1, 1, 3, 1, 1};
  std::vector<float> scores;
  std::vector<std::string> merges = {"a b", "ab c"};
  std::vector<std::pair<std::string, uint32_t>> ids = {{"eos_token_id", 3}};
  std::vector<std::pair<std::string, bool>> flags;
  std::optional<std::vector<uint8_t>> charsmap;

  std::string Build() const {
    GgufBuilder builder;
    builder.String("general.architecture", "llama").String("tokenizer.ggml.model", model);
    if (pre) builder.String("tokenizer.ggml.pre", *pre);
    if (!tokens.empty()) builder.Key("tokenizer.ggml.tokens", 9, Strings(tokens));
    if (!types.empty()) builder.Key("tokenizer.ggml.token_type", 9, Numbers(5, types));
    if (!scores.empty()) builder.Key("tokenizer.ggml.scores", 9, Numbers(6, scores));
    if (!merges.empty()) builder.Key("tokenizer.ggml.merges", 9, Strings(merges));
    for (const auto& [name, id] : ids) builder.Uint32("tokenizer.ggml." + name, id);
    for (const auto& [name, flag] : flags) {
      builder.Key("tokenizer.ggml." + name, 7, std::string(1, flag ? 1 : 0));
    }
    if (charsmap) builder.Key("tokenizer.ggml.precompiled_charsmap", 9, Numbers(0, *charsmap));
    return builder.Build();
  }
};

Metadata SentencePiece() {
  Metadata metadata;
  metadata.model = "llama";
  metadata.pre = "default";
  metadata.tokens = {"<unk>", "<s>", "</s>", "a", "b", "ab"};
  metadata.types = {2, 3, 3, 1, 1, 1};
  metadata.scores = {0, 0, 0, -2, -3, -1};
  metadata.merges = {};
  metadata.ids = {};
  return metadata;
}

Vocabulary Read(const Metadata& metadata) {
  const std::string bytes = metadata.Build();
  return ReadGgufVocabulary(ParseText(bytes));
}

// The message of the ModelError; empty where the vocabulary is accepted.
std::string Failure(const Metadata& metadata) {
  try {
    Read(metadata);
  } catch (const ModelError& error) {
    return error.what();
  }
  return {};
}

std::string Spoiled(const std::function<void(Metadata&)>& spoil, Metadata metadata = {}) {
  spoil(metadata);
  return Failure(metadata);
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(GgufVocabulary, ReadsByteLevelBpe) {
  Metadata metadata;
  metadata.ids.emplace_back("bos_token_id", 4);
  metadata.flags = {{"add_bos_token", true}};
  const Vocabulary vocabulary = Read(metadata);
  EXPECT_EQ(vocabulary.model, TokenizerModel::kByteLevelBpe);
  EXPECT_EQ(vocabulary.pre, "gpt-2");
  EXPECT_EQ(vocabulary.texts, metadata.tokens);
  EXPECT_EQ(vocabulary.types[3], TokenType::kControl);
  ASSERT_EQ(vocabulary.merges.size(), 2u);
  EXPECT_EQ(vocabulary.merges[1].left, 2);
  EXPECT_EQ(vocabulary.merges[1].right, 4);
  EXPECT_EQ(vocabulary.merges[1].result, 5);
  EXPECT_EQ(vocabulary.eos, 3);
  EXPECT_EQ(vocabulary.bos, 4);
  EXPECT_EQ(vocabulary.unk, kNoToken);
  EXPECT_TRUE(vocabulary.add_bos);
  EXPECT_FALSE(vocabulary.add_eos);
  EXPECT_FALSE(vocabulary.add_space_prefix);
  EXPECT_EQ(vocabulary.end_of_generation, std::vector<int32_t>{3});
}

TEST(GgufVocabulary, ReadsSentencePieceWithItsDefaults) {
  const Vocabulary vocabulary = Read(SentencePiece());
  EXPECT_EQ(vocabulary.model, TokenizerModel::kSentencePieceBpe);
  EXPECT_EQ(vocabulary.unk, 0);
  EXPECT_EQ(vocabulary.bos, 1);
  EXPECT_EQ(vocabulary.eos, 2);
  EXPECT_TRUE(vocabulary.add_bos);
  EXPECT_TRUE(vocabulary.add_space_prefix);
  EXPECT_EQ(vocabulary.scores[5], -1.0F);
}

TEST(GgufVocabulary, TheNameOfThePreTokeniserSetsTheDefaultOfBos) {
  Metadata metadata;
  metadata.pre = "llama-bpe";
  metadata.ids.emplace_back("bos_token_id", 4);
  EXPECT_TRUE(Read(metadata).add_bos);
  metadata.flags = {{"add_bos_token", false}};
  EXPECT_FALSE(Read(metadata).add_bos);
}

TEST(GgufVocabulary, TextThatEndsAGenerationIsMadeControl) {
  Metadata metadata;
  metadata.types = {1, 1, 1, 1, 1, 1};
  metadata.ids = {};
  const Vocabulary vocabulary = Read(metadata);
  EXPECT_EQ(vocabulary.types[3], TokenType::kControl);
  EXPECT_EQ(vocabulary.end_of_generation, std::vector<int32_t>{3});
}

TEST(GgufVocabulary, OfAMergeListedTwiceTheFirstCounts) {
  Metadata metadata;
  metadata.merges = {"a b", "ab c", "a b"};
  EXPECT_EQ(Read(metadata).merges.size(), 2u);
}

// Case M25 of the list of faults, each with the token or merge named.
TEST(GgufVocabulary, RefusesFaults) {
  EXPECT_HAS(Spoiled([](Metadata& m) { m.tokens = {}; }), "tokenizer.ggml.tokens");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.types.pop_back(); }), "token_type has 5 elements");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.types.push_back(1); }), "token_type has 7 elements");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.types[2] = 7; }), "token_type[2]");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.types[2] = -1; }), "token_type[2]");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.scores = {1, 2}; }), "scores has 2 elements");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.scores = {0, 1, 2, std::nanf(""), 4, 5}; }), "scores[3]");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.scores = {}; }, SentencePiece()), "scores");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.merges = {}; }), "merges");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.merges[1] = "ab x"; }), "merges[1] names 'x'");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.merges[1] = "x ab"; }), "merges[1] names 'x'");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.merges[1] = "b a"; }), "merges[1] names 'ba'");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.merges[0] = "ab"; }), "merges[0]");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.merges[0] = "a "; }), "merges[0]");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.merges[0] = ""; }), "merges[0]");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.tokens[4] = std::string(1 << 20, 'x'); }), "tokens[4]");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.tokens[4] = "c\xFF"; }), "tokens[4] is not valid UTF-8");
  for (const char* name : {"bos", "eos", "eot", "eom", "unknown", "seperator", "padding", "mask"}) {
    const std::string key = std::string(name) + "_token_id";
    EXPECT_HAS(Spoiled([&](Metadata& m) { m.ids = {{key, 6}}; }), key + " is token 6");
    EXPECT_HAS(Spoiled([&](Metadata& m) { m.ids = {{key, 0xFFFFFFFF}}; }), key);
  }
  EXPECT_HAS(Spoiled([](Metadata& m) { m.flags = {{"add_bos_token", true}}; }), "bos_token_id");
  EXPECT_HAS(Spoiled([](Metadata& m) {
               m.flags = {{"add_eos_token", true}};
               m.ids = {};
             }),
             "eos_token_id");
}

TEST(GgufVocabulary, RefusesNegativeIds) {
  GgufBuilder builder;
  builder.String("tokenizer.ggml.model", "gpt2").String("tokenizer.ggml.pre", "gpt-2");
  builder.Key("tokenizer.ggml.tokens", 9, Strings({"a", "b", "ab"}));
  builder.Key("tokenizer.ggml.merges", 9, Strings({"a b"}));
  builder.Key("tokenizer.ggml.eos_token_id", 5, Le(int32_t{-1}));
  const std::string bytes = builder.Build();
  try {
    ReadGgufVocabulary(ParseText(bytes));
    FAIL();
  } catch (const ModelError& error) {
    EXPECT_HAS(std::string(error.what()), "eos_token_id is token -1");
  }
}

TEST(GgufVocabulary, RefusesACutCharsmap) {
  const auto with = [](std::vector<uint8_t> bytes) {
    Metadata metadata = SentencePiece();
    metadata.charsmap = std::move(bytes);
    return Failure(metadata);
  };
  EXPECT_EQ(with({8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 'x', 0}), "");
  EXPECT_HAS(with({8, 0, 0, 0, 1, 2, 3, 4}), "precompiled_charsmap has 8 bytes");
  EXPECT_HAS(with({8, 0, 0}), "precompiled_charsmap");
  EXPECT_HAS(with({}), "precompiled_charsmap");
  EXPECT_HAS(with({0xFF, 0xFF, 0xFF, 0xFF, 1}), "precompiled_charsmap");
}

TEST(GgufVocabulary, RefusesOtherModelsByName) {
  EXPECT_HAS(Spoiled([](Metadata& m) { m.model = "rwkv"; }), "'rwkv'");
  EXPECT_HAS(Spoiled([](Metadata& m) { m.model = "rwkv"; }), "gpt2");
}

TEST(GgufVocabulary, RefusesValuesOfOtherTypes) {
  GgufBuilder builder;
  builder.String("tokenizer.ggml.model", "gpt2").String("tokenizer.ggml.pre", "gpt-2");
  builder.Key("tokenizer.ggml.tokens", 9, Numbers(5, std::vector<int32_t>{1, 2}));
  const std::string bytes = builder.Build();
  EXPECT_THROW(ReadGgufVocabulary(ParseText(bytes)), ModelError);
}

// Cut at each byte, and each byte changed: a vocabulary or a ModelError, nothing else.
TEST(GgufVocabulary, EveryCutAndEveryChangedByte) {
  for (const Metadata& metadata : {Metadata(), SentencePiece()}) {
    const std::string whole = metadata.Build();
    int accepted = 0;
    const auto check = [&](const std::string& bytes) {
      try {
        Vocabulary vocabulary = ReadGgufVocabulary(ParseText(bytes));
        const auto tokenizer = Tokenizer::Make(std::move(vocabulary));
        const auto ids = tokenizer->Encode("abc <|im_end|> x", SpecialTokens::kParse);
        EXPECT_FALSE(tokenizer->FindInvalidId(ids));
        ++accepted;
      } catch (const ModelError&) {
      }
    };
    for (size_t size = 0; size < whole.size(); ++size) check(whole.substr(0, size));
    for (size_t at = 0; at < whole.size(); ++at) {
      for (const int change : {0x01, 0x80, 0xFF}) {
        std::string bytes = whole;
        bytes[at] = static_cast<char>(bytes[at] ^ change);
        check(bytes);
      }
    }
    EXPECT_GT(accepted, 0);
  }
}

}  // namespace
}  // namespace rowmill
