#include "engine/run_sum.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace rowmill {
namespace {

void Add(Json& sum, const Json& other) {
  if (sum.is_number_unsigned() && other.is_number_unsigned()) {
    sum = sum.get<uint64_t>() + other.get<uint64_t>();
  }
  if (!other.is_object()) return;
  if (sum.is_null()) sum = Json::object();
  if (!sum.is_object()) return;
  for (const auto& [name, value] : other.items()) {
    if (sum.contains(name)) {
      Add(sum[name], value);
    } else {
      sum[name] = value;
    }
  }
}

// The most frequent first; of equally frequent ones in the order in which the runs name them.
Json SumOfErrors(const std::vector<Json>& runs) {
  std::vector<Json> kinds;
  for (const Json& run : runs) {
    for (const Json& kind : ArrayAt(run, "errors")) {
      const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const Json& known) {
        return TextAt(known, "status") == TextAt(kind, "status") &&
               TextAt(known, "error") == TextAt(kind, "error");
      });
      if (same == kinds.end()) {
        kinds.push_back(kind);
      } else {
        (*same)["rows"] = CountAt(*same, "rows") + CountAt(kind, "rows");
      }
    }
  }
  std::multimap<uint64_t, Json, std::greater<>> by_rows;
  for (Json& kind : kinds) by_rows.emplace(CountAt(kind, "rows"), std::move(kind));
  Json sum = Json::array();
  for (auto& [rows, kind] : by_rows) sum.push_back(std::move(kind));
  return sum;
}

// Counts of rows add up. Of lengths the shortest and the longest can be told, of the others (a
// median, from where on a row is an outlier of its file) nothing.
Json SumOfPreprocessing(const std::vector<Json>& runs) {
  Json sum;
  std::optional<uint64_t> shortest, longest;
  for (const Json& run : runs) {
    const Json prep = JsonAt(run, "preprocessing");
    Add(sum, prep);
    if (CountAt(prep, "rows") == 0) continue;
    shortest = std::min(shortest.value_or(UINT64_MAX), CountAt(prep, "shortest_characters"));
    longest = std::max(longest.value_or(0), CountAt(prep, "longest_characters"));
  }
  if (!sum.is_object()) return sum;
  for (const char* name : {"shortest_characters", "median_characters", "p99_characters",
                           "longest_characters", "short_outliers_below", "long_outliers_from"}) {
    sum.erase(name);
  }
  if (shortest) {
    sum["shortest_characters"] = *shortest;
    sum["longest_characters"] = *longest;
  }
  return sum;
}

double SumAt(const std::vector<Json>& runs, std::string_view path) {
  double sum = 0.0;
  for (const Json& run : runs) sum += NumberAt(run, path).value_or(0.0);
  return sum;
}

double Ratio(double numerator, double denominator) {
  return denominator > 0.0 ? numerator / denominator : 0.0;
}

}  // namespace

Json SumOfCounts(const std::vector<Json>& runs) {
  const Json& first = runs.front();
  Json json;
  for (const char* name :
       {"rowmill", "task", "model", "isa", "numerics", "input", "options", "renamed_columns"}) {
    if (first.contains(name)) json[name] = first[name];
  }
  for (const char* name : {"rows", "inputs", "tokens", "redaction"}) {
    Json sum;
    for (const Json& run : runs) Add(sum, JsonAt(run, name));
    if (!sum.is_null()) json[name] = std::move(sum);
  }
  if (Json sum = SumOfPreprocessing(runs); !sum.is_null()) json["preprocessing"] = std::move(sum);
  Json errors = SumOfErrors(runs);
  if (!errors.empty()) json["errors"] = std::move(errors);
  uint64_t gold_rows = 0;
  uint64_t correct = 0;
  for (const Json& run : runs) {
    gold_rows += CountAt(run, "gold.rows");
    correct += CountAt(run, "gold.correct");
  }
  json["measures"] = Json::object();
  const bool has_accuracy =
      gold_rows > 0 && std::any_of(runs.begin(), runs.end(), [](const Json& run) {
        return JsonAt(run, "gold.correct").is_number();
      });
  json["measures"]["accuracy"] =
      has_accuracy ? Json(static_cast<double>(correct) / static_cast<double>(gold_rows)) : Json();
  return json;
}

Json SumOfRuns(const std::vector<Json>& runs) {
  const Json& first = runs.front();
  Json json = SumOfCounts(runs);
  for (const char* name : {"units", "threads_per_unit", "execution", "machine"}) {
    if (first.contains(name)) json[name] = first[name];
  }
  const double wall = SumAt(runs, "measures.wall_seconds");
  const double inference = SumAt(runs, "measures.inference_seconds");
  // Rows that an earlier process had finished, or the store, cost these runs nothing.
  const double rows =
      SumAt(runs, "rows.total") - SumAt(runs, "rows.resumed") - SumAt(runs, "rows.from_store");
  const double threads =
      NumberAt(first, "units").value_or(1.0) * NumberAt(first, "threads_per_unit").value_or(1.0);
  Json& measures = json["measures"];
  measures["speed"] = Ratio(inference, rows * threads);
  measures["efficiency"] = measures["speed"];
  measures["wall_seconds"] = wall;
  measures["inference_seconds"] = inference;
  measures["rows_per_second"] = Ratio(rows, wall);
  measures["tokens_per_second"] =
      Ratio(SumAt(runs, "tokens.computed") + SumAt(runs, "tokens.generated"), inference);
  measures["stages"] = {{"load", NumberAt(first, "measures.stages.load").value_or(0.0)},
                        {"plan", SumAt(runs, "measures.stages.plan")},
                        {"inference", inference},
                        {"write", SumAt(runs, "measures.stages.write")}};
  return json;
}

}  // namespace rowmill
