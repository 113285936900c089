#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/escape.h"
#include "report/html_report.h"
#include "report/number_text.h"
#include "report/page.h"

namespace rowmill {
namespace {

// Whether more is better, worse or neither.
enum class Better : uint8_t { kMore, kLess, kNeither };

struct Figure {
  const char* name;
  const char* path;
  std::string (*text)(double);
  Better better;
};

constexpr std::array<Figure, 19> kFigures = {{
    {"rows", "rows.total", NumberText, Better::kNeither},
    {"failed rows (error)", "rows.error", NumberText, Better::kLess},
    {"invalid rows", "rows.invalid", NumberText, Better::kLess},
    {"speed (s per row and thread)", "measures.speed", NumberText, Better::kLess},
    {"accuracy", "measures.accuracy", PercentText, Better::kMore},
    {"efficiency (s per row and thread)", "measures.efficiency", NumberText, Better::kLess},
    {"macro F1", "gold.macro_f1", NumberText, Better::kMore},
    {"calibration error", "gold.ece_10_bins", PercentText, Better::kLess},
    {"rows per second", "measures.rows_per_second", NumberText, Better::kMore},
    {"tokens per second", "measures.tokens_per_second", NumberText, Better::kMore},
    {"wall time", "measures.wall_seconds", SecondsText, Better::kLess},
    {"time in the model", "measures.inference_seconds", SecondsText, Better::kLess},
    {"time of a row, median", "measures.row_p50_seconds", SecondsText, Better::kLess},
    {"time of a row, 95 %", "measures.row_p95_seconds", SecondsText, Better::kLess},
    {"tokens computed", "tokens.computed", NumberText, Better::kLess},
    {"tokens generated", "tokens.generated", NumberText, Better::kNeither},
    {"tokens saved", "tokens.saved", NumberText, Better::kMore},
    {"units", "units", NumberText, Better::kNeither},
    {"threads per unit", "threads_per_unit", NumberText, Better::kNeither},
}};

// "1.08x" of the first run; empty where there is nothing to divide.
std::string RatioText(std::optional<double> first, std::optional<double> other) {
  if (!first || !other || *first == 0.0 || *first == *other) return "";
  return fmt::format("{:.2f}x", *other / *first);
}

std::string Verdict(const Figure& figure, std::optional<double> first,
                    std::optional<double> other) {
  if (!first || !other || *first == *other || figure.better == Better::kNeither) return "";
  return (*other > *first) == (figure.better == Better::kMore) ? "good" : "bad";
}

// The intervals of two accuracies that do not meet are a difference that chance does not make.
std::string AccuracyNote(const Json& first, const Json& other, const std::string& name) {
  const Json& a = JsonAt(first, "gold.accuracy_interval_95");
  const Json& b = JsonAt(other, "gold.accuracy_interval_95");
  const auto is_interval = [](const Json& json) {
    return json.is_array() && json.size() == 2 && json[0].is_number() && json[1].is_number();
  };
  if (!is_interval(a) || !is_interval(b)) return "";
  const bool apart =
      a[0].get<double>() > b[1].get<double>() || b[0].get<double>() > a[1].get<double>();
  return name + (apart ? ": the accuracy differs by more than chance (95 % intervals are apart)"
                       : ": the accuracy may differ by chance (95 % intervals overlap)");
}

// Options and machines that differ, as rows of text: name, then a value for each run.
std::vector<std::vector<std::string>> Differences(std::span<const Json> runs) {
  std::vector<std::string> paths = {"rowmill", "model.reference", "model.sha256",
                                    "isa",     "numerics",        "input"};
  for (const char* group : {"options", "execution", "machine"}) {
    for (const Json& run : runs) {
      const Json& object = JsonAt(run, group);
      if (!object.is_object()) continue;
      for (const auto& [name, value] : object.items()) {
        const std::string path = std::string(group) + "\x1f" + name;
        if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
      }
    }
  }
  std::vector<std::vector<std::string>> rows;
  for (const std::string& path : paths) {
    const size_t divider = path.find('\x1f');
    std::vector<std::string> row = {path.substr(divider == std::string::npos ? 0 : divider + 1)};
    for (const Json& run : runs) {
      if (divider == std::string::npos) {
        row.push_back(TextAt(run, path));
        continue;
      }
      const Json& group = JsonAt(run, path.substr(0, divider));
      const bool is_there = group.is_object() && group.contains(row[0]);
      const Json value = is_there ? group[row[0]] : Json();
      row.push_back(value.is_string() ? value.get<std::string>() : is_there ? value.dump() : "");
    }
    const bool differs = std::any_of(row.begin() + 2, row.end(),
                                     [&](const std::string& value) { return value != row[1]; });
    if (differs) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::string TextComparison(std::span<const Json> runs, std::span<const std::string> names) {
  std::string text = fmt::format("{:<34}", "");
  for (const std::string& name : names) {
    // The end of a path says more than its beginning.
    const std::string shown = name.size() > 26 ? "..." + name.substr(name.size() - 23) : name;
    text += fmt::format("{:>28}", shown);
  }
  text += "\n";
  for (const Figure& figure : kFigures) {
    const auto first = NumberAt(runs[0], figure.path);
    std::string line = fmt::format("{:<34}", figure.name);
    bool any = false;
    for (size_t i = 0; i < runs.size(); ++i) {
      const auto value = NumberAt(runs[i], figure.path);
      any = any || value.has_value();
      const std::string ratio = i == 0 ? "" : RatioText(first, value);
      line += fmt::format("{:>28}", (value ? figure.text(*value) : std::string("-")) +
                                        (ratio.empty() ? "" : " (" + ratio + ")"));
    }
    if (any) text += line + "\n";
  }
  for (size_t i = 1; i < runs.size(); ++i) {
    const std::string note = AccuracyNote(runs[0], runs[i], names[i]);
    if (!note.empty()) text += note + "\n";
  }
  const auto differences = Differences(runs);
  if (!differences.empty()) text += "\nwhat differs\n";
  for (const std::vector<std::string>& row : differences) {
    text += fmt::format("{:<34}", row[0]);
    for (size_t i = 1; i < row.size(); ++i) {
      std::string value = Shortened(row[i], 26);
      std::replace(value.begin(), value.end(), '\n', ' ');
      text += fmt::format("{:>28}", value);
    }
    text += "\n";
  }
  return text;
}

std::string HtmlComparison(std::span<const Json> runs, std::span<const std::string> names) {
  std::vector<std::string> heads = {"figure"};
  for (const std::string& name : names) heads.push_back(name);
  std::vector<std::vector<std::string>> rows;
  for (const Figure& figure : kFigures) {
    const auto first = NumberAt(runs[0], figure.path);
    std::vector<std::string> row = {HtmlText(figure.name)};
    bool any = false;
    for (size_t i = 0; i < runs.size(); ++i) {
      const auto value = NumberAt(runs[i], figure.path);
      any = any || value.has_value();
      std::string cell = value ? HtmlText(figure.text(*value)) : "–";
      const std::string ratio = i == 0 ? "" : RatioText(first, value);
      if (!ratio.empty()) {
        cell += fmt::format(" <span class=\"{}\">{}</span>", Verdict(figure, first, value), ratio);
      }
      row.push_back(cell);
    }
    if (any) rows.push_back(std::move(row));
  }
  std::string notes;
  for (size_t i = 1; i < runs.size(); ++i) {
    const std::string note = AccuracyNote(runs[0], runs[i], names[i]);
    if (!note.empty()) notes += "<p class=\"soft\">" + HtmlText(note) + "</p>\n";
  }
  std::vector<std::vector<std::string>> differences = Differences(runs);
  for (std::vector<std::string>& row : differences) {
    for (std::string& cell : row) cell = HtmlText(Shortened(cell, 400));
  }
  heads[0] = "figure";
  std::string body =
      "<h1>Runs side by side</h1>\n<p class=\"soft\">Factors are against the first "
      "run.</p>\n";
  body += HtmlSection("Figures", HtmlTable(heads, rows, TableKind::kNumeric) + notes);
  heads[0] = "option";
  if (!differences.empty()) {
    body += HtmlSection("What differs", HtmlTable(heads, differences, TableKind::kText));
  }
  return HtmlPage("Runs side by side", body);
}

}  // namespace rowmill
