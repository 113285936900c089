// bench: how fast this machine runs a model, and how near that is to what the machine can do.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/cpu.h"
#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/model_pull.h"
#include "data/source.h"
#include "engine/benchmark.h"
#include "engine/job.h"
#include "engine/machine_peak.h"
#include "kernels/dispatch.h"
#include "tasks/file_hash.h"
#include "tasks/loaded_model.h"

namespace rowmill {
namespace {

using Json = nlohmann::ordered_json;
using Prompts = std::vector<std::vector<int32_t>>;

struct BenchFlags {
  std::string model;
  std::string input;
  std::string text_column = "text";
  size_t sequences = 64;
  size_t prompt_tokens = 190;
  size_t shared_tokens = 0;
  uint32_t new_tokens = 1;
  size_t rounds = 5;
  std::string units = "auto";
  size_t threads_per_unit = 1;
  size_t batch_tokens = UnitOptions{}.batch_tokens;
  size_t max_rows = UnitOptions{}.max_rows;
  std::string speculation = "off";  // random tokens say nothing of how often guesses are right
  std::string isa = "auto";
  bool json = false;
  bool offline = false;

  void AddTo(CLI::App& app) {
    AddModelReference(app, model, offline);
    AddFlag(app, "--input", input, "take the prompts from this data set instead of random tokens");
    AddFlag(app, "--text", text_column, "its column (default: text)");
    AddFlag(app, "--sequences", sequences, "prompts");
    AddFlag(app, "--prompt-tokens", prompt_tokens, "length of random prompts");
    AddFlag(app, "--shared-tokens", shared_tokens, "tokens that random prompts begin with alike");
    AddFlag(app, "--new-tokens", new_tokens, "tokens to generate after each prompt");
    AddFlag(app, "--rounds", rounds, "measurements; the median is shown");
    AddFlag(app, "--units", units, "execution units: auto or a number");
    AddFlag(app, "--threads-per-unit", threads_per_unit, "threads that share a unit's work");
    AddFlag(app, "--batch-tokens", batch_tokens, "tokens a unit computes at a time");
    AddFlag(app, "--max-rows", max_rows, "rows a unit has in flight at most");
    AddFlag(app, "--speculation", speculation, "guess tokens ahead: on or off");
    AddFlag(app, "--isa", isa, "kernels: auto, or one that `rowmill doctor` lists");
    AddFlag(app, "--json", json, "print JSON");
  }
};

// A model, prompts and options: what all benchmarks begin with.
struct Bench {
  CpuTopology topology;
  const kernels::KernelTable* kernels = nullptr;
  LoadedModel loaded;
  Prompts prompts;
  BenchmarkOptions options;

