#include "engine/autotune.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/whole_file.h"

namespace rowmill {
namespace {

constexpr size_t kBudgets[] = {64, 128, 256, 512};
// Another setting must be better than the default by so much: less is within what two equal
// measurements differ by.
constexpr double kClearlyBetter = 1.03;
// Steps of the largest budget that each unit gets.
constexpr uint64_t kStepsPerUnit = 2;
constexpr size_t kMaxFileBytes = size_t{1} << 20;
constexpr size_t kMaxEntries = 1000;

// Units in powers of two, all cores, and what is left of the cores as threads of each.
std::vector<UnitLayout> Layouts(size_t cores, uint64_t rows) {
  std::vector<UnitLayout> layouts;
  for (size_t units = 1; units <= cores && units <= rows; units *= 2) {
    layouts.push_back({units, 1});
    if (cores / units > 1) layouts.push_back({units, cores / units});
  }
  if (!std::has_single_bit(cores) && cores <= rows) layouts.push_back({cores, 1});
  return layouts;
}

uint64_t MeanTokens(const Plan& plan) {
  return plan.summary.computed_tokens / std::max<uint64_t>(1, plan.summary.inputs_to_run);
}

bool ParseEntry(std::string_view text, TuneSettings& settings) {
  size_t* const fields[] = {&settings.layout.num_units, &settings.layout.threads_per_unit,
                            &settings.batch_tokens};
  for (size_t* field : fields) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *field);
    if (error != std::errc() || *field < 1 || *field > 65536) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
  }
  return text.empty();
}

// Lines of a key, a space and three numbers; anything else is skipped.
std::vector<std::pair<std::string, TuneSettings>> ReadEntries(FileSystem& file_system,
                                                              const std::string& path) {
  std::vector<std::pair<std::string, TuneSettings>> entries;
  if (path.empty() || !file_system.Exists(path)) return entries;
  const std::unique_ptr<File> file = file_system.Open(path, OpenMode::kRead);
  if (file->Info().size > kMaxFileBytes) return entries;
  const std::string text = ReadWhole(*file);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const size_t space = line.find(' ');
    TuneSettings settings;
    if (space == std::string_view::npos || !ParseEntry(line.substr(space + 1), settings)) continue;
    entries.emplace_back(line.substr(0, space), settings);
  }
  return entries;
}

