// Case P01: texts made to be slow. The work is counted in operations, not seconds, so that the test
// says the same on any machine; the stack is a thread's of 256 KiB, so that recursion would crash.
#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "support/shared_data.h"
#include "text/gguf_vocabulary.h"
#include "text/tokenizer.h"
#include "unit/text/toy_vocabulary.h"

namespace rowmill {
namespace {

struct Hostile {
  const char* name;
  std::string unit;
};

const std::vector<Hostile>& AllHostile() {
  static const std::vector<Hostile> all = {
      {"one letter", "A"},
      {"line breaks", "\n"},
      {"spaces", " "},
      {"spaces and line breaks", "  \n"},
      {"carriage returns", "\r"},
      {"digits", "7"},
      {"punctuation", "!"},
      {"apostrophes", "'"},
      {"CJK without spaces", "\xE4\xB8\xAD\xE6\x96\x87"},
      {"combining marks", "e\xCC\x81\xCC\x82"},
      {"emoji ZWJ chain", "\xF0\x9F\x91\xA9\xE2\x80\x8D"},
      {"no-break spaces", "\xC2\xA0"},
      {"two letters", "ab"},
      {"half of a control token", "<|im_"},
      {"control tokens", "<|im_end|>"},
      {"bad bytes", "\xF0\x9F"},
  };
  return all;
}

std::string Repeat(const std::string& unit, size_t num_bytes) {
  std::string text;
  text.reserve(num_bytes + unit.size());
  while (text.size() < num_bytes) text += unit;
  return text;
}

void RunOnSmallStack(const std::function<void()>& task) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256 << 10), 0);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    (*static_cast<const std::function<void()>*>(argument))();
    return nullptr;
  };
  ASSERT_EQ(
      pthread_create(&thread, &attributes, run, const_cast<void*>(static_cast<const void*>(&task))),
      0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

uint64_t Operations(const Tokenizer& tokenizer, const std::string& text) {
  TokenizerScratch scratch;
  std::vector<int32_t> ids;
  tokenizer.Encode(text, SpecialTokens::kParse, scratch, ids);
  EXPECT_FALSE(ids.empty());
  return scratch.num_operations();
}

void CheckLinear(const Tokenizer& tokenizer, size_t num_bytes) {
  for (const Hostile& hostile : AllHostile()) {
    SCOPED_TRACE(hostile.name);
    uint64_t once = 0;
    uint64_t twice = 0;
    RunOnSmallStack([&] {
      once = Operations(tokenizer, Repeat(hostile.unit, num_bytes / 2));
      twice = Operations(tokenizer, Repeat(hostile.unit, num_bytes));
    });
    EXPECT_LE(static_cast<double>(twice), 2.3 * static_cast<double>(once));
    // n log2 n with a small constant: 20 comparisons for each level of no more than 20.
    EXPECT_LE(twice, 100 * num_bytes);
  }
}

TEST(HostileText, ByteLevelIsLinear) {
  for (const char* pre : {"gpt-2", "smollm", "llama-bpe", "qwen2"}) {
    SCOPED_TRACE(pre);
    // Doubling merges: each level of merging waits for the one below.
    Vocabulary vocabulary = testing::ByteVocabulary(pre);
    for (const int32_t start : {int32_t{'A'}, int32_t{'\n'}, int32_t{' '}, int32_t{'!'}}) {
      int32_t run = start;
      for (int i = 0; i < 10; ++i) run = testing::AddMerge(vocabulary, run, run);
    }
    testing::AddMerge(vocabulary, 'a', 'b');
    testing::AddToken(vocabulary, "<|im_end|>", TokenType::kControl);
    CheckLinear(*Tokenizer::Make(vocabulary), 1 << 17);
  }
}

TEST(HostileText, SentencePieceIsLinear) {
  std::vector<std::string> texts;
  for (const char* letter : {"A", "\n", "\xE2\x96\x81", "ab", "\xE4\xB8\xAD"}) {
    for (int size = 16; size > 0; --size) {
      std::string text;
      for (int i = 0; i < size; ++i) text += letter;
      texts.push_back(text);
    }
  }
  CheckLinear(*Tokenizer::Make(testing::PieceVocabulary(texts)), 1 << 17);
}

TEST(HostileText, RealVocabulariesAreLinear) {
  int num_models = 0;
  for (const char* model : {testing::kSmolLm2, "gemma-3-270m-q4_k_m.gguf"}) {
    const auto path = testing::ModelPath(model);
    if (!path) continue;
    SCOPED_TRACE(model);
    ++num_models;
    const auto tokenizer = Tokenizer::Make(ReadGgufVocabulary(GgufFile::Open(*path)));
    CheckLinear(*tokenizer, 1 << 17);
    RunOnSmallStack([&] {
      EXPECT_LE(Operations(*tokenizer, std::string(1000000, 'A')), 100u * 1000000);
      EXPECT_LE(Operations(*tokenizer, std::string(100000, '\n')), 100u * 100000);
    });
  }
  if (num_models == 0) GTEST_SKIP() << "no model files";
}

// The memory that one hostile row took is given back; the cache stays.
TEST(HostileText, AScratchDoesNotStayLarge) {
  const auto tokenizer = Tokenizer::Make(testing::ByteVocabulary("gpt-2"));
  TokenizerScratch scratch;
  std::vector<int32_t> ids;
  tokenizer->Encode(std::string(1 << 20, 'A'), SpecialTokens::kPlainText, scratch, ids);
  EXPECT_EQ(scratch.merge.symbols.capacity(), 0u);
  EXPECT_EQ(scratch.merge.heap.capacity(), 0u);
  EXPECT_LE(scratch.text.capacity(), size_t{1} << 18);
}

}  // namespace
}  // namespace rowmill
