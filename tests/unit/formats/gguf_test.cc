#include "formats/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <limits>
#include <string>

#include "tensor/dequantize.h"
#include "unit/formats/gguf_builder.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::Pointee;

template <typename Function>
std::string Failure(Function function) {
  try {
    function();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "";
}

TEST(GgufFileTest, ReadsWhatWasWritten) {
  const std::string bytes = SmallFile().Build();
  const GgufFile file = ParseText(bytes);
  EXPECT_EQ(file.name(), "t.gguf");
  EXPECT_EQ(file.version(), 3U);
  EXPECT_EQ(file.alignment(), 32U);
  EXPECT_EQ(file.trailing_bytes(), 0U);
  EXPECT_EQ(file.file_size(), bytes.size());
  EXPECT_EQ(file.metadata().size(), 7U);
  EXPECT_EQ(file.metadata()[3].first, "a.f32");
  EXPECT_EQ(file.GetString("general.architecture"), "llama");
  EXPECT_EQ(file.GetInt("a.u64"), 7);
  EXPECT_EQ(file.GetFloat("a.f32"), 1.5);
  EXPECT_THAT(file.FindBool("a.bool"), Optional(true));
  EXPECT_THAT(file.FindStrings("a.strings"), Pointee(ElementsAre("ab", "")));
  EXPECT_THAT(file.FindInts("a.ints"), Pointee(ElementsAre(1, -2, 3)));

  ASSERT_EQ(file.tensors().size(), 3U);
  const TensorView& w = file.tensors()[1];
  EXPECT_EQ(w.name, "w");
  EXPECT_EQ(w.dtype, DType::kQ8_0);
  EXPECT_THAT(w.shape, ElementsAre(2, 32));
  EXPECT_EQ(w.rows(), 2U);
  EXPECT_EQ(w.cols(), 32U);
  EXPECT_EQ(w.bytes.size(), 68U);
  EXPECT_EQ(w.bytes[0], std::byte{0x11});
  std::vector<float> norm(4);
  DequantizeRow(*file.FindTensor("norm"), 0, norm);
  EXPECT_THAT(norm, ElementsAre(1.0F, 2.0F, 3.0F, 4.0F));
}

TEST(GgufFileTest, ReadsVersion2TheSameWay) {
  GgufBuilder builder = SmallFile();
  builder.version = 2;
  const std::string bytes = builder.Build();
  EXPECT_EQ(ParseText(bytes).version(), 2U);
}

TEST(GgufFileTest, FindsIntegersOfEveryWidth) {
  const std::string bytes = GgufBuilder()
                                .Key("u8", 0, Le(uint8_t{200}))
                                .Key("i8", 1, Le(int8_t{-100}))
                                .Key("u16", 2, Le(uint16_t{60000}))
                                .Key("i16", 3, Le(int16_t{-30000}))
                                .Key("u32", 4, Le(uint32_t{4000000000}))
                                .Key("i32", 5, Le(int32_t{-2000000000}))
                                .Key("u64", 10, Le(uint64_t{INT64_MAX}))
                                .Key("i64", 11, Le(INT64_MIN))
                                .Key("huge", 10, Le(UINT64_MAX))
                                .Key("f64", 12, Le(0.1))
                                .Build();
  const GgufFile file = ParseText(bytes);
  EXPECT_EQ(file.GetInt("u8"), 200);
  EXPECT_EQ(file.GetInt("i8"), -100);
  EXPECT_EQ(file.GetInt("u16"), 60000);
  EXPECT_EQ(file.GetInt("i16"), -30000);
  EXPECT_EQ(file.GetInt("u32"), 4000000000);
  EXPECT_EQ(file.GetInt("i32"), -2000000000);
  EXPECT_EQ(file.GetInt("u64"), INT64_MAX);
  EXPECT_EQ(file.GetInt("i64"), INT64_MIN);
  EXPECT_EQ(file.GetFloat("f64"), 0.1);
  EXPECT_EQ(file.GetFloat("i8"), -100.0);  // any number will do for a float
  EXPECT_EQ(std::get<uint64_t>(*file.Find("huge")), UINT64_MAX);
  EXPECT_THAT(Failure([&] { file.GetInt("huge"); }), HasSubstr("2^63"));
}

TEST(GgufFileTest, ReadsArraysOfEveryElementType) {
  const std::string bytes = GgufBuilder()
                                .Key("u8", 9, GgufItems(0, 2, "\x01\xff"))
                                .Key("i8", 9, GgufItems(1, 2, "\x01\xff"))
                                .Key("u16", 9, GgufItems(2, 1, Le(uint16_t{65535})))
                                .Key("i16", 9, GgufItems(3, 1, Le(int16_t{-1})))
                                .Key("u32", 9, GgufItems(4, 1, Le(UINT32_MAX)))
                                .Key("i32", 9, GgufItems(5, 1, Le(int32_t{-1})))
                                .Key("f32", 9, GgufItems(6, 2, Le(0.5F) + Le(-0.0F)))
                                .Key("bool", 9, GgufItems(7, 2, std::string("\x01\x00", 2)))
                                .Key("string", 9, GgufItems(8, 1, GgufText(std::string("a\0b", 3))))
                                .Key("u64", 9, GgufItems(10, 1, Le(uint64_t{INT64_MAX})))
                                .Key("i64", 9, GgufItems(11, 1, Le(INT64_MIN)))
                                .Key("f64", 9, GgufItems(12, 1, Le(0.1)))
                                .Key("empty", 9, GgufItems(8, 0, ""))
                                .Build();
  const GgufFile file = ParseText(bytes);
  EXPECT_THAT(file.FindInts("u8"), Pointee(ElementsAre(1, 255)));
  EXPECT_THAT(file.FindInts("i8"), Pointee(ElementsAre(1, -1)));
  EXPECT_THAT(file.FindInts("u16"), Pointee(ElementsAre(65535)));
  EXPECT_THAT(file.FindInts("i16"), Pointee(ElementsAre(-1)));
  EXPECT_THAT(file.FindInts("u32"), Pointee(ElementsAre(4294967295)));
  EXPECT_THAT(file.FindInts("i32"), Pointee(ElementsAre(-1)));
  EXPECT_THAT(file.FindFloats("f32"), Pointee(ElementsAre(0.5, -0.0)));
  EXPECT_THAT(file.FindInts("bool"), Pointee(ElementsAre(1, 0)));
  EXPECT_THAT(file.FindStrings("string"), Pointee(ElementsAre(std::string_view("a\0b", 3))));
  EXPECT_THAT(file.FindInts("u64"), Pointee(ElementsAre(INT64_MAX)));
  EXPECT_THAT(file.FindInts("i64"), Pointee(ElementsAre(INT64_MIN)));
  EXPECT_THAT(file.FindFloats("f64"), Pointee(ElementsAre(0.1)));
  EXPECT_THAT(file.FindStrings("empty"), Pointee(ElementsAre()));
  EXPECT_EQ(std::get<GgufArray>(*file.Find("i16")).element_type, 3U);
}

TEST(GgufFileTest, MissingKeysAreNothingForFindAndAnErrorForGet) {
  const std::string bytes = SmallFile().Build();
  const GgufFile file = ParseText(bytes);
  EXPECT_EQ(file.Find("x"), nullptr);
  EXPECT_FALSE(file.FindInt("x").has_value());
  EXPECT_FALSE(file.FindFloat("x").has_value());
  EXPECT_FALSE(file.FindBool("x").has_value());
  EXPECT_FALSE(file.FindString("x").has_value());
  EXPECT_EQ(file.FindStrings("x"), nullptr);
  EXPECT_EQ(file.FindInts("x"), nullptr);
  EXPECT_EQ(file.FindFloats("x"), nullptr);
  EXPECT_THAT(Failure([&] { file.GetInt("x"); }), HasSubstr("'x' is missing"));
  EXPECT_THAT(Failure([&] { file.GetFloat("x"); }), HasSubstr("t.gguf"));
  EXPECT_THAT(Failure([&] { file.GetString("x"); }), HasSubstr("'x' is missing"));
}

TEST(GgufFileTest, AnotherTypeIsAnErrorThatNamesBoth) {
  const std::string bytes = SmallFile().Build();
  const GgufFile file = ParseText(bytes);
  EXPECT_THAT(Failure([&] { file.FindInt("a.f32"); }),
              AllOf(HasSubstr("'a.f32'"), HasSubstr("floating-point"), HasSubstr("an integer")));
  EXPECT_THAT(Failure([&] { file.FindInt("a.bool"); }), HasSubstr("a bool"));
  EXPECT_THAT(Failure([&] { file.FindFloat("general.architecture"); }), HasSubstr("a string"));
  EXPECT_THAT(Failure([&] { file.FindBool("a.u64"); }), HasSubstr("expected a bool"));
  EXPECT_THAT(Failure([&] { file.FindString("a.strings"); }), HasSubstr("an array of strings"));
  EXPECT_THAT(Failure([&] { file.FindStrings("a.ints"); }), HasSubstr("an array of integers"));
  EXPECT_THAT(Failure([&] { file.FindInts("a.u64"); }), HasSubstr("expected an array of integers"));
  EXPECT_THAT(Failure([&] { file.FindFloats("a.ints"); }), HasSubstr("floating-point"));
}

TEST(GgufFileTest, ChecksShapesOfTensors) {
  const std::string bytes = SmallFile().Build();
  const GgufFile file = ParseText(bytes);
  EXPECT_EQ(file.FindTensor("x"), nullptr);
  EXPECT_EQ(file.GetTensor("w", std::vector<uint64_t>{2, 32}).name, "w");
  EXPECT_EQ(file.GetTensor("norm", std::vector<uint64_t>{1, 4}).name, "norm");
  EXPECT_THAT(Failure([&] { file.GetTensor("w", std::vector<uint64_t>{32, 2}); }),
              AllOf(HasSubstr("'w'"), HasSubstr("[2, 32]"), HasSubstr("[32, 2]")));
  EXPECT_THAT(Failure([&] { file.GetTensor("w", std::vector<uint64_t>{64}); }), HasSubstr("[64]"));
  EXPECT_THAT(Failure([&] { file.GetTensor("x", std::vector<uint64_t>{5}); }),
              AllOf(HasSubstr("'x'"), HasSubstr("[5]"), HasSubstr("missing")));
}

TEST(GgufFileTest, OpensAFileAndMovesWithIt) {
  const std::string path = ::testing::TempDir() + "rowmill_gguf_open.gguf";
  std::ofstream(path, std::ios::binary) << SmallFile().Build();
  GgufFile first = GgufFile::Open(path);
  const GgufFile second = std::move(first);
  std::remove(path.c_str());
  EXPECT_EQ(second.GetString("general.architecture"), "llama");
  EXPECT_EQ(second.FindTensor("h")->rows(), 5U);
  EXPECT_THROW(GgufFile::Open(path), ModelError);
}

}  // namespace
}  // namespace rowmill