std::string Count(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

std::string TuneKey(const PilotContext& context) {
  const CpuTopology machine = DetectCpuTopology();
  const std::string text = "tuning 1\n" ROWMILL_VERSION "\n" + machine.model_name + "\n" +
                           std::to_string(machine.usable_cores) + "\n" +
                           context.model.kernels->name + "\n" + context.model.sha256 + "\n" +
                           context.model.numerics + "\n" + std::to_string(context.spec.index()) +
                           "\n" + std::to_string(std::bit_width(MeanTokens(context.plan)));
  return Sha256Hex(AsBytes(text));
}

std::optional<TuneSettings> FindTuning(FileSystem& file_system, const std::string& path,
                                       const std::string& key) {
  try {
    for (const auto& [name, settings] : ReadEntries(file_system, path)) {
      if (name == key) return settings;
    }
  } catch (const IoError&) {  // Not readable: then it is measured.
  }
  return {};
}

void KeepTuning(FileSystem& file_system, const std::string& path, const std::string& key,
                const TuneSettings& settings) {
  if (path.empty()) return;
  try {
    std::string text;
    size_t count = 1;
    const auto add = [&](const std::string& name, const TuneSettings& kept) {
      text += name + " " + std::to_string(kept.layout.num_units) + " " +
              std::to_string(kept.layout.threads_per_unit) + " " +
              std::to_string(kept.batch_tokens) + "\n";
    };
    add(key, settings);
    for (const auto& [name, kept] : ReadEntries(file_system, path)) {
      if (name != key && ++count <= kMaxEntries) add(name, kept);
    }
    const std::string folder = ParentFolder(path);
    if (!file_system.Exists(folder)) std::filesystem::create_directories(folder);
    WriteWhole(file_system, path, text);
  } catch (const IoError&) {
  } catch (const std::filesystem::filesystem_error&) {
  }
}

Tuning Tune(const PilotContext& context, const TuneAxes& axes, const TuneSettings& defaults,
            const UnitOptions& options, double max_seconds,
            const std::function<bool(const TuneSettings&)>& fits) {
  const auto start = std::chrono::steady_clock::now();
  Tuning tuning;
  tuning.best = defaults;
  const size_t cores = defaults.layout.num_units * defaults.layout.threads_per_unit;
  const std::vector<UnitLayout> layouts =
      axes.layout ? Layouts(cores, context.plan.summary.inputs_to_run) : std::vector<UnitLayout>();
  const size_t num_points =
      1 + layouts.size() + (axes.batch_tokens ? std::size(kBudgets) : size_t{0});
  const double point_seconds = max_seconds / static_cast<double>(num_points + 1);
  const uint64_t tokens = kStepsPerUnit * kBudgets[std::size(kBudgets) - 1] * cores;
  const std::vector<PilotRow> rows = SampleRows(context, tokens, kPilotRows * cores);
  if (rows.empty()) return tuning;

  const WorkCost prior = PriorCost(context.model.model);
  double best_rate = 0.0;
  const auto measure = [&](const TuneSettings& settings) {
    for (const TunePoint& point : tuning.points) {
      if (point.settings == settings) return;
    }
    const bool stopped = context.stop != nullptr && context.stop->load();
    if (stopped || SecondsSince(start) > max_seconds || !fits(settings)) return;
    UnitOptions unit = options;
    unit.batch_tokens = settings.batch_tokens;
    const PilotRun run = RunPilot(context, settings.layout, unit, rows, point_seconds);
    // By the time of each unit alone: of so few rows one unit ends later than the others, which
    // says nothing about a whole job.
    if (!(run.unit_seconds > 0.0)) return;
    const double rate =
        prior.Seconds(run.work) * static_cast<double>(settings.layout.num_units) / run.unit_seconds;
    const bool is_default = settings == defaults;
    tuning.points.push_back({settings, rate});
    if (is_default || rate > best_rate * kClearlyBetter) {
      best_rate = rate;
      tuning.best = settings;
    }
  };
  // What the first layout computes of shared prefixes is there for the others: once for nothing.
  UnitOptions unit = options;
  unit.batch_tokens = defaults.batch_tokens;
  RunPilot(context, defaults.layout, unit, std::span(rows).first(1), point_seconds);
  measure(defaults);
  for (const UnitLayout& layout : layouts) measure({layout, defaults.batch_tokens});
  if (axes.batch_tokens) {
    const UnitLayout layout = tuning.best.layout;
    for (const size_t budget : kBudgets) measure({layout, budget});
  }
  tuning.seconds = SecondsSince(start);
  return tuning;
}

std::string Describe(const TuneSettings& settings) {
  return Count(settings.layout.num_units, "unit") + " of " +
         Count(settings.layout.threads_per_unit, "thread") + ", " +
         std::to_string(settings.batch_tokens) + " tokens a step";
}

std::string Describe(const Tuning& tuning) {
  std::string text = Describe(tuning.best);
  double best = 0.0;
  for (const TunePoint& point : tuning.points) {
    if (point.settings == tuning.best) best = point.rate;
  }
  if (!(best > 0.0)) return text;
  text += " (";
  bool is_first = true;
  for (const TunePoint& point : tuning.points) {
    if (point.settings == tuning.best) continue;
    const auto percent = static_cast<long>(std::lround(100.0 * point.rate / best));
    text += (is_first ? "" : "; ") + Describe(point.settings) + ": " + std::to_string(percent) +
            " % of its speed";
    is_first = false;
  }
  return is_first ? Describe(tuning.best) : text + ")";
}

}  // namespace rowmill
