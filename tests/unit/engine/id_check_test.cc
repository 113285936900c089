#include "engine/id_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "unit/engine/random_rows.h"

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Record RecordWith(uint64_t row, const std::string& id) {
  static const auto columns = std::make_shared<const ColumnNames>(std::vector<std::string>{"id"});
  Record record;
  record.Clear(Format::kText);
  record.index = row;
  record.line = row + 1;
  record.columns = columns;
  record.raw = id;
  record.fields.push_back({.size = id.size()});
  return record;
}

TEST(IdCheckTest, ARepeatedIdIsFoundHoweverFarApartTheRowsAre) {
  IdCheck check("id", ScratchFolder());
  constexpr uint64_t kRows = 20000;
  for (uint64_t row = 0; row < kRows; ++row) check.Add(RecordWith(row, std::to_string(row)));
  EXPECT_THAT([&] { check.Add(RecordWith(kRows, "77")); },
              ThrowsMessage<DataError>(HasSubstr("line 20001 has the same 'id' as line 78;")));
}

TEST(IdCheckTest, AnIdThatIsMissingOrEmptyIsNone) {
  IdCheck check("id", ScratchFolder());
  EXPECT_THAT([&] { check.Add(RecordWith(3, "")); },
              ThrowsMessage<DataError>(HasSubstr("line 4 has no 'id'")));
  IdCheck other("key", ScratchFolder());
  EXPECT_THAT([&] { other.Add(RecordWith(0, "x")); },
              ThrowsMessage<DataError>(HasSubstr("line 1 has no 'key'")));
}

TEST(IdCheckTest, ARowThatIsBrokenInItselfIsLeftOut) {
  IdCheck check("id", ScratchFolder());
  check.Add(RecordWith(0, "a"));
  Record broken = RecordWith(1, "a");
  broken.problem = "too many columns";
  check.Add(broken);
}

}  // namespace
}  // namespace rowmill
