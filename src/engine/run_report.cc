#include "engine/run_report.h"

#include <nlohmann/json.hpp>

namespace rowmill {
namespace {

double Ratio(double numerator, double denominator) {
  return denominator > 0.0 ? numerator / denominator : 0.0;
}

template <typename T>
nlohmann::ordered_json OrNull(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

nlohmann::ordered_json PhasesJson(const PhaseTimes& phases) {
  nlohmann::ordered_json json;
  for (size_t i = 0; i < kNumPhases; ++i) {
    const auto phase = static_cast<Phase>(i);
    json[std::string(Name(phase))] = phases.seconds(phase);
  }
  return json;
}

nlohmann::ordered_json GoldJson(const ClassificationCounts& counts,
                                const std::vector<std::string>& labels) {
  const ClassificationReport report = counts.Report();
  nlohmann::ordered_json json;
  json["rows"] = report.total;
  json["correct"] = report.correct;
  json["accuracy"] = OrNull(report.accuracy);
  json["accuracy_interval_95"] = {report.accuracy_interval.low, report.accuracy_interval.high};
  json["macro_f1"] = OrNull(report.macro_f1);
  json["other_gold_rows"] = report.other_gold_rows;
  json["unanswered_rows"] = report.unanswered_rows;
  json["ece_10_bins"] = OrNull(report.ece_10_bins);
  json["ece_15_bins"] = OrNull(report.ece_15_bins);
  for (size_t i = 0; i < report.classes.size(); ++i) {
    const ClassScores& scores = report.classes[i];
    json["classes"].push_back({{"label", labels[i]},
                               {"rows", scores.support},
                               {"predicted", scores.predicted},
                               {"precision", scores.precision},
                               {"recall", scores.recall},
                               {"f1", scores.f1}});
  }
  if (!counts.has_confusion()) return json;
  for (size_t g = 0; g <= labels.size(); ++g) {
    std::vector<uint64_t> row;
    for (size_t p = 0; p <= labels.size(); ++p) row.push_back(counts.Confusion(g, p));
    json["confusion"].push_back(row);
  }
  return json;
}

}  // namespace

double RunReport::rows_per_second() const {
  return Ratio(static_cast<double>(fresh_rows()), wall_seconds);
}

double RunReport::tokens_per_second() const {
  return Ratio(static_cast<double>(computed_tokens + generated_tokens), inference_seconds);
}

double RunReport::speed() const {
  const double threads = static_cast<double>(num_units * threads_per_unit);
  return Ratio(inference_seconds, static_cast<double>(fresh_rows()) * threads);
}

double RunReport::efficiency() const { return speed(); }

std::optional<double> RunReport::accuracy() const {
  if (!gold) return std::nullopt;
  return gold->Report().accuracy;
}

namespace {

nlohmann::ordered_json BinsJson(const QuantileHistogram& histogram, double unit) {
  constexpr size_t kBins = 40;
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const HistogramBin& bin : histogram.Bins(kBins)) {
    json.push_back({{"from", bin.from * unit}, {"to", bin.to * unit}, {"rows", bin.count}});
  }
  return json;
}

// What the charts of --report are drawn from.
nlohmann::ordered_json ChartsJson(const RunReport& report) {
  nlohmann::ordered_json json;
  json["row_seconds"] = BinsJson(report.row_nanoseconds, 1e-9);
  json["row_tokens"] = BinsJson(report.row_tokens, 1.0);
  json["timeline"]["bin_seconds"] = report.timeline_bin_seconds;
  json["timeline"]["units"] = nlohmann::ordered_json::array();
  for (const std::vector<double>& unit : report.timeline) {
    nlohmann::ordered_json bins = nlohmann::ordered_json::array();
    for (const double share : unit) bins.push_back(static_cast<int>(share * 1000.0 + 0.5) / 1000.0);
    json["timeline"]["units"].push_back(std::move(bins));
  }
  if (!report.gold) return json;
  const ClassificationReport gold = report.gold->Report();
  json["reliability"] = nlohmann::ordered_json::array();
  for (const CalibrationBin& bin : gold.calibration) {
    if (bin.rows == 0) continue;
    json["reliability"].push_back(
        {{"confidence", bin.confidence},
         {"accuracy", Ratio(static_cast<double>(bin.correct), static_cast<double>(bin.rows))},
         {"rows", bin.rows}});
  }
  return json;
}

}  // namespace

std::string RunReport::ToJson() const {
  using Json = nlohmann::ordered_json;
  Json json;
  json["rowmill"] = ROWMILL_VERSION;
  json["task"] = task;
  json["model"] = {
      {"reference", model_reference}, {"sha256", model_sha256}, {"architecture", architecture}};
  if (!fingerprint.empty()) {
    json["job"] = {
        {"fingerprint", fingerprint}, {"undivided", undivided}, {"output_bytes", output_bytes}};
  }
  json["isa"] = isa;
  json["numerics"] = numerics;
  json["input"] = input;
  json["output"] = output;
  json["units"] = num_units;
  json["threads_per_unit"] = threads_per_unit;
  for (const auto& [name, value] : options) json["options"][name] = value;
  for (const auto& [name, value] : execution) json["execution"][name] = value;
  json["rows"]["total"] = rows;
  for (size_t i = 0; i < rows_by_status.size(); ++i) {
    json["rows"][std::string(RowStatusName(static_cast<RowStatus>(i)))] = rows_by_status[i];
  }
  json["rows"]["resumed"] = resumed_rows;
  json["rows"]["interrupted"] = interrupted_rows;
  json["rows"]["computed"] = computed_rows;
  json["rows"]["duplicates"] = duplicate_rows;
  if (inputs) {
    json["inputs"] = {{"total", inputs->total},
                      {"computed", inputs->computed},
                      {"duplicates", inputs->duplicates}};
  }
  if (first_failure) {
    json["first_failure"] = {{"row", first_failure->row},
                             {"line", first_failure->line},
                             {"error", first_failure->error}};
    if (!first_failure->file.empty()) json["first_failure"]["file"] = first_failure->file;
  }
  for (const auto& [name, count] : prep.Items()) json["preprocessing"][name] = count;
  if (redacts) {
    json["redaction"]["rows"] = redacted_rows;
    json["redaction"]["found"] = Json::object();
    for (const auto& [name, count] : redacted) json["redaction"]["found"][name] = count;
    json["redaction"]["output_rows"] = redacted_output_rows;
    json["redaction"]["output_found"] = Json::object();
    for (const auto& [name, count] : redacted_output)
      json["redaction"]["output_found"][name] = count;
  }
  json["tokens"] = {{"prompt", prompt_tokens},
                    {"computed", computed_tokens},
                    {"generated", generated_tokens},
                    {"saved_by_deduplication", saved_by_deduplication},
                    {"saved_by_prefix_sharing", saved_by_prefix_sharing},
                    {"saved", saved_by_deduplication + saved_by_prefix_sharing}};
  if (store) {
    json["rows"]["from_store"] = store->rows;
    json["tokens"]["saved_by_store"] = store->tokens;
    json["store"] = {{"added", store->added}, {"completed", store->completed}};
  }
  Json& measures = json["measures"];
  if (work_name != "tokens") json["tokens"]["unit"] = work_name;
  measures["speed"] = speed();
  measures["accuracy"] = accuracy() ? Json(*accuracy()) : Json();
  measures["efficiency"] = efficiency();
  measures["wall_seconds"] = wall_seconds;
  measures["inference_seconds"] = inference_seconds;
  measures["rows_per_second"] = rows_per_second();
  measures["tokens_per_second"] = tokens_per_second();
  measures["row_p50_seconds"] = row_p50_seconds;
  measures["row_p95_seconds"] = row_p95_seconds;
  measures["stages"] = {{"load", load_seconds},
                        {"plan", plan_seconds},
                        {"inference", inference_seconds},
                        {"write", write_seconds}};
  for (const UnitTimes& unit : units) {
    const double idle =
        inference_seconds - unit.model_seconds - unit.decode_seconds - unit.wait_seconds;
    measures["units"].push_back(
        {{"model_seconds", unit.model_seconds},
         {"decode_seconds", unit.decode_seconds},
         {"wait_seconds", unit.wait_seconds},
         {"idle_seconds", idle > 0.0 ? idle : 0.0},
         {"steps", unit.steps},
         {"tokens", unit.tokens},
         {"drafted_tokens", unit.drafted_tokens},
         {"accepted_tokens", unit.accepted_tokens},
         {"phases", PhasesJson(unit.phases)},
         {"busy", Ratio(unit.model_seconds + unit.decode_seconds, inference_seconds)}});
  }
  for (const FailureKind& kind : failures) {
    json["errors"].push_back(
        {{"status", RowStatusName(kind.status)}, {"error", kind.error}, {"rows", kind.rows}});
  }
  for (const auto& [name, value] : machine) json["machine"][name] = value;
  json["charts"] = ChartsJson(*this);
  if (gold) json["gold"] = GoldJson(*gold, labels);
  if (gold_measure) {
    json["gold"]["rows"] = gold_measure->rows;
    for (const auto& [name, value] : gold_measure->values) json["gold"][name] = value;
  }
  for (const Rename& rename : renamed_columns) json["renamed_columns"][rename.wanted] = rename.name;
  json["exit_code"] = static_cast<int>(exit_code);
  if (!error.empty()) json["error"] = error;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rowmill
