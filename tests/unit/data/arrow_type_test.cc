#include "data/arrow_type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using Kind = ArrowType::Kind;
using testing::ErrorText;
using ::testing::HasSubstr;

ArrowSchema Schema(const char* format, const char* name = "x") {
  ArrowSchema schema{};
  schema.format = format;
  schema.name = name;
  schema.release = [](ArrowSchema*) {};
  return schema;
}

TEST(ArrowTypeTest, FormatsOfTheSpecification) {
  const std::pair<const char*, Kind> formats[] = {{"n", Kind::kNull},
                                                  {"b", Kind::kBool},
                                                  {"L", Kind::kUint64},
                                                  {"f", Kind::kFloat32},
                                                  {"u", Kind::kUtf8},
                                                  {"U", Kind::kLargeUtf8},
                                                  {"vu", Kind::kUtf8View},
                                                  {"tdD", Kind::kDate32},
                                                  {"tsn:UTC", Kind::kTimestamp},
                                                  {"z", Kind::kOther},
                                                  {"d:12,3", Kind::kDecimal},
                                                  {"d:12", Kind::kOther},
                                                  {"d:9,-2,32", Kind::kDecimal},
                                                  {"d:9,2,33", Kind::kOther},
                                                  {"d:77,2,256", Kind::kOther},
                                                  {"d:9,2,", Kind::kOther},
                                                  {"d:9,2,64,", Kind::kOther},
                                                  {"ttm", Kind::kTime32},
                                                  {"ttu", Kind::kTime64},
                                                  {"tDn", Kind::kDuration},
                                                  {"ttx", Kind::kOther},
                                                  {"tiM", Kind::kOther},
                                                  {"e", Kind::kFloat16},
                                                  {"tsx:", Kind::kOther},
                                                  {"+w:x", Kind::kOther},
                                                  {"+w:-1", Kind::kOther},
                                                  {"", Kind::kOther},
                                                  {"ts", Kind::kOther}};
  for (const auto& [format, kind] : formats) {
    EXPECT_EQ(ReadArrowType(Schema(format)).kind, kind) << format;
  }
  EXPECT_EQ(ReadArrowType(Schema("tsu:")).ticks_per_second, 1'000'000);
  EXPECT_EQ(ReadArrowType(Schema("ttm")).ticks_per_second, 1'000);
  EXPECT_EQ(ReadArrowType(Schema("d:9,-2,32")).decimal_scale, -2);
  EXPECT_EQ(ReadArrowType(Schema("d:9,-2,32")).decimal_bytes, 4);
  EXPECT_EQ(ReadArrowType(Schema("d:40,2,256")).decimal_bytes, 32);
  EXPECT_FALSE(ReadArrowType(Schema("tsu:")).is_utc);
  EXPECT_TRUE(ReadArrowType(Schema("tsu:Asia/Tokyo")).is_utc);
}

TEST(ArrowTypeTest, WhatContainsAnUnknownTypeIsUnknown) {
  ArrowSchema binary = Schema("z");
  ArrowSchema* children[] = {&binary};
  ArrowSchema list = Schema("+l");
  list.children = children;
  list.n_children = 1;
  ArrowSchema* columns[] = {&list};
  ArrowSchema table = Schema("+s");
  table.children = columns;
  table.n_children = 1;
  const ArrowType type = ReadArrowType(table);
  EXPECT_TRUE(type.is_writable());  // The table has other columns.
  EXPECT_FALSE(type.children[0].is_writable());
  EXPECT_EQ(ArrowTypeName(type.children[0]), "of binary");
  EXPECT_EQ(ArrowTypeName(ReadArrowType(Schema("w:16"))), "binary");
  EXPECT_EQ(ArrowTypeName(ReadArrowType(Schema("+r"))), "Arrow type '+r'");

  ArrowSchema indices = Schema("i");
  indices.dictionary = &binary;
  EXPECT_FALSE(ReadArrowType(indices).is_writable());
}

TEST(ArrowTypeTest, BrokenSchemasAreErrors) {
  EXPECT_THAT(ErrorText<DataError>([] { ReadArrowType(Schema(nullptr)); }),
              HasSubstr("without its format"));
  EXPECT_THAT(ErrorText<DataError>([] { ReadArrowType(Schema("+m")); }),
              HasSubstr("a map without keys and values"));
  EXPECT_THAT(ErrorText<DataError>([] { ReadArrowType(Schema("+l")); }),
              HasSubstr("without the type of its values"));
  std::vector<ArrowSchema> levels(40, Schema("+l"));
  std::vector<ArrowSchema*> pointers;
  for (ArrowSchema& level : levels) pointers.push_back(&level);
  for (size_t i = 0; i + 1 < levels.size(); ++i) {
    levels[i].children = &pointers[i + 1];
    levels[i].n_children = 1;
  }
  EXPECT_THAT(ErrorText<DataError>([&] { ReadArrowType(levels[0]); }), HasSubstr("deeper than 32"));
}

}  // namespace
}  // namespace rowmill
