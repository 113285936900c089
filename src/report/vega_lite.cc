#include "report/html_report.h"

namespace rowmill {
namespace {

Json Field(const char* name, const char* type, const char* title) {
  return {{"field", name}, {"type", type}, {"title", title}};
}

Json View(const char* title, const char* data, Json mark, Json encoding) {
  return {{"title", title},
          {"data", {{"name", data}}},
          {"width", 600},
          {"mark", std::move(mark)},
          {"encoding", std::move(encoding)}};
}

Json BinView(const char* title, const char* data, const char* unit) {
  Json encoding;
  encoding["x"] = Field("from", "quantitative", unit);
  encoding["x2"] = {{"field", "to"}};
  encoding["y"] = Field("rows", "quantitative", "rows");
  return View(title, data, {{"type", "bar"}, {"tooltip", true}}, std::move(encoding));
}

Json Timeline(const Json& run) {
  Json rows = Json::array();
  const Json& units = JsonAt(run, "charts.timeline.units");
  const double bin = NumberAt(run, "charts.timeline.bin_seconds").value_or(0.0);
  if (!units.is_array()) return rows;
  for (size_t unit = 0; unit < units.size(); ++unit) {
    if (!units[unit].is_array()) continue;
    for (size_t i = 0; i < units[unit].size(); ++i) {
      rows.push_back({{"unit", unit},
                      {"from", bin * static_cast<double>(i)},
                      {"to", bin * static_cast<double>(i + 1)},
                      {"busy", units[unit][i]}});
    }
  }
  return rows;
}

Json Stages(const Json& run) {
  Json rows = Json::array();
  const Json& stages = JsonAt(run, "measures.stages");
  if (!stages.is_object()) return rows;
  for (const auto& [name, seconds] : stages.items()) {
    rows.push_back({{"stage", name}, {"seconds", seconds}});
  }
  return rows;
}

}  // namespace

std::string VegaLite(const Json& run) {
  Json spec;
  spec["$schema"] = "https://vega.github.io/schema/vega-lite/v5.json";
  spec["description"] = TextAt(run, "task") + " of " + TextAt(run, "input");
  spec["datasets"] = {{"row_seconds", ArrayAt(run, "charts.row_seconds")},
                      {"row_tokens", ArrayAt(run, "charts.row_tokens")},
                      {"reliability", ArrayAt(run, "charts.reliability")},
                      {"timeline", Timeline(run)},
                      {"stages", Stages(run)}};
  Json& views = spec["vconcat"];
  views.push_back(BinView("Time of a row", "row_seconds", "seconds"));
  views.push_back(BinView("Length of a row", "row_tokens", "tokens"));
  Json busy;
  busy["x"] = Field("from", "quantitative", "seconds");
  busy["x2"] = {{"field", "to"}};
  busy["y"] = Field("unit", "ordinal", "unit");
  busy["opacity"] = Field("busy", "quantitative", "busy");
  views.push_back(View("Execution units", "timeline", {{"type", "rect"}}, std::move(busy)));
  Json stages;
  stages["x"] = Field("seconds", "quantitative", "seconds");
  stages["y"] = Field("stage", "nominal", "stage");
  views.push_back(View("Stages", "stages", {{"type", "bar"}}, std::move(stages)));
  if (!spec["datasets"]["reliability"].empty()) {
    Json points;
    points["x"] = Field("confidence", "quantitative", "confidence");
    points["y"] = Field("accuracy", "quantitative", "right");
    points["size"] = Field("rows", "quantitative", "rows");
    views.push_back(View("Calibration", "reliability", {{"type", "point"}, {"filled", true}},
                         std::move(points)));
  }
  return spec.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rowmill