  BenchmarkRun Run(const BenchmarkOptions& with) const {
    return RunBenchmark(*loaded.decoder, *kernels, prompts, with);
  }
};

Prompts ReadPrompts(const BenchFlags& flags, const LoadedModel& loaded, FileSystem& file_system) {
  SourceOptions options;
  options.input.path = flags.input;
  const std::unique_ptr<Source> source = OpenSource(file_system, options);
  Prompts prompts;
  Record record;
  while (prompts.size() < flags.sequences && source->Next(record)) {
    const std::optional<FieldValue> field = record.Field(flags.text_column);
    if (!field) throw UsageError("--text: a row has no column '" + flags.text_column + "'");
    prompts.push_back(loaded.tokenizer->Encode(field->text, SpecialTokens::kPlainText));
    if (prompts.back().empty()) prompts.pop_back();
  }
  if (prompts.empty()) throw UsageError("--input has no text to read");
  return prompts;
}

Bench OpenBench(Caller& caller, const BenchFlags& flags) {
  if (flags.sequences < 1 || flags.prompt_tokens < 1 || flags.new_tokens < 1 || flags.rounds < 1) {
    throw UsageError("--sequences, --prompt-tokens, --new-tokens and --rounds must be at least 1");
  }
  if (flags.shared_tokens >= flags.prompt_tokens) {
    throw UsageError("--shared-tokens must be fewer than --prompt-tokens");
  }
  Bench bench;
  bench.topology = DetectCpuTopology();
  bench.kernels = &kernels::SelectTable(DetectCpuFeatures(), flags.isa);
  JobFlags job;  // the same flags mean the same as in a job
  job.units = flags.units;
  job.threads_per_unit = flags.threads_per_unit;
  job.batch_tokens = flags.batch_tokens;
  job.max_rows = flags.max_rows;
  job.speculation = flags.speculation;
  const JobOptions job_options = ToJobOptions(job, bench.topology);
  bench.options.unit = job_options.unit;
  bench.options.new_tokens = flags.new_tokens;

  ThreadTeam team(static_cast<size_t>(bench.topology.usable_cores));
  const std::unique_ptr<FileSystem> file_system = MakePosixFileSystem();
  LoadOptions load;
  load.kernels = bench.kernels;
  PullIfMissing(caller, flags.model, flags.offline ? Network::kForbidden : NetworkFromEnvironment(),
                *file_system);
  bench.loaded =
      LoadModel(flags.model, load, team, *file_system,
                {.hash_folder = CacheFolder("hashes"), .packed_folder = CacheFolder("packed")});
  const Decoder& model = *bench.loaded.decoder;
  bench.prompts = flags.input.empty() ? RandomPrompts(flags.sequences, flags.prompt_tokens,
                                                      flags.shared_tokens, model.vocab_size())
                                      : ReadPrompts(flags, bench.loaded, *file_system);
  // A job with fewer rows than threads makes teams of these; so does this.
  const UnitLayout layout = ChooseUnits(job_options, bench.prompts.size());
  bench.options.num_units = layout.num_units;
  bench.options.threads_per_unit = layout.threads_per_unit;
  for (const std::vector<int32_t>& prompt : bench.prompts) {
    if (prompt.size() + flags.new_tokens > model.max_seq_len()) {
      throw UsageError("a prompt of " + std::to_string(prompt.size()) +
                       " tokens and its answer are longer than the model's context");
    }
  }
  return bench;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Ratio(double a, double b) { return b > 0.0 ? a / b : 0.0; }

// The rounds of one setting.
struct Rounds {
  std::vector<double> seconds;
  BenchmarkRun last;
};

Rounds RunRounds(const Bench& bench, const BenchmarkOptions& options, size_t count) {
  Rounds rounds;
  for (size_t i = 0; i < count; ++i) {
    rounds.last = bench.Run(options);
    rounds.seconds.push_back(rounds.last.seconds);
  }
  return rounds;
}

Json Header(const Bench& bench, const std::string& what) {
  Json json;
  json["bench"] = what;
  json["rowmill"] = ROWMILL_VERSION;
  json["model"] = {{"reference", bench.loaded.reference}, {"sha256", bench.loaded.sha256}};
  json["cpu"] = bench.topology.model_name;
  json["isa"] = bench.kernels->name;
  json["units"] = bench.options.num_units;
  json["threads_per_unit"] = bench.options.threads_per_unit;
  json["batch_tokens"] = bench.options.unit.batch_tokens;
  json["sequences"] = bench.prompts.size();
  return json;
}

// Where the time of the units went, and how the arithmetic and the reading of weights compare with
// the machine's peak. Attention's own arithmetic is not counted.
Json Use(const Bench& bench, const BenchmarkRun& run, const MachinePeak& peak) {
  const Decoder& model = *bench.loaded.decoder;
  const UnitTimes& times = run.times;
  const double macs =
      static_cast<double>(run.computed_tokens) * static_cast<double>(model.macs_per_token()) +
      static_cast<double>(run.generated_tokens) * static_cast<double>(model.macs_per_output());
  const double bytes = static_cast<double>(times.steps) * static_cast<double>(model.weight_bytes());
  const double unit_seconds = run.seconds * static_cast<double>(bench.options.num_units);
  Json json;
  json["steps"] = times.steps;
  json["drafted_tokens"] = times.drafted_tokens;
  json["accepted_tokens"] = times.accepted_tokens;
  json["gflops"] = Ratio(2e-9 * macs, run.seconds);
  json["share_of_int8_peak"] = Ratio(Ratio(macs, run.seconds), peak.int8_macs);
  json["weights_gb_per_s"] = Ratio(1e-9 * bytes, run.seconds);
  json["share_of_read_peak"] = Ratio(Ratio(bytes, run.seconds), peak.read_bytes);
  double in_phases = 0.0;
  for (size_t i = 0; i < kNumPhases; ++i) {
    const auto phase = static_cast<Phase>(i);
    in_phases += times.phases.seconds(phase);
    json["time"][std::string(Name(phase))] = Ratio(times.phases.seconds(phase), unit_seconds);
  }
  json["time"]["model_other"] = Ratio(times.model_seconds - in_phases, unit_seconds);
  json["time"]["decode"] = Ratio(times.decode_seconds, unit_seconds);
  json["time"]["wait_and_idle"] =
      std::max(0.0, 1.0 - Ratio(times.model_seconds + times.decode_seconds, unit_seconds));
  return json;
}

void PrintUse(const Json& use) {
  fmt::print(
      "  {:.0f} GFLOP/s ({:.0f} % of the int8 peak), weights read at {:.1f} GB/s ({:.0f} % "
      "of the read peak)\n ",
      use["gflops"].get<double>(), 100 * use["share_of_int8_peak"].get<double>(),
      use["weights_gb_per_s"].get<double>(), 100 * use["share_of_read_peak"].get<double>());
  for (const auto& [name, share] : use["time"].items()) {
    fmt::print(" {} {:.1f} %", name, 100 * share.get<double>());
  }
  fmt::print("\n");
}

Json PeakJson(const MachinePeak& peak) {
  return {{"int8_gmacs", peak.int8_macs * 1e-9},
          {"f32_gmacs", peak.f32_macs * 1e-9},
          {"read_gb_per_s", peak.read_bytes * 1e-9}};
}

// Prints the JSON, or the text that `print` makes of it.
template <typename Print>
ExitCode Show(const BenchFlags& flags, const Json& json, const Print& print) {
  if (flags.json) {
    fmt::print("{}\n", json.dump(2));
    return ExitCode::kOk;
  }
  fmt::print("{} on {} ({}), {} units of {} threads, {} tokens a step\n",
             json["model"]["reference"].get<std::string>(), json["cpu"].get<std::string>(),
             json["isa"].get<std::string>(), json["units"].get<size_t>(),
             json["threads_per_unit"].get<size_t>(), json["batch_tokens"].get<size_t>());
  print();
  return ExitCode::kOk;
}

// Prompts with what follows, as `prefill` and `job` measure them.
ExitCode RunPrompts(Caller& caller, const BenchFlags& flags, const std::string& what) {
  const Bench bench = OpenBench(caller, flags);
  const MachinePeak peak = MeasurePeak(bench.options.num_units * bench.options.threads_per_unit);
  bench.Run(bench.options);  // Warms caches and memory.
  const Rounds rounds = RunRounds(bench, bench.options, flags.rounds);
  const double seconds = Median(rounds.seconds);
  const BenchmarkRun& run = rounds.last;
  Json json = Header(bench, what);
  json["prompt_tokens"] = run.prompt_tokens;
  json["computed_tokens"] = run.computed_tokens;
  json["generated_tokens"] = run.generated_tokens;
  json["seconds"] = seconds;
  json["round_seconds"] = rounds.seconds;
  json["rows_per_second"] = Ratio(static_cast<double>(bench.prompts.size()), seconds);
  json["prompt_tokens_per_second"] = Ratio(static_cast<double>(run.prompt_tokens), seconds);
  json["computed_tokens_per_second"] = Ratio(static_cast<double>(run.computed_tokens), seconds);
  json["use"] = Use(bench, run, peak);
  json["peak"] = PeakJson(peak);
  return Show(flags, json, [&] {
    fmt::print(
        "{}: {} prompts of {} tokens: {:.1f} rows/s, {:.0f} prompt tokens/s, {:.0f} computed "
        "tokens/s (median of {})\n",
        what, bench.prompts.size(), run.prompt_tokens / bench.prompts.size(),
        json["rows_per_second"].get<double>(), json["prompt_tokens_per_second"].get<double>(),
        json["computed_tokens_per_second"].get<double>(), flags.rounds);
    PrintUse(json["use"]);
  });
}

// What the tokens after the first cost: the time with all of them less the time with one.
ExitCode RunDecode(Caller& caller, const BenchFlags& flags) {
  if (flags.new_tokens < 2) throw UsageError("--new-tokens must be at least 2 for decode");
  const Bench bench = OpenBench(caller, flags);
  const MachinePeak peak = MeasurePeak(bench.options.num_units * bench.options.threads_per_unit);
  BenchmarkOptions first = bench.options;
  first.new_tokens = 1;
  bench.Run(first);
  std::vector<double> differences, reads, shares;
  BenchmarkRun run;
  BenchmarkRun prompts;
  for (size_t i = 0; i < flags.rounds; ++i) {
    prompts = bench.Run(first);
    run = bench.Run(bench.options);
    differences.push_back(run.seconds - prompts.seconds);
    // Of this round, because what disturbs a machine lasts longer than a measurement.
    const auto steps = static_cast<double>(run.times.steps - prompts.times.steps);
    const auto weight_bytes = static_cast<double>(bench.loaded.decoder->weight_bytes());
    reads.push_back(Ratio(steps * weight_bytes, differences.back()));
    shares.push_back(
        Ratio(reads.back(),
              MeasurePeak(bench.options.num_units * bench.options.threads_per_unit).read_bytes));
  }
  const double seconds = Median(differences);
  const double tokens = static_cast<double>(run.generated_tokens - prompts.generated_tokens);
  Json json = Header(bench, "decode");
  json["prompt_tokens"] = run.prompt_tokens;
  json["decoded_tokens"] = tokens;
  json["seconds"] = seconds;
  json["round_seconds"] = differences;
  json["tokens_per_second"] = Ratio(tokens, seconds);
  json["weights_gb_per_s"] = 1e-9 * Median(reads);
  json["share_of_read_peak"] = Median(shares);
  json["round_shares_of_read_peak"] = shares;
  json["use_with_prompts"] = Use(bench, run, peak);
  json["peak"] = PeakJson(peak);
  return Show(flags, json, [&] {
    fmt::print("decode: {} sequences after {} tokens each: {:.0f} tokens/s (median of {})\n",
               bench.prompts.size(), run.prompt_tokens / bench.prompts.size(),
               json["tokens_per_second"].get<double>(), flags.rounds);
    fmt::print("  weights read at {:.1f} GB/s, {:.0f} % of the read peak; with the prompts:\n",
               json["weights_gb_per_s"].get<double>(),
               100 * json["share_of_read_peak"].get<double>());
    PrintUse(json["use_with_prompts"]);
  });
}

// A bar of a plot of characters.
std::string Bar(double value, double largest) {
  constexpr double kWidth = 30.0;
  return std::string(static_cast<size_t>(std::lround(kWidth * Ratio(value, largest))), '#');
}

// Where a setting is clearly slower than the best of those with fewer threads.
constexpr double kHurts = 0.97;

// The same prompts on 1, 2, 4, ... units, on all cores, and beyond, where more threads hurt.
ExitCode RunScaling(Caller& caller, const BenchFlags& flags) {
  Bench bench = OpenBench(caller, flags);
  const size_t most = bench.options.num_units;
  std::vector<size_t> counts;
  for (size_t units = 1; units < most; units *= 2) counts.push_back(units);
  counts.push_back(most);
  if (flags.units == "auto") {
    counts.push_back(most + std::max<size_t>(1, most / 2));
    counts.push_back(2 * most);
  }
  Json json = Header(bench, "scaling");
  std::vector<std::vector<double>> seconds(counts.size());
  std::vector<std::vector<double>> peaks(counts.size());
  bench.Run(bench.options);
  // Alternating, so that a neighbour's burst does not fall on one of them alone.
  for (size_t round = 0; round < flags.rounds; ++round) {
    for (size_t i = 0; i < counts.size(); ++i) {
      bench.options.num_units = counts[i];
      seconds[i].push_back(bench.Run(bench.options).seconds);
      peaks[i].push_back(MeasurePeak(counts[i] * bench.options.threads_per_unit).int8_macs);
    }
  }
  double best_before = 0.0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double rate = Ratio(1.0, Median(seconds[i]));
    const bool hurts = rate < kHurts * best_before;
    best_before = std::max(best_before, rate);
    const double speedup = Ratio(Median(seconds[0]), Median(seconds[i]));
    const double peak_speedup = Ratio(Median(peaks[i]), Median(peaks[0]));
    json["scaling"].push_back(
        {{"units", counts[i]},
         {"seconds", Median(seconds[i])},
         {"round_seconds", seconds[i]},
         {"rows_per_second", Ratio(static_cast<double>(bench.prompts.size()), Median(seconds[i]))},
         {"speedup", speedup},
         {"peak_speedup", peak_speedup},
         {"share_of_peak_speedup", Ratio(speedup, peak_speedup)},
         {"hurts", hurts}});
  }
  return Show(flags, json, [&] {
    fmt::print("{:>6} {:>12} {:>10} {:>14} {:>10}\n", "units", "rows/s", "speed-up",
               "of the peak's", "share");
    double most_rows = 0.0;
    for (const Json& row : json["scaling"]) {
      most_rows = std::max(most_rows, row["rows_per_second"].get<double>());
    }
    for (const Json& row : json["scaling"]) {
      const double rows_per_second = row["rows_per_second"].get<double>();
      fmt::print("{:>6} {:>12.1f} {:>10.2f} {:>14.2f} {:>10.2f}  {}{}\n",
                 row["units"].get<size_t>(), rows_per_second, row["speedup"].get<double>(),
                 row["peak_speedup"].get<double>(), row["share_of_peak_speedup"].get<double>(),
                 Bar(rows_per_second, most_rows), row["hurts"].get<bool>() ? "  hurts" : "");
    }
  });
}

// The same prompts in every layout of the cores and with every budget: what --autotune has to find.
ExitCode RunGrid(Caller& caller, const BenchFlags& flags) {
  Bench bench = OpenBench(caller, flags);
  const auto cores = static_cast<size_t>(bench.topology.usable_cores);
  struct Point {
    size_t units;
    size_t threads;
    size_t batch_tokens;
    std::vector<double> seconds;
  };
  std::vector<Point> points;
  for (size_t units = 1; units <= cores; ++units) {
    for (size_t threads = 1; units * threads <= cores; ++threads) {
      for (const size_t budget : {64, 128, 256, 512})
        points.push_back({units, threads, budget, {}});
    }
  }
  bench.Run(bench.options);
  for (size_t round = 0; round < flags.rounds; ++round) {
    for (Point& point : points) {
      bench.options.num_units = point.units;
      bench.options.threads_per_unit = point.threads;
      bench.options.unit.batch_tokens = point.batch_tokens;
      point.seconds.push_back(bench.Run(bench.options).seconds);
    }
  }
  double best = 0.0;
  const auto rate = [&](const Point& point) {
    return Ratio(static_cast<double>(bench.prompts.size()), Median(point.seconds));
  };
  for (const Point& point : points) best = std::max(best, rate(point));
  Json json = Header(bench, "grid");
  for (const Point& point : points) {
    json["grid"].push_back({{"units", point.units},
                            {"threads_per_unit", point.threads},
                            {"batch_tokens", point.batch_tokens},
                            {"rows_per_second", rate(point)},
                            {"share_of_best", Ratio(rate(point), best)}});
  }
  return Show(flags, json, [&] {
    fmt::print("{:>6} {:>8} {:>7} {:>10} {:>8}\n", "units", "threads", "tokens", "rows/s", "share");
    for (const Point& point : points) {
      fmt::print("{:>6} {:>8} {:>7} {:>10.1f} {:>8.2f}  {}\n", point.units, point.threads,
                 point.batch_tokens, rate(point), Ratio(rate(point), best), Bar(rate(point), best));
    }
  });
}

void AddBench(CLI::App& parent, Action& action, const std::string& name, const std::string& text,
              BenchFlags defaults, const std::function<ExitCode(Caller&, const BenchFlags&)>& run) {
  CLI::App* app = parent.add_subcommand(name, text);
  auto flags = std::make_shared<BenchFlags>(std::move(defaults));
  flags->AddTo(*app);
  app->callback([=, &action] { action = [=](Caller& caller) { return run(caller, *flags); }; });
}

}  // namespace

void AddBenchCommand(CLI::App& parent, Action& action) {
  CLI::App* bench = parent.add_subcommand(
      "bench", "how fast a model runs here, and how near that is to the machine's peak");
  bench->require_subcommand(1);
  BenchFlags job;
  job.sequences = 256;
  job.prompt_tokens = 320;
  job.shared_tokens = 250;
  BenchFlags decode;
  decode.new_tokens = 33;
  AddBench(
      *bench, action, "prefill", "reading prompts", {},
      [](Caller& caller, const BenchFlags& flags) { return RunPrompts(caller, flags, "prefill"); });
  AddBench(*bench, action, "decode", "writing tokens, without the prompts' time", decode,
           RunDecode);
  AddBench(
      *bench, action, "job", "rows with a shared beginning", job,
      [](Caller& caller, const BenchFlags& flags) { return RunPrompts(caller, flags, "job"); });
  AddBench(*bench, action, "scaling", "the same rows on 1, 2, 4, ... units", job, RunScaling);
  AddBench(*bench, action, "grid",
           "the same rows in every layout of the cores and with four budgets", job, RunGrid);
}

}  // namespace rowmill
