#include "formats/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tensor/dequantize.h"
#include "unit/formats/safetensors_builder.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// A file with one entry "w" of this value over `data_bytes` bytes.
std::string OneEntry(const std::string& value, size_t data_bytes) {
  return SafetensorsBytes(R"({"w":)" + value + "}", std::string(data_bytes, '\1'));
}

TEST(SafetensorsTest, ReadsWhatWasWritten) {
  const std::string bytes = SmallSafetensors();
  const SafetensorsFile file = ParseSafetensors(bytes);
  EXPECT_EQ(file.name(), "t.safetensors");
  EXPECT_THAT(file.metadata(), ElementsAre(Pair("format", "pt")));
  ASSERT_EQ(file.tensors().size(), 3U);
  EXPECT_EQ(file.tensors()[0].name, "b");  // in the order of the data
  const TensorView* a = file.FindTensor("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->dtype, DType::kBF16);
  EXPECT_THAT(a->shape, ElementsAre(2, 2));
  EXPECT_EQ(a->bytes.size(), 8U);
  EXPECT_EQ(a->bytes.data(), file.bytes().data() + file.bytes().size() - 28);
  EXPECT_EQ(file.FindTensor("c"), nullptr);
  EXPECT_EQ(file.WhyUnusable("ids"), "has type I64");
  EXPECT_EQ(file.WhyUnusable("none"), "is empty");
  EXPECT_EQ(file.WhyUnusable("a"), "");
  EXPECT_EQ(file.WhyUnusable("c"), "");
}

TEST(SafetensorsTest, OpensAFile) {
  const std::string path = ::testing::TempDir() + "rowmill_small.safetensors";
  std::ofstream(path, std::ios::binary) << SmallSafetensors();
  const SafetensorsFile file = SafetensorsFile::Open(path);
  const SafetensorsFile moved = [&] { return SafetensorsFile::Open(path); }();
  EXPECT_EQ(moved.FindTensor("v")->cols(), 2U);
  EXPECT_EQ(file.tensors().size(), 3U);
  std::remove(path.c_str());
}

TEST(SafetensorsTest, AScalarIsOneElement) {
  const std::string bytes = OneEntry(SafetensorsEntryText("F32", "[]", 0, 4), 4);
  const SafetensorsFile file = ParseSafetensors(bytes);
  EXPECT_EQ(file.FindTensor("w")->num_elements(), 1U);
}

TEST(SafetensorsTest, AFileWithoutTensorsIsAllowed) {
  EXPECT_EQ(SafetensorsFailure(SafetensorsBytes("{}", "")), "");
}

// M33
TEST(SafetensorsTest, RefusesLengthsOfTheHeader) {
  EXPECT_THAT(SafetensorsFailure(""), HasSubstr("empty"));
  EXPECT_THAT(SafetensorsFailure("1234567"), HasSubstr("truncated header"));
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{100'000'001}, ~uint64_t{0}}) {
    std::string bytes = SafetensorsBytes("{}", "");
    std::memcpy(bytes.data(), &size, sizeof(size));
    EXPECT_THAT(SafetensorsFailure(bytes),
                HasSubstr("length of the header is " + std::to_string(size)));
  }
  std::string bytes = SafetensorsBytes("{}", "");
  bytes[0] = 3;
  EXPECT_THAT(SafetensorsFailure(bytes), HasSubstr("only 2 are left"));
}

TEST(SafetensorsTest, SaysWhatAnotherFileLooksLike) {
  EXPECT_THAT(SafetensorsFailure("GGUF" + std::string(20, '\3')), HasSubstr("GGUF"));
  EXPECT_THAT(SafetensorsFailure("version https://git-lfs.github.com/spec/v1\noid"),
              HasSubstr("Git LFS"));
}

