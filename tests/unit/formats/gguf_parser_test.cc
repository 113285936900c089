// The broken files of the list of model faults, one by one; M numbers are its lines.
#include "formats/gguf_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "unit/formats/gguf_builder.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kRow = std::string(128, '\0');  // a row of 32 zeros in F32

std::string TensorFailure(const std::vector<uint64_t>& dims, uint32_t type) {
  return ParseFailure(
      GgufBuilder().Tensor("the.tensor", dims, type, std::string(4096, '\0')).Build());
}

// Processor time: other tests may run on the same cores.
double SecondsOf(const std::string& bytes) {
  const std::clock_t start = std::clock();
  ParseFailure(bytes);
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

TEST(GgufParserTest, M01EmptyAndShorterThanTheFixedHeader) {
  EXPECT_THAT(ParseFailure(""), HasSubstr("truncated header"));
  const std::string bytes = GgufBuilder().Build();
  for (size_t length = 1; length < 24; ++length) {
    EXPECT_THAT(ParseFailure(bytes.substr(0, length)),
                AllOf(HasSubstr("truncated header"), HasSubstr("byte " + std::to_string(length))));
  }
}

TEST(GgufParserTest, M03WrongMagicSaysWhatTheFileLooksLike) {
  const std::string rest(64, '\x01');
  EXPECT_THAT(ParseFailure("FUGG" + rest), HasSubstr("other byte order"));
  EXPECT_THAT(ParseFailure("tjgg" + rest), HasSubstr("GGJT"));
  EXPECT_THAT(ParseFailure(std::string("PK\x03\x04", 4) + rest), HasSubstr("ZIP"));
  EXPECT_THAT(ParseFailure("\x80\x02" + rest), HasSubstr("pickle"));
  EXPECT_THAT(ParseFailure(Le(uint64_t{100}) + "{\"a\"" + rest), HasSubstr("safetensors"));
  EXPECT_THAT(ParseFailure("<!DOCTYPE html><html>" + rest), HasSubstr("web page"));
  EXPECT_THAT(ParseFailure("version https://git-lfs.github.com/spec/v1\noid sha256:0"),
              HasSubstr("Git LFS"));
  EXPECT_THAT(ParseFailure(rest), HasSubstr("not a GGUF file"));
}

TEST(GgufParserTest, M04Versions) {
  for (const uint32_t version : {0U, 1U, 4U, 0x00030003U, UINT32_MAX}) {
    GgufBuilder builder = SmallFile();
    builder.version = version;
    EXPECT_THAT(ParseFailure(builder.Build()),
                AllOf(HasSubstr("unsupported"), HasSubstr(std::to_string(version))));
  }
  GgufBuilder builder = SmallFile();
  builder.version = 0x03000000;
  EXPECT_THAT(ParseFailure(builder.Build()), HasSubstr("other byte order"));
}

TEST(GgufParserTest, M05M06CountsBeyondTheFile) {
  for (const uint64_t count : {UINT64_MAX, uint64_t{1} << 63, uint64_t{1} << 31, uint64_t{65'537},
                               uint64_t{65'536}, uint64_t{1000}}) {
    GgufBuilder keys = SmallFile();
    keys.num_keys = count;
    EXPECT_THAT(ParseFailure(keys.Build()), HasSubstr("metadata count")) << count;
    GgufBuilder tensors = SmallFile();
    tensors.num_tensors = count;
    EXPECT_THAT(ParseFailure(tensors.Build()), HasSubstr("tensor count")) << count;
  }
  GgufBuilder builder;
  builder.num_keys = 1 + (builder.Data(std::string(1300, '\0')).Build().size() - 24) / 13;
  EXPECT_THAT(ParseFailure(builder.Build()), HasSubstr("metadata count"));
}

TEST(GgufParserTest, M07Keys) {
  const auto failure = [](std::string_view key) {
    return ParseFailure(GgufBuilder().Uint32(key, 1).Data("padding").Build());
  };
  EXPECT_EQ(failure("k"), "");
  EXPECT_NE(failure(""), "");
  EXPECT_THAT(failure("caf\xc3\xa9"), AllOf(HasSubstr("ASCII"), HasSubstr("caf\\xc3\\xa9")));
  EXPECT_THAT(failure(std::string_view("a\0b", 3)), HasSubstr("a\\x00b"));
  EXPECT_THAT(failure("a\nb"), HasSubstr("ASCII"));
  EXPECT_EQ(failure(std::string(65'535, 'k')), "");
  EXPECT_THAT(failure(std::string(65'536, 'k')), HasSubstr("65536"));
  for (const uint64_t length : {uint64_t{1000}, uint64_t{1} << 63, UINT64_MAX}) {
    EXPECT_THAT(ParseFailure(GgufBuilder().RawKey(Le(length) + std::string(30, 'k')).Build()),
                HasSubstr("metadata key"));
  }
}

TEST(GgufParserTest, M08DuplicateKeys) {
  EXPECT_THAT(ParseFailure(GgufBuilder().Uint32("a", 1).Uint32("b", 1).String("a", "x").Build()),
              HasSubstr("'a' occurs twice"));
}

TEST(GgufParserTest, M12ManyKeysTakeNoQuadraticTime) {
  GgufBuilder builder;
  for (int i = 0; i < 65'536; ++i) builder.Key("k" + std::to_string(i), 0, "\x01");
  const std::string at_limit = builder.Build();
  EXPECT_EQ(ParseFailure(at_limit), "");
  EXPECT_LT(SecondsOf(at_limit), 1.0);
  EXPECT_THAT(ParseFailure(builder.Key("more", 0, "\x01").Build()), HasSubstr("65536"));
}

TEST(GgufParserTest, M13Alignment) {
  for (const uint32_t alignment : {0U, 3U, 13U, 48U, 1U << 21, 1U << 31}) {
    EXPECT_THAT(ParseFailure(GgufBuilder().Uint32("general.alignment", alignment).Build()),
                HasSubstr("alignment"));
  }
  EXPECT_THAT(ParseFailure(GgufBuilder().Key("general.alignment", 5, Le(int32_t{32})).Build()),
              HasSubstr("u32"));
  EXPECT_THAT(ParseFailure(GgufBuilder().String("general.alignment", "32").Build()),
              HasSubstr("u32"));
  for (const uint32_t alignment : {1U, 8U, 64U, 4096U}) {
    GgufBuilder builder;
    builder.alignment = alignment;
    builder.Uint32("general.alignment", alignment);
    builder.Tensor("a", {3}, 0, std::string(12, '\x3f')).Tensor("b", {1}, 0, Le(2.0F));
    const std::string bytes = builder.Build();
    const GgufFile file = ParseText(bytes);
    EXPECT_EQ(file.alignment(), alignment);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(file.FindTensor("b")->bytes.data()), 4),
              Le(2.0F));
  }
}

TEST(GgufParserTest, M16NumberOfDimensions) {
  EXPECT_NE(TensorFailure({}, 0), "");
  EXPECT_EQ(TensorFailure({2, 2, 2, 2}, 0), "");
  EXPECT_THAT(TensorFailure({1, 1, 1, 1, 1}, 0), HasSubstr("5 dimensions"));
  EXPECT_THAT(
      ParseFailure(
          GgufBuilder().RawTensor(GgufText("t") + Le(UINT32_MAX) + std::string(64, '\1')).Build()),
      HasSubstr("4294967295 dimensions"));
}

TEST(GgufParserTest, M17Dimensions) {
  EXPECT_THAT(TensorFailure({UINT64_MAX}, 0), AllOf(HasSubstr("'the.tensor'"), HasSubstr("-1")));
  EXPECT_NE(TensorFailure({uint64_t{1} << 63}, 0), "");
  EXPECT_THAT(TensorFailure({0}, 0), HasSubstr("length 0"));
  EXPECT_NE(TensorFailure({4, 0}, 0), "");
  EXPECT_NE(TensorFailure({INT64_MAX}, 0), "");  // times four bytes
  EXPECT_NE(TensorFailure({INT64_MAX, INT64_MAX}, 0), "");
  EXPECT_NE(TensorFailure({SIZE_MAX / 4}, 0), "");  // padding would wrap
  EXPECT_NE(TensorFailure({SIZE_MAX / 4 - 7}, 0), "");
  const uint64_t two32 = uint64_t{1} << 32;
  EXPECT_NE(TensorFailure({two32, two32}, 0), "");  // wraps to exactly zero elements
  EXPECT_NE(TensorFailure({two32, two32}, 8), "");
  EXPECT_NE(TensorFailure({two32, two32, 32}, 8), "");
  EXPECT_NE(TensorFailure({uint64_t{1} << 62, 4}, 1), "");
}

TEST(GgufParserTest, M18RowsAreWholeBlocks) {
  EXPECT_EQ(TensorFailure({64}, 8), "");
  EXPECT_THAT(TensorFailure({33}, 8), AllOf(HasSubstr("32"), HasSubstr("Q8_0")));
  EXPECT_NE(TensorFailure({16, 2}, 2), "");  // the block may not reach into the next row
  EXPECT_EQ(TensorFailure({256}, 12), "");
  EXPECT_NE(TensorFailure({128, 2}, 12), "");
}

TEST(GgufParserTest, M19Types) {
  for (const uint32_t type : {4U, 5U, 31U, 32U, 33U, 36U, 37U, 38U, 41U, UINT32_MAX}) {
    EXPECT_THAT(TensorFailure({256}, type), HasSubstr("type " + std::to_string(type)));
  }
  EXPECT_THAT(TensorFailure({256}, 20), HasSubstr("IQ4_NL"));
  EXPECT_THAT(TensorFailure({256}, 39), HasSubstr("MXFP4"));
}

TEST(GgufParserTest, M20TensorNames) {
  const auto failure = [](std::string_view name) {
    return ParseFailure(GgufBuilder().Tensor(name, {1}, 0, Le(1.0F)).Build());
  };
  EXPECT_EQ(failure(std::string(64, 'n')), "");
  EXPECT_THAT(failure(std::string(65, 'n')), HasSubstr("65 bytes"));
  EXPECT_NE(failure(""), "");
  EXPECT_THAT(failure(std::string_view("a\0b", 3)), HasSubstr("a\\x00b"));
  EXPECT_THAT(ParseFailure(GgufBuilder()
                               .Tensor("a", {1}, 0, Le(1.0F))
                               .Tensor("b", {1}, 0, Le(1.0F))
                               .Tensor("a", {1}, 0, Le(1.0F))
                               .Build()),
              HasSubstr("'a' occurs twice"));
  EXPECT_THAT(ParseFailure(GgufBuilder().RawTensor(Le(UINT64_MAX) + std::string(64, 'n')).Build()),
              HasSubstr("tensor name"));
}

TEST(GgufParserTest, M20ManyTensorsTakeNoQuadraticTime) {
  GgufBuilder builder;
  // One long common prefix: the worst that names can do to comparisons.
  const std::string prefix(56, 'n');
  for (int i = 0; i < 65'536; ++i) builder.Tensor(prefix + std::to_string(i), {1}, 0, Le(1.0F));
  const std::string at_limit = builder.Build();
  EXPECT_EQ(ParseFailure(at_limit), "");
  EXPECT_LT(SecondsOf(at_limit), 1.0);
  EXPECT_THAT(ParseFailure(builder.Tensor("more", {1}, 0, Le(1.0F)).Build()), HasSubstr("65536"));
}

TEST(GgufParserTest, M21Offsets) {
  const auto failure = [](uint64_t first, uint64_t second) {
    return ParseFailure(GgufBuilder()
                            .TensorAt("first", {32}, 0, first)
                            .TensorAt("second", {32}, 0, second)
                            .Data(kRow + kRow + kRow)
                            .Build());
  };
  EXPECT_EQ(failure(0, 128), "");
  EXPECT_EQ(failure(128, 0), "");  // any order
  EXPECT_EQ(failure(0, 256), "");  // and gaps
  EXPECT_THAT(failure(0, 130), AllOf(HasSubstr("'second'"), HasSubstr("alignment")));
  EXPECT_THAT(failure(0, 288),
              AllOf(HasSubstr("'second'"), HasSubstr("288"), HasSubstr("cut short")));
  for (const uint64_t offset : {uint64_t{1} << 63, UINT64_MAX - 31, UINT64_MAX - 127}) {
    EXPECT_THAT(failure(0, offset), HasSubstr("'second'"));
  }
  for (const uint64_t second : {0, 32, 96}) {
    EXPECT_THAT(failure(0, second),
                AllOf(HasSubstr("'first'"), HasSubstr("'second'"), HasSubstr("overlap")));
  }
}

TEST(GgufParserTest, M21OverlapOfATensorThatSpansSeveral) {
  EXPECT_THAT(ParseFailure(GgufBuilder()
                               .TensorAt("small1", {8}, 0, 64)
                               .TensorAt("whole", {96}, 0, 0)
                               .TensorAt("small2", {8}, 0, 256)
                               .Data(kRow + kRow + kRow)
                               .Build()),
              AllOf(HasSubstr("'whole'"), HasSubstr("overlap")));
}

TEST(GgufParserTest, M22ShortAndTrailingData) {
  GgufBuilder builder;
  builder.Tensor("a", {32}, 0, kRow).Tensor("b", {30}, 0, std::string(120, '\0'));
  const std::string bytes = builder.Build();  // ends with 8 bytes of padding
  EXPECT_EQ(ParseText(bytes).trailing_bytes(), 0U);
  const std::string unpadded = bytes.substr(0, bytes.size() - 8);
  EXPECT_EQ(ParseText(unpadded).trailing_bytes(), 0U);
  EXPECT_THAT(ParseFailure(bytes.substr(0, bytes.size() - 9)),
              AllOf(HasSubstr("'b'"), HasSubstr("cut short")));
  EXPECT_THAT(ParseFailure(bytes.substr(0, bytes.size() / 2)), HasSubstr("cut short"));
  const std::string longer = bytes + "garbage";
  EXPECT_EQ(ParseText(longer).trailing_bytes(), 7U);
}

TEST(GgufParserTest, M27Shards) {
  EXPECT_THAT(ParseFailure(GgufBuilder().Key("split.count", 2, Le(uint16_t{3})).Build()),
              HasSubstr("split"));
  EXPECT_THAT(ParseFailure(GgufBuilder().String("split.count", "3").Build()), HasSubstr("split"));
  EXPECT_EQ(
      ParseFailure(GgufBuilder().Key("split.count", 2, Le(uint16_t{1})).Data("padding").Build()),
      "");
}

TEST(GgufParserTest, AcceptsAFileWithNothingButMetadata) {
  const std::string bytes = GgufBuilder().String("a", "b").Header();  // no padding either
  EXPECT_EQ(ParseText(bytes).GetString("a"), "b");
}

// Names reach the message as printable ASCII of bounded length, whatever they are made of.
TEST(GgufParserTest, MessagesStayPrintable) {
  std::string name = "\xff\x80\xc3";
  name.resize(60, '\xee');
  for (const std::string& message :
       {TensorFailure({0}, 0), ParseFailure(GgufBuilder().Tensor(name, {0}, 0, "").Build()),
        ParseFailure(GgufBuilder().Uint32(name, 0).Build())}) {
    EXPECT_NE(message, "");
    EXPECT_LT(message.size(), 600U);
    for (const char c : message) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << message;
  }
}

}  // namespace
}  // namespace rowmill
