#include "report/svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowmill {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Svg, BarsAreAsHighAsTheirValues) {
  const std::string svg = BarChartSvg({.bars = {{10.0, "ten"}, {5.0, "five"}, {0.0, "none"}},
                                       .labels = {"a", "b"},
                                       .description = "d"});
  EXPECT_THAT(svg, HasSubstr("height=\"132.00\"><title>ten"));
  EXPECT_THAT(svg, HasSubstr("height=\"66.00\"><title>five"));
  EXPECT_THAT(svg, Not(HasSubstr("none")));
}

TEST(Svg, PartsFillTheWidth) {
  const std::vector<Part> parts = {{1.0, "a"}, {3.0, "b"}};
  const std::string svg = PartsSvg(parts, "d");
  EXPECT_THAT(svg, HasSubstr("width=\"160.00\""));
  EXPECT_THAT(svg, HasSubstr("x=\"160.00\" y=\"0\" width=\"480.00\""));
}

TEST(Svg, NothingToDrawIsNoMistake) {
  BarChartSvg({});
  StripChartSvg({});
  PartsSvg({}, "");
  ReliabilitySvg({});
  StripChart chart;
  chart.strips.push_back({"x", {2.0, -1.0}, {}});
  chart.labels = {"one"};
  StripChartSvg(chart);
}

}  // namespace
}  // namespace rowmill