// M34
TEST(SafetensorsTest, RefusesHeadersOfAnotherForm) {
  const std::string entry = SafetensorsEntryText("F32", "[1]", 0, 4);
  const std::pair<std::string, std::string> kCases[] = {
      {"[]", "does not begin with '{'"},
      {" {}", "does not begin with '{'"},
      {"{ ", "not valid JSON"},
      {"{}x", "not valid JSON"},
      {R"({"w":1})", "a number where none belongs"},
      {R"({"w":null})", "null where none belongs"},
      {R"({"w":"x"})", "a string where none belongs"},
      {R"({"w":[]})", "an array where none belongs"},
      {R"({"w":{}})", "lacks one of the fields"},
      {R"({"w":{"dtype":"F32","shape":[1]}})", "lacks one of the fields"},
      {R"({"w":{"dtype":{},"shape":[1],"data_offsets":[0,4]}})", "an object where none belongs"},
      {R"({"w":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}})", "an array where none"},
      {R"({"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "a negative number"},
      {R"({"w":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "no integer of 64 bits"},
      {R"({"w":{"dtype":"F32","shape":[1e400],"data_offsets":[0,4]}})", "not valid JSON"},
      {R"({"w":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}})",
       "no integer of 64 bits"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0]}})", "fewer than two"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}})", "more than two"},
      {R"({"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "twice"},
      {R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", "a field 'x'"},
      {R"({"w":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}})",
       "more than 8 dimensions"},
      {R"({"w":)" + entry + R"(,"w":)" + entry + "}", "'w' occurs twice"},
      {R"({"":)" + entry + "}", "a name of 0 bytes"},
      {R"({")" + std::string(1025, 'n') + R"(":)" + entry + "}", "a name of 1025 bytes"},
      {R"({"__metadata__":1})", "a number where none belongs"},
      {R"({"__metadata__":{"a":1}})", "a number where none belongs"},
      {R"({"__metadata__":{"a":"x","a":"y"}})", "occurs twice"},
      {R"({"__metadata__":{},"__metadata__":{}})", "occurs twice"},
      {"{\"\xff\":1}", "not valid JSON"},
      {R"({"w":)" + std::string(100'000, '['), "an array where none belongs"},
  };
  for (const auto& [header, expected] : kCases) {
    EXPECT_THAT(SafetensorsFailure(SafetensorsBytes(header, "1234")), HasSubstr(expected))
        << header.substr(0, 100);
  }
}

// M35
TEST(SafetensorsTest, RefusesLayoutsThatDoNotCoverTheData) {
  const auto failure = [](const std::string& entries, size_t data_bytes) {
    return SafetensorsFailure(SafetensorsBytes("{" + entries + "}", std::string(data_bytes, '\1')));
  };
  const auto entry = [](std::string_view shape, uint64_t begin, uint64_t end) {
    return SafetensorsEntryText("F32", shape, begin, end);
  };
  EXPECT_EQ(failure(R"("a":)" + entry("[1]", 4, 8) + R"(,"b":)" + entry("[1]", 0, 4), 8), "");
  EXPECT_THAT(failure(R"("a":)" + entry("[1]", 4, 0), 4), HasSubstr("data_offsets are 4 and 0"));
  EXPECT_THAT(failure(R"("a":)" + entry("[2]", 0, 4), 4), HasSubstr("needs 8 bytes"));
  EXPECT_THAT(failure(R"("a":)" + entry("[1]", 0, 4) + R"(,"b":)" + entry("[1]", 0, 4), 4),
              AllOf(HasSubstr("'b'"), HasSubstr("overlap or leave a gap")));
  EXPECT_THAT(failure(R"("a":)" + entry("[2]", 0, 8) + R"(,"b":)" + entry("[2]", 4, 12), 12),
              HasSubstr("overlap or leave a gap"));
  EXPECT_THAT(failure(R"("a":)" + entry("[1]", 0, 4) + R"(,"b":)" + entry("[1]", 8, 12), 12),
              HasSubstr("overlap or leave a gap"));
  EXPECT_THAT(failure(R"("a":)" + entry("[1]", 4, 8), 8), HasSubstr("overlap or leave a gap"));
  EXPECT_THAT(failure(R"("a":)" + entry("[1]", 0, 4), 3), HasSubstr("cut short"));
  EXPECT_THAT(failure(R"("a":)" + entry("[1]", 0, 4), 5), HasSubstr("which have 5 bytes"));
  EXPECT_THAT(failure("", 1), HasSubstr("which have 1 bytes"));
}

TEST(SafetensorsTest, RefusesSizesBeyond63Bits) {
  const std::string too_large[] = {"[4294967296,4294967296]", "[2305843009213693952]",
                                   "[18446744073709551615]", "[4294967296,4294967296,0]",
                                   "[0,4294967296,4294967296]"};
  for (const std::string& shape : too_large) {
    EXPECT_THAT(SafetensorsFailure(OneEntry(SafetensorsEntryText("F32", shape, 0, 0), 0)),
                HasSubstr("beyond 63 bits"))
        << shape;
  }
}

TEST(SafetensorsTest, RefusesUnknownTypes) {
  EXPECT_THAT(SafetensorsFailure(OneEntry(SafetensorsEntryText("Q4", "[1]", 0, 4), 4)),
              HasSubstr("unknown type 'Q4'"));
}

TEST(SafetensorsTest, AsManyTensorsAsTheLimitAllows) {
  constexpr size_t kCount = 262'144;
  const auto header = [](size_t count) {
    std::string text = "{";
    for (size_t i = 0; i < count; ++i) {
      text += (i == 0 ? "\"" : ",\"") + std::to_string(i) +
              "\":" + SafetensorsEntryText("U8", "[1]", i, i + 1);
    }
    return text + "}";
  };
  const std::string bytes = SafetensorsBytes(header(kCount), std::string(kCount, '\1'));
  EXPECT_EQ(SafetensorsFailure(bytes), "");
  EXPECT_THAT(
      SafetensorsFailure(SafetensorsBytes(header(kCount + 1), std::string(kCount + 1, '\1'))),
      HasSubstr("the limit is 262144 tensors"));
}

// What an accepted file promises.
void ExpectSafe(const SafetensorsFile& file) {
  const std::byte* const begin = file.bytes().data();
  const std::byte* const end = begin + file.bytes().size();
  const std::byte* last = begin;
  for (const TensorView& tensor : file.tensors()) {
    ASSERT_FALSE(tensor.bytes.empty());
    ASSERT_GE(tensor.bytes.data(), last);
    last = tensor.bytes.data() + tensor.bytes.size();
    ASSERT_LE(last, end);
    std::vector<float> row(tensor.cols());
    for (uint64_t i = 0; i < tensor.rows(); ++i) DequantizeRow(tensor, i, row);
    ASSERT_EQ(file.FindTensor(tensor.name), &tensor);
  }
}

// The bytes as a heap block of exactly their size, so that a sanitizer sees a read beyond the end.
bool IsAccepted(const std::string& bytes) {
  const std::vector<std::byte> copy(AsBytes(bytes).begin(), AsBytes(bytes).end());
  try {
    ExpectSafe(SafetensorsFile::Parse(copy, "t.safetensors"));
    return true;
  } catch (const ModelError&) {
    return false;
  }
}

TEST(SafetensorsTest, EveryCutIsAModelError) {
  const std::string bytes = SmallSafetensors();
  ASSERT_TRUE(IsAccepted(bytes));
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(IsAccepted(bytes.substr(0, length))) << length;
  }
  EXPECT_FALSE(IsAccepted(bytes + '\0'));
}

TEST(SafetensorsTest, EveryChangedByteOfTheHeaderIsSafe) {
  const std::string bytes = SmallSafetensors();
  for (size_t at = 0; at + 52 < bytes.size(); ++at) {
    for (const char c : {'\0', '"', '0', '9', ',', '}', ']', '\xff'}) {
      std::string changed = bytes;
      changed[at] = c;
      IsAccepted(changed);
    }
  }
}

}  // namespace
}  // namespace rowmill
