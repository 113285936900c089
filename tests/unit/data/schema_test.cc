#include "data/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/data/testing.h"

namespace rowmill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SchemaTest, OurColumnsGiveWayToTheInputs) {
  const std::vector<std::string> task = {"label", "probability"};
  const OutputSchema schema = ResolveOutputSchema({"id", "label", "rowmill_label", "status"}, task);
  EXPECT_THAT(schema.input_columns, ElementsAre("id", "label", "rowmill_label", "status"));
  EXPECT_THAT(schema.task_columns, ElementsAre("rowmill_rowmill_label", "probability"));
  EXPECT_EQ(schema.status_column, "rowmill_status");
  EXPECT_EQ(schema.error_column, "error");
  ASSERT_EQ(schema.renames.size(), 2u);
  EXPECT_EQ(schema.renames[0].wanted, "label");
  EXPECT_EQ(schema.renames[0].name, "rowmill_rowmill_label");
  EXPECT_EQ(schema.renames[1].wanted, "status");
}

TEST(SchemaTest, WithoutAClashNothingIsRenamed) {
  const std::vector<std::string> task = {"label"};
  const OutputSchema schema = ResolveOutputSchema({"Label", "text"}, task);
  EXPECT_THAT(schema.task_columns, ElementsAre("label"));
  EXPECT_TRUE(schema.renames.empty());
}

TEST(SchemaTest, AMovedColumnNeverMeetsAnotherOfOurs) {
  const std::vector<std::string> task = {"label", "rowmill_label"};
  const OutputSchema schema = ResolveOutputSchema({"label"}, task);
  EXPECT_THAT(schema.task_columns, ElementsAre("rowmill_label", "rowmill_rowmill_label"));
}

TEST(SchemaTest, AnInputThatTakesEveryNameIsRefused) {
  std::vector<std::string> input = {"label"};
  for (int i = 0; i < 8; ++i) input.push_back(PrefixedColumn(input.back()));
  const std::vector<std::string> task = {"label"};
  EXPECT_THAT(testing::ErrorText<DataError>([&] { ResolveOutputSchema(input, task); }),
              HasSubstr("'label'"));
}

TEST(SchemaTest, RepeatedNamesOfOursAreABug) {
  const std::vector<std::string> twice = {"a", "a"};
  EXPECT_THROW(ResolveOutputSchema({}, twice), InternalError);
  const std::vector<std::string> status = {"status"};
  EXPECT_THROW(ResolveOutputSchema({}, status), InternalError);
}

TEST(SchemaTest, AMissingColumnIsNamedWithItsNeighbour) {
  const ColumnNames columns({"id", "review", "stars"});
  EXPECT_NO_THROW(RequireColumn(columns, "review", "--text"));
  EXPECT_THAT(testing::ErrorText<UsageError>([&] { RequireColumn(columns, "reveiw", "--text"); }),
              AllOf(HasSubstr("--text"), HasSubstr("'reveiw'"), HasSubstr("did you mean 'review'"),
                    HasSubstr("id, review, stars")));
}

TEST(SchemaTest, NamesAreFoundByNameAndOrder) {
  ColumnNames columns({"b", "a"});
  columns.Add("c");
  EXPECT_THAT(columns.names(), ElementsAre("b", "a", "c"));
  EXPECT_EQ(columns.Find("a"), 1u);
  EXPECT_EQ(columns.Find("A"), std::nullopt);
  EXPECT_THROW(columns.Add("a"), InternalError);
}

}  // namespace
}  // namespace rowmill
