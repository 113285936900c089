#include "report/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/escape.h"
#include "report/number_text.h"
#include "report/page.h"
#include "report/svg.h"

namespace rowmill {
namespace {

constexpr size_t kShownText = 300;     // characters of a row
constexpr size_t kShownClasses = 24;   // of a confusion matrix
constexpr size_t kShownOption = 2000;  // characters of a prompt

std::string Card(const std::string& name, const std::string& value) {
  return fmt::format("<div class=\"card\"><b>{}</b><span>{}</span></div>\n", HtmlText(value),
                     HtmlText(name));
}

std::string NumberCard(const Json& run, const std::string& name, std::string_view path,
                       std::string (*text)(double)) {
  const std::optional<double> value = NumberAt(run, path);
  return Card(name, value ? text(*value) : "–");
}

std::string Cards(const Json& run) {
  std::string cards = "<div class=\"cards\">\n";
  cards += NumberCard(run, "speed: seconds per row and thread", "measures.speed", NumberText);
  cards += NumberCard(run, "accuracy", "measures.accuracy", PercentText);
  cards +=
      NumberCard(run, "efficiency: seconds per row and thread", "measures.efficiency", NumberText);
  cards += Card("rows", CountText(CountAt(run, "rows.total")));
  cards += NumberCard(run, "rows per second", "measures.rows_per_second", NumberText);
  cards += NumberCard(run, "tokens per second", "measures.tokens_per_second", NumberText);
  cards += NumberCard(run, "from the first row to the last", "measures.wall_seconds", SecondsText);
  cards +=
      NumberCard(run, "half of the rows took at most", "measures.row_p50_seconds", SecondsText);
  cards +=
      NumberCard(run, "95 % of the rows took at most", "measures.row_p95_seconds", SecondsText);
  return cards + "</div>\n";
}

std::string Legend(const std::vector<Part>& parts) {
  std::string list = "<ul class=\"legend\">";
  for (size_t i = 0; i < parts.size(); ++i) {
    list += fmt::format("<li class=\"c{}\"><i></i>{}</li>", i % 8, HtmlText(parts[i].title));
  }
  return list + "</ul>\n";
}

std::string Shares(const std::vector<Part>& parts, const std::string& description) {
  if (parts.empty()) return "";
  return "<figure>" + PartsSvg(parts, description) + Legend(parts) + "</figure>";
}

std::string Statuses(const Json& run) {
  std::vector<Part> parts;
  const uint64_t total = CountAt(run, "rows.total");
  for (const char* status : {"ok", "truncated", "invalid", "error", "skipped"}) {
    const uint64_t count = CountAt(run, std::string("rows.") + status);
    if (count == 0) continue;
    parts.push_back({static_cast<double>(count),
                     fmt::format("{} {} ({})", status, CountText(count),
                                 PercentText(static_cast<double>(count) /
                                             static_cast<double>(std::max<uint64_t>(total, 1))))});
  }
  std::string content = Shares(parts, "Rows by status");
  std::vector<std::vector<std::string>> rows;
  for (const Json& kind : ArrayAt(run, "errors")) {
    rows.push_back({HtmlText(TextAt(kind, "status")), CountText(CountAt(kind, "rows")),
                    HtmlText(TextAt(kind, "error"))});
  }
  if (!rows.empty()) {
    content += "<h3>Failures by kind</h3>" +
               HtmlTable({"status", "rows", "error"}, rows, TableKind::kText);
  }
  return content;
}

std::string Timeline(const Json& run) {
  const Json& units = JsonAt(run, "charts.timeline.units");
  const double bin = NumberAt(run, "charts.timeline.bin_seconds").value_or(0.0);
  if (!units.is_array() || units.empty() || bin <= 0.0) return "";
  StripChart chart;
  chart.description = "How busy each execution unit was, from the start to the end";
  size_t bins = 0;
  for (const Json& unit : units) {
    if (!unit.is_array()) return "";
    StripChart::Strip strip;
    strip.name = "unit " + std::to_string(chart.strips.size());
    for (const Json& value : unit) {
      const double busy = value.is_number() ? value.get<double>() : 0.0;
      strip.titles.push_back(
          fmt::format("{}: {} busy", SecondsText(bin * static_cast<double>(strip.values.size())),
                      PercentText(busy)));
      strip.values.push_back(busy);
    }
    bins = std::max(bins, strip.values.size());
    chart.strips.push_back(std::move(strip));
  }
  const double end = bin * static_cast<double>(bins);
  chart.labels = {"0 s", SecondsText(end / 2.0), SecondsText(end)};
  return "<figure>" + StripChartSvg(chart) +
         "<figcaption>The darker, the busier with the model and its answers; light is waiting."
         "</figcaption></figure>";
}

std::string TimeParts(const Json& run) {
  std::vector<Part> stages;
  for (const auto& [name, label] :
       {std::pair("load", "loading the model"), std::pair("plan", "reading and planning"),
        std::pair("inference", "model"), std::pair("write", "writing")}) {
    const auto seconds = NumberAt(run, std::string("measures.stages.") + name);
    if (seconds) stages.push_back({*seconds, std::string(label) + " " + SecondsText(*seconds)});
  }
  std::string content = Shares(stages, "Stages of the run");
  std::vector<std::pair<std::string, double>> phases;
  std::vector<std::vector<std::string>> rows;
  for (const Json& unit : ArrayAt(run, "measures.units")) {
    const auto seconds = [&](const char* name) {
      return SecondsText(NumberAt(unit, name).value_or(0.0));
    };
    rows.push_back({std::to_string(rows.size()), seconds("model_seconds"),
                    seconds("decode_seconds"), seconds("wait_seconds"), seconds("idle_seconds"),
                    CountText(CountAt(unit, "steps")), CountText(CountAt(unit, "tokens")),
                    PercentText(NumberAt(unit, "busy").value_or(0.0))});
    const Json& own = JsonAt(unit, "phases");
    if (!own.is_object()) continue;
    for (const auto& [name, value] : own.items()) {
      if (!value.is_number()) continue;
      const auto it = std::find_if(phases.begin(), phases.end(),
                                   [&](const auto& phase) { return phase.first == name; });
      if (it == phases.end()) {
        phases.emplace_back(name, value.get<double>());
      } else {
        it->second += value.get<double>();
      }
    }
  }
  std::vector<Part> parts;
  for (auto& [name, seconds] : phases) {
    std::replace(name.begin(), name.end(), '_', ' ');
    parts.push_back({seconds, name + " " + SecondsText(seconds)});
  }
  if (!parts.empty()) {
    content += "<h3>Inside of the model, all units together</h3>" +
               Shares(parts, "Parts of the forward pass");
  }
  if (!rows.empty()) {
    content += "<h3>Units</h3>" +
               HtmlTable({"unit", "model", "decode", "wait", "idle", "steps", "tokens", "busy"},
                         rows, TableKind::kNumeric);
  }
  return content;
}

std::string Histogram(const Json& run, const char* path, const std::string& description,
                      std::string (*text)(double)) {
  const Json& bins = JsonAt(run, path);
  if (!bins.is_array() || bins.empty()) return "";
  BarChart chart;
  chart.description = description;
  for (const Json& bin : bins) {
    const double from = NumberAt(bin, "from").value_or(0.0);
    const double to = NumberAt(bin, "to").value_or(0.0);
    const uint64_t rows = CountAt(bin, "rows");
    chart.bars.push_back({static_cast<double>(rows),
                          fmt::format("{} to {}: {} rows", text(from), text(to), CountText(rows))});
  }
  const auto edge = [&](size_t i, const char* name) {
    return text(NumberAt(bins[i], name).value_or(0.0));
  };
  chart.labels = {edge(0, "from"), edge(bins.size() / 2, "from"), edge(bins.size() - 1, "to")};
  return "<figure>" + BarChartSvg(chart) + "</figure>";
}

std::string Savings(const Json& run) {
  std::vector<Part> parts;
  for (const auto& [name, label] :
       {std::pair("computed", "computed"), std::pair("saved_by_deduplication", "duplicates"),
        std::pair("saved_by_prefix_sharing", "common beginnings"),
        std::pair("saved_by_store", "found in the store")}) {
    const uint64_t count = CountAt(run, std::string("tokens.") + name);
    if (count > 0) {
      parts.push_back({static_cast<double>(count), std::string(label) + " " + CountText(count)});
    }
  }
  if (parts.empty()) return "";
  return "<p class=\"soft\">Tokens of all prompts: what ran through the model, and what did not "
         "have to.</p>" +
         Shares(parts, "Tokens computed and saved");
}

std::string ConfusionMatrix(const Json& gold) {
  const Json& matrix = JsonAt(gold, "confusion");
  const Json& classes = JsonAt(gold, "classes");
  if (!matrix.is_array() || !classes.is_array() || classes.size() > kShownClasses) return "";
  const auto name = [&](size_t i) {
    return i < classes.size() ? Shortened(TextAt(classes[i], "label"), 40) : std::string("(other)");
  };
  std::string table =
      "<h3>Confusion matrix</h3><div class=\"wide\"><table class=\"heat\"><thead><tr>"
      "<th scope=\"col\">gold \\ answer</th>";
  for (size_t p = 0; p < matrix.size(); ++p) {
    table += "<th scope=\"col\">" + HtmlText(p < classes.size() ? name(p) : "(none)") + "</th>";
  }
  table += "</tr></thead><tbody>\n";
  for (size_t g = 0; g < matrix.size(); ++g) {
    const Json& row = matrix[g];
    if (!row.is_array()) return "";
    uint64_t total = 0;
    for (const Json& cell : row) total += cell.is_number_unsigned() ? cell.get<uint64_t>() : 0;
    if (g == classes.size() && total == 0) continue;  // every gold value is a label
    table += "<tr><th scope=\"row\">" + HtmlText(name(g)) + "</th>";
    for (const Json& cell : row) {
      const uint64_t count = cell.is_number_unsigned() ? cell.get<uint64_t>() : 0;
      const double share =
          total == 0 ? 0.0 : static_cast<double>(count) / static_cast<double>(total);
      table += fmt::format("<td style=\"background:rgba(var(--heat),{:.2f})\">{}</td>",
                           0.55 * share, CountText(count));
    }
    table += "</tr>\n";
  }
  return table + "</tbody></table></div>\n";
}

std::string Accuracy(const Json& run) {
  const Json& gold = JsonAt(run, "gold");
  const auto accuracy = NumberAt(gold, "accuracy");
  if (!accuracy) return "";
  const Json& interval = JsonAt(gold, "accuracy_interval_95");
  std::string content = fmt::format("<p><b>{}</b> of {} rows are right", PercentText(*accuracy),
                                    CountText(CountAt(gold, "rows")));
  if (interval.is_array() && interval.size() == 2 && interval[0].is_number()) {
    content += fmt::format(" (95 % interval {} to {})", PercentText(interval[0].get<double>()),
                           PercentText(interval[1].get<double>()));
  }
  content += fmt::format("; macro F1 {}.</p>", NumberText(NumberAt(gold, "macro_f1").value_or(0)));
  std::vector<std::vector<std::string>> rows;
  for (const Json& label : ArrayAt(gold, "classes")) {
    if (rows.size() == kShownClasses) break;
    const auto share = [&](const char* name) {
      return PercentText(NumberAt(label, name).value_or(0.0));
    };
    rows.push_back({HtmlText(Shortened(TextAt(label, "label"), 60)),
                    CountText(CountAt(label, "rows")), CountText(CountAt(label, "predicted")),
                    share("precision"), share("recall"), share("f1")});
  }
  content += HtmlTable({"label", "gold", "answered", "precision", "recall", "F1"}, rows,
                       TableKind::kNumeric);
  return content + ConfusionMatrix(gold);
}

std::string Reliability(const Json& run) {
  const Json& bins = JsonAt(run, "charts.reliability");
  if (!bins.is_array()) return "";
  std::vector<ReliabilityPoint> points;
  double total = 0.0;
  for (const Json& bin : bins) total += static_cast<double>(CountAt(bin, "rows"));
  for (const Json& bin : bins) {
    const uint64_t rows = CountAt(bin, "rows");
    if (rows == 0) continue;
    ReliabilityPoint point;
    point.confidence = NumberAt(bin, "confidence").value_or(0.0);
    point.accuracy = NumberAt(bin, "accuracy").value_or(0.0);
    point.share = static_cast<double>(rows) / total;
    point.title = fmt::format("{} rows: confidence {}, right {}", CountText(rows),
                              PercentText(point.confidence), PercentText(point.accuracy));
    points.push_back(std::move(point));
  }
  if (points.empty()) return "";
  const auto ece = NumberAt(run, "gold.ece_10_bins");
  return fmt::format(
      "<p>Expected calibration error {} over 10 bins. Below the dashed line the model is surer "
      "than "
      "it is right.</p><figure class=\"square\">{}</figure>",
      ece ? PercentText(*ece) : "–", ReliabilitySvg(points));
}

std::string Rows(std::span<const ReportedRow> rows, ReportedRow::Reason reason) {
  std::vector<std::vector<std::string>> cells;
  for (const ReportedRow& row : rows) {
    if (row.reason != reason) continue;
    cells.push_back({CountText(row.row), HtmlText(Shortened(row.answer, 60)),
                     HtmlText(Shortened(row.gold, 60)), PercentText(row.probability),
                     HtmlText(Shortened(row.text, kShownText))});
  }
  if (cells.empty()) return "";
  return "<div class=\"rows\">" +
         HtmlTable({"row", "answer", "gold", "probability", "text"}, cells, TableKind::kText) +
         "</div>";
}

std::string Redaction(const Json& run) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const char* path : {"redaction.found", "redaction.output_found"}) {
    const Json& found = JsonAt(run, path);
    if (!found.is_object()) continue;
    const bool output = std::string_view(path).ends_with("output_found");
    for (const auto& [name, count] : found.items()) {
      pairs.emplace_back(name + (output ? " in the output" : ""), count.dump());
    }
  }
  const Json& rows = JsonAt(run, "redaction.rows");
  if (!rows.is_number()) return "";
  return "<p>Personal data was replaced in " + HtmlText(rows.dump()) + " rows.</p>" +
         HtmlPairs(pairs);
}

