#include "report/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/escape.h"

namespace rowmill {
namespace {

constexpr double kWidth = 640.0;
constexpr double kPlotHeight = 140.0;
constexpr double kLabelHeight = 22.0;

std::string Open(double width, double height, const std::string& description) {
  return fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">"
      "<title>{}</title>",
      width, height, HtmlText(description), HtmlText(description));
}

// The anchor keeps the first and the last label inside of the picture.
std::string Labels(const std::vector<std::string>& labels, double left, double width, double y) {
  std::string out;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double x = labels.size() == 1 ? left
                                        : left + width * static_cast<double>(i) /
                                                     static_cast<double>(labels.size() - 1);
    const char* anchor = i == 0 ? "start" : i + 1 == labels.size() ? "end" : "middle";
    out +=
        fmt::format("<text class=\"axis\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
                    x, y, anchor, HtmlText(labels[i]));
  }
  return out;
}

}  // namespace

std::string BarChartSvg(const BarChart& chart) {
  double largest = 0.0;
  for (const Bar& bar : chart.bars) largest = std::max(largest, bar.value);
  std::string svg = Open(kWidth, kPlotHeight + kLabelHeight, chart.description);
  svg += fmt::format("<line class=\"rule\" x1=\"0\" y1=\"{0}\" x2=\"{1}\" y2=\"{0}\"/>",
                     kPlotHeight, kWidth);
  const double step = kWidth / static_cast<double>(std::max<size_t>(chart.bars.size(), 1));
  for (size_t i = 0; i < chart.bars.size(); ++i) {
    const Bar& bar = chart.bars[i];
    if (bar.value <= 0.0 || largest <= 0.0) continue;
    // A bar that is there is seen, however small.
    const double height = std::max(1.5, bar.value / largest * (kPlotHeight - 8.0));
    svg += fmt::format(
        "<rect class=\"bar\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\">"
        "<title>{}</title></rect>",
        static_cast<double>(i) * step + step * 0.06, kPlotHeight - height, step * 0.88, height,
        HtmlText(bar.title));
  }
  return svg + Labels(chart.labels, 0.0, kWidth, kPlotHeight + 16.0) + "</svg>";
}

std::string StripChartSvg(const StripChart& chart) {
  constexpr double kStripHeight = 20.0;
  constexpr double kStripGap = 6.0;
  constexpr double kNameWidth = 64.0;
  const double height =
      static_cast<double>(chart.strips.size()) * (kStripHeight + kStripGap) + kLabelHeight;
  std::string svg = Open(kWidth, height, chart.description);
  for (size_t s = 0; s < chart.strips.size(); ++s) {
    const StripChart::Strip& strip = chart.strips[s];
    const double y = static_cast<double>(s) * (kStripHeight + kStripGap);
    svg += fmt::format("<text class=\"axis\" x=\"0\" y=\"{:.1f}\">{}</text>", y + 14.0,
                       HtmlText(strip.name));
    svg += fmt::format("<rect class=\"track\" x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\"/>",
                       kNameWidth, y, kWidth - kNameWidth, kStripHeight);
    const double step =
        (kWidth - kNameWidth) / static_cast<double>(std::max<size_t>(strip.values.size(), 1));
    for (size_t i = 0; i < strip.values.size(); ++i) {
      const double value = std::clamp(strip.values[i], 0.0, 1.0);
      if (value <= 0.0) continue;
      svg += fmt::format(
          "<rect class=\"bar\" x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{}\" "
          "fill-opacity=\"{:.2f}\"><title>{}</title></rect>",
          kNameWidth + static_cast<double>(i) * step, y, step + 0.05, kStripHeight,
          0.12 + 0.88 * value, HtmlText(i < strip.titles.size() ? strip.titles[i] : ""));
    }
  }
  return svg + Labels(chart.labels, kNameWidth, kWidth - kNameWidth, height - 6.0) + "</svg>";
}

std::string PartsSvg(std::span<const Part> parts, const std::string& description) {
  constexpr double kHeight = 28.0;
  double total = 0.0;
  for (const Part& part : parts) total += std::max(part.value, 0.0);
  std::string svg = Open(kWidth, kHeight, description);
  double x = 0.0;
  for (size_t i = 0; i < parts.size() && total > 0.0; ++i) {
    const double width = std::max(parts[i].value, 0.0) / total * kWidth;
    if (width <= 0.0) continue;
    svg += fmt::format(
        "<rect class=\"c{}\" x=\"{:.2f}\" y=\"0\" width=\"{:.2f}\" height=\"{}\"><title>{}</title>"
        "</rect>",
        i % 8, x, width, kHeight, HtmlText(parts[i].title));
    x += width;
  }
  return svg + "</svg>";
}

std::string ReliabilitySvg(std::span<const ReliabilityPoint> points) {
  constexpr double kSide = 240.0;
  constexpr double kLeft = 40.0;
  constexpr double kTop = 10.0;
  std::string svg = Open(kSide + kLeft + 12.0, kSide + kTop + 40.0,
                         "Share of right answers by the confidence of the model");
  svg += fmt::format(
      "<rect class=\"track\" x=\"{0}\" y=\"{1}\" width=\"{2}\" height=\"{2}\"/>"
      "<line class=\"rule\" stroke-dasharray=\"4 4\" x1=\"{0}\" y1=\"{3}\" x2=\"{4}\" y2=\"{1}\"/>",
      kLeft, kTop, kSide, kTop + kSide, kLeft + kSide);
  for (const double tick : {0.0, 0.5, 1.0}) {
    svg += fmt::format(
        "<text class=\"axis\" x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\">{:.1f}</text>"
        "<text class=\"axis\" x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"end\">{:.1f}</text>",
        kLeft + tick * kSide, kTop + kSide + 16.0, tick, kLeft - 6.0,
        kTop + kSide - tick * kSide + 4.0, tick);
  }
  svg += fmt::format(
      "<text class=\"axis\" x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\">confidence</text>",
      kLeft + kSide / 2.0, kTop + kSide + 32.0);
  for (const ReliabilityPoint& point : points) {
    const double radius = 3.0 + 14.0 * std::sqrt(std::clamp(point.share, 0.0, 1.0));
    svg += fmt::format(
        "<circle class=\"point\" cx=\"{:.2f}\" cy=\"{:.2f}\" "
        "r=\"{:.2f}\"><title>{}</title></circle>",
        kLeft + std::clamp(point.confidence, 0.0, 1.0) * kSide,
        kTop + kSide - std::clamp(point.accuracy, 0.0, 1.0) * kSide, radius, HtmlText(point.title));
  }
  return svg + "</svg>";
}

}  // namespace rowmill
