// Charts as inline SVG. Colours are those of the page's style sheet (classes, not values), so that
// one picture serves light and dark; every bar has a title that a pointer shows and a screen reader
// says. Sizes are in the units of the picture's view box; the page scales it to its width.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace rowmill {

struct Bar {
  double value = 0.0;  // its height; not negative
  std::string title;   // plain text
};

// Vertical bars side by side, with a line of labels below: evenly spread over the width.
struct BarChart {
  std::vector<Bar> bars;
  std::vector<std::string> labels;  // first at the left edge, last at the right one
  std::string description;          // what a screen reader says of the whole
};
std::string BarChartSvg(const BarChart& chart);

// One horizontal strip for each name, its cells as dark as their value is near to 1.
struct StripChart {
  struct Strip {
    std::string name;
    std::vector<double> values;  // [cells], from 0 to 1
    std::vector<std::string> titles;
  };
  std::vector<Strip> strips;
  std::vector<std::string> labels;
  std::string description;
};
std::string StripChartSvg(const StripChart& chart);

// Shares of a whole as one horizontal bar, each part with its class of colour ("c0" to "c7").
struct Part {
  double value = 0.0;
  std::string title;
};
std::string PartsSvg(std::span<const Part> parts, const std::string& description);

// How often answers were right (up) against how sure they were (right); a point's area is its share
// of the rows. The diagonal is where a calibrated model's points lie.
struct ReliabilityPoint {
  double confidence = 0.0;
  double accuracy = 0.0;
  double share = 0.0;  // of all rows
  std::string title;
};
std::string ReliabilitySvg(std::span<const ReliabilityPoint> points);

}  // namespace rowmill