void AddPairs(const Json& object, std::vector<std::pair<std::string, std::string>>& pairs) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items()) {
    pairs.emplace_back(
        name, Shortened(value.is_string() ? value.get<std::string>() : value.dump(), kShownOption));
  }
}

std::string Configuration(const Json& run) {
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"rowmill", TextAt(run, "rowmill")},
      {"model", TextAt(run, "model.reference")},
      {"model SHA-256", TextAt(run, "model.sha256")},
      {"architecture", TextAt(run, "model.architecture")},
      {"input", TextAt(run, "input")},
      {"output", TextAt(run, "output")},
      {"kernels", TextAt(run, "isa")},
      {"numerics", TextAt(run, "numerics")},
      {"units", TextAt(run, "units") + " of " + TextAt(run, "threads_per_unit") + " threads"}};
  AddPairs(JsonAt(run, "machine"), pairs);
  AddPairs(JsonAt(run, "execution"), pairs);
  std::vector<std::pair<std::string, std::string>> options;
  AddPairs(JsonAt(run, "options"), options);
  return HtmlPairs(pairs) + "<h3>What decides the output</h3>" + HtmlPairs(options);
}

}  // namespace

std::string HtmlReport(const Json& run, std::span<const ReportedRow> rows) {
  const std::string title = TextAt(run, "task") + " of " + TextAt(run, "input");
  std::string body =
      fmt::format("<h1>{}</h1>\n<p class=\"soft\">Rowmill {}, {}, {}</p>\n", HtmlText(title),
                  HtmlText(TextAt(run, "rowmill")), HtmlText(TextAt(run, "model.reference")),
                  HtmlText(TextAt(run, "isa")));
  if (!TextAt(run, "error").empty()) {
    body += "<p class=\"bad\">" + HtmlText(TextAt(run, "error")) + "</p>\n";
  }
  body += Cards(run);
  body += HtmlSection("Rows", Statuses(run));
  body += HtmlSection("Accuracy", Accuracy(run));
  body += HtmlSection("Can its confidence be trusted?", Reliability(run));
  body += HtmlSection("Surest of the wrong answers", Rows(rows, ReportedRow::Reason::kWrong));
  body += HtmlSection("Least sure answers", Rows(rows, ReportedRow::Reason::kUncertain));
  body += HtmlSection("Where the time went", TimeParts(run));
  body += HtmlSection("Execution units", Timeline(run));
  body += HtmlSection("Time of a row",
                      Histogram(run, "charts.row_seconds",
                                "Rows by the seconds from admission to answer", SecondsText));
  body += HtmlSection(
      "Length of a row in tokens",
      Histogram(run, "charts.row_tokens", "Rows by tokens of their prompt", NumberText));
  body += HtmlSection("Saved", Savings(run));
  body += HtmlSection("Redaction", Redaction(run));
  body += HtmlSection("Machine and configuration", Configuration(run));
  return HtmlPage(title, body);
}

}  // namespace rowmill
