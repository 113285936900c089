#include "cli/job_flags.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <type_traits>

#include "base/error.h"
#include "data/suggestion.h"

namespace rowmill {
namespace {

// A whole number that fills the text.
std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool ParseOnOff(const std::string& text, const std::string& flag) {
  return Choose<bool>(flag, text, {{"on", true}, {"off", false}});
}

std::optional<uint64_t> NumberFromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : ParseNumber(value);
}

// A part of a Slurm job array, a task of a Slurm step, or a pod of an indexed Kubernetes job, which
// is told its index but not how many there are.
Shard ShardFromEnvironment() {
  struct Names {
    const char* index;
    const char* first;
    const char* count;
  };
  constexpr Names kKnown[] = {
      {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT"},
      {"SLURM_PROCID", "", "SLURM_NTASKS"},
      {"JOB_COMPLETION_INDEX", "", "JOB_COMPLETIONS"}};
  for (const Names& names : kKnown) {
    const auto index = NumberFromEnvironment(names.index);
    if (!index) continue;
    const auto count = NumberFromEnvironment(names.count);
    const uint64_t first = NumberFromEnvironment(names.first).value_or(0);
    if (count && *index >= first && *index - first < *count) return {*index - first, *count};
    throw UsageError(std::string("--shard auto: ") + names.index + " is " + std::to_string(*index) +
                     ", but " + names.count + " is " +
                     (count ? std::to_string(*count) : "not there; set it to the number of parts") +
                     (count ? ": an array has to be numbered without gaps" : ""));
  }
  throw UsageError(
      "--shard auto reads SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT, SLURM_PROCID and "
      "SLURM_NTASKS, or JOB_COMPLETION_INDEX and JOB_COMPLETIONS; none of them is set");
}

// {shard} in the name of an output: one command serves all parts.
std::string WithShard(const std::string& path, const Shard& shard) {
  constexpr std::string_view kPlace = "{shard}";
  const size_t at = path.find(kPlace);
  if (at == std::string::npos) return path;
  std::string out = path;
  return out.replace(at, kPlace.size(),
                     std::to_string(shard.index) + "-of-" + std::to_string(shard.count));
}

Shard ParseShard(const std::string& text) {
  if (text == "auto") return ShardFromEnvironment();
  const size_t slash = text.find('/');
  const auto index = ParseNumber(std::string_view(text).substr(0, slash));
  const auto count = slash == std::string::npos
                         ? std::nullopt
                         : ParseNumber(std::string_view(text).substr(slash + 1));
  if (!index || !count || *count == 0 || *index >= *count) {
    throw UsageError("--shard takes i/n with 0 <= i < n, such as 0/4, not '" + text + "'");
  }
  return {*index, *count};
}

ErrorLimit ParseMaxErrors(const std::string& text) {
  ErrorLimit limit;
  if (text.empty()) return limit;
  if (text.back() == '%') {
    double percent = 0.0;
    const char* last = text.data() + text.size() - 1;
    const auto [end, error] = std::from_chars(text.data(), last, percent);
    if (error == std::errc() && end == last && percent >= 0.0 && percent <= 100.0) {
      limit.percent = percent;
      return limit;
    }
  } else if ((limit.rows = ParseNumber(text))) {
    return limit;
  }
  throw UsageError("--max-errors takes a number of rows or a percentage such as 5%, not '" + text +
                   "'");
}

char ParseDelimiter(const std::string& text) {
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() == 1) return text[0];
  throw UsageError("--delimiter takes one character or the word tab, not '" + text + "'");
}

// What tuning has found, beside what else is kept for this user.
std::string TuningFile() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::string(home) + "/.cache/rowmill/tuning";
}

size_t ParseUnits(const JobFlags& flags, const CpuTopology& topology) {
  if (flags.units == "auto") {
    const size_t threads = std::clamp<size_t>(flags.threads_per_unit.value_or(1), 1, 256);
    return std::max<size_t>(1, static_cast<size_t>(topology.usable_cores) / threads);
  }
  const auto units = ParseNumber(flags.units);
  if (!units || *units == 0 || *units > 1024) {
    throw UsageError("--units takes auto or a number from 1 to 1024, not '" + flags.units + "'");
  }
  return *units;
}

template <typename T>
constexpr bool kIsWholeNumber = std::is_same_v<T, uint32_t> || std::is_same_v<T, uint64_t> ||
                                std::is_same_v<T, std::optional<uint64_t>>;

// CLI11 takes "-1" for the largest number there is.
std::string CheckWholeNumber(const std::string& text) {
  if (ParseNumber(text)) return "";
  return "takes a whole number, not '" + text + "'";
}

}  // namespace

template <typename T>
CLI::Option* AddFlag(CLI::App& app, const std::string& names, T& target, const std::string& text) {
  std::string variable = "ROWMILL_";
  for (char c : names.substr(names.rfind("--") + 2)) {
    variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  CLI::Option* option = nullptr;
  if constexpr (std::is_same_v<T, bool>) {
    option = app.add_flag(names, target, text);
  } else {
    option = app.add_option(names, target, text);
  }
  if constexpr (kIsWholeNumber<T>) option->type_name("N")->check(CheckWholeNumber);
  if constexpr (std::is_same_v<T, float>) option->type_name("X");
  return option->envname(variable);
}

template CLI::Option* AddFlag(CLI::App&, const std::string&, std::string&, const std::string&);
template CLI::Option* AddFlag(CLI::App&, const std::string&, bool&, const std::string&);
template CLI::Option* AddFlag(CLI::App&, const std::string&, uint64_t&, const std::string&);
template CLI::Option* AddFlag(CLI::App&, const std::string&, std::optional<uint64_t>&,
                              const std::string&);
template CLI::Option* AddFlag(CLI::App&, const std::string&, uint32_t&, const std::string&);
template CLI::Option* AddFlag(CLI::App&, const std::string&, int32_t&, const std::string&);
template CLI::Option* AddFlag(CLI::App&, const std::string&, float&, const std::string&);
template CLI::Option* AddFlag(CLI::App&, const std::string&, std::vector<std::string>&,
                              const std::string&);

void AddModelReference(CLI::App& app, std::string& model, bool& offline) {
  AddFlag(app, "-m,--model", model,
          "a .gguf file, a Hugging Face folder, a name that `rowmill models` lists, or "
          "hf:user/repo[:quant]")
      ->type_name("REF");
  AddFlag(app, "--offline", offline, "fetch no model: what is not on this machine is an error");
}

void JobFlags::AddTo(CLI::App& app) {
  app.add_option_function<std::vector<std::string>>(
         "INPUT",
         [this](const std::vector<std::string>& given) {
           inputs = given;
           input = DescribeFiles({given, {}, ""});
         },
         "data set: .jsonl .csv .tsv .txt, also .gz and .zst, .parquet; several files, a quoted "
         "pattern or a folder are one data set; - is standard input")
      ->required()
      ->type_name("");
  AddInputFlags(app);
  AddPromptFlags(app);
  AddPrivacyFlags(app);
  AddModelFlags(app);
  AddWorkFlags(app);
}

void JobFlags::AddMediaTo(CLI::App& app) {
  app.add_option("INPUT", files,
                 "files: names, a quoted pattern, a folder; or one .jsonl .csv .tsv .txt with a "
                 "column of paths; - is a list on standard input")
      ->required()
      ->type_name("");
  AddInputFlags(app);
  AddPathFlag(app);
  AddModelFlags(app);
  AddWorkFlags(app);
}

void JobFlags::AddPathFlag(CLI::App& app) {
  AddFlag(app, "--path", path_column, "column of the data file with the paths (default: path)")
      ->type_name("COLUMN");
}

bool JobFlags::TakeFilesOf(const std::vector<std::string>& suffixes) {
  const bool are_files =
      !path_column.empty() ||
      (!inputs.empty() && std::all_of(inputs.begin(), inputs.end(), [&](const std::string& name) {
        return HasSuffix(name, suffixes);
      }));
  if (!are_files) return false;
  const std::pair<const char*, bool> of_text[] = {{"--text", !text_column.empty()},
                                                  {"--prompt", !prompt.empty()},
                                                  {"--prompt-file", !prompt_file.empty()},
                                                  {"--system", !system.empty()},
                                                  {"--clean", !clean.empty()},
                                                  {"--redact", !redact.empty()}};
  for (const auto& [flag, is_given] : of_text) {
    if (is_given) throw UsageError(std::string(flag) + " is about text, and these rows are files");
  }
  files = std::exchange(inputs, {});
  return true;
}

void JobFlags::SettleMediaInput(const std::vector<std::string>& suffixes) {
  const std::string& first = files.front();
  const bool is_one = files.size() == 1;
  const bool is_data = is_one && (first == "-" || !path_column.empty() || !format.empty() ||
                                  FormatFromPath(first).has_value());
  if (!is_data) {
    if (!path_column.empty() || !format.empty()) {
      throw UsageError(std::string(path_column.empty() ? "--format" : "--path") +
                       " is for one data file with a column of paths, and here are " +
                       std::to_string(files.size()) + " inputs");
    }
    list = {files, suffixes, output == "-" ? "" : output};
    input = DescribeFiles(list);
    return;
  }
  input = first;
  if (input == "-" && format.empty()) format = "text";
  if (path_column.empty()) path_column = "path";
  const std::optional<Format> known =
      format.empty() ? FormatFromPath(input) : std::optional(ParseFormat(format));
  // A list of paths that comes from a pipe has no other column that the answers could stand beside.
  if (known == Format::kText && output == "-" && output_format.empty()) output_format = "jsonl";
}

MediaRowsOptions JobFlags::ToMediaRowsOptions() const {
  MediaRowsOptions options;
  if (!list.patterns.empty()) return options;
  options.column = path_column;
  if (input != "-") options.base_folder = ParentFolder(input);
  return options;
}

void JobFlags::AddModelAndWorkFlags(CLI::App& app) {
  AddModelFlags(app);
  AddWorkFlags(app);
}

void JobFlags::AddInputFlags(CLI::App& app) {
  app.option_defaults()->group("Input and output");
  AddFlag(app, "-o,--output", output,
          "output file, its format by its name; FOLDER/: one for each input; - is standard output")
      ->type_name("FILE");
  AddFlag(app, "--format", format, "format of the input: jsonl, csv, tsv, text, parquet")
      ->type_name("NAME");
  AddFlag(app, "--output-format", output_format, "format of the output")->type_name("NAME");
  AddFlag(app, "--delimiter", delimiter,
          "what stands between the columns of the CSV input: one character, or tab")
      ->type_name("CHARACTER");
  AddFlag(app, "--no-header", no_header,
          "the CSV input has no header; columns are column1, column2, ...");
  AddFlag(app, "--csv-safe", csv_safe,
          "make answers that begin with = + - @ harmless for spreadsheets");
  AddFlag(app, "--gold", gold, "column with the right answers, for accuracy")->type_name("COLUMN");
  AddFlag(app, "--id", id, "column with an id, which must be there and differ in every row")
      ->type_name("COLUMN");
  AddFlag(app, "--limit", limit, "only the first N rows");
  AddFlag(app, "--shard", shard,
          "only part i of n of the rows, i/n from 0/n; auto: from Slurm or Kubernetes")
      ->type_name("i/n|auto");
  AddFlag(app, "--max-errors", max_errors, "stop early above N, or P% of, invalid and failed rows")
      ->type_name("N|P%");
  AddFlag(app, "--only", only,
          "failed: run the invalid, error and skipped rows of the finished output again")
      ->type_name("failed");
  AddFlag(app, "--overwrite", overwrite, "replace a finished output");
  AddFlag(app, "--force-new", force_new, "throw the finished rows of a stopped job away");
  AddFlag(app, "--report", report, "page with measures, charts and the rows to look at")
      ->type_name("FILE.html");
  AddFlag(app, "--trace", trace, "every step and row, to look at in Perfetto or Chrome")
      ->type_name("FILE.json");
  AddFlag(app, "--sample", sample, "verify: rows that are computed once more");
  AddFlag(app, "--progress", progress, "auto, json or none")->type_name("NAME");
}

void JobFlags::AddPromptFlags(CLI::App& app) {
  app.option_defaults()->group("Prompt");
  AddFlag(app, "--text", text_column, "column with the text (default: text)")->type_name("COLUMN");
  AddFlag(app, "--prompt", prompt, "prompt template with {{column}}")->type_name("TEMPLATE");
  AddFlag(app, "--prompt-file", prompt_file, "the same, from a file")->type_name("FILE");
  AddFlag(app, "--system", system, "system message for the chat template")->type_name("TEXT");
  AddFlag(app, "--raw-prompt", raw_prompt, "use no chat template: the model continues the prompt");
  AddFlag(app, "--clean", clean,
          "clean what the model reads: all, or a list such as html,space,control,nfc")
      ->type_name("LIST");
  AddFlag(app, "--overflow", overflow,
          "rows longer than the context: error, head or tail (which end is cut off)")
      ->type_name("NAME");
  AddFlag(app, "--max-context", max_context, "context in tokens (default: the model's)");
}

void JobFlags::AddPrivacyFlags(CLI::App& app) {
  app.option_defaults()->group("Privacy");
  AddFlag(app, "--redact", redact,
          "hide personal data from the model: all, or a list such as email,phone,card,id")
      ->type_name("LIST");
  AddFlag(app, "--redact-with", redact_with,
          "what takes its place: mask, hash or pseudonym (which can be led back)")
      ->type_name("NAME");
  AddFlag(app, "--redact-pattern", redact_pattern,
          "a pattern of your own (RE2); may be given several times")
      ->type_name("NAME=REGEX");
  AddFlag(app, "--redact-key", redact_key, "file with the secret of --redact-with hash")
      ->type_name("FILE");
  AddFlag(app, "--redact-map", redact_map, "file that leads from pseudonyms back to the values")
      ->type_name("FILE");
  AddFlag(app, "--redact-output", redact_output, "redact what the model writes as well");
}

void JobFlags::AddModelFlags(CLI::App& app) {
  app.option_defaults()->group("Model and numbers");
  AddModelReference(app, model, offline);
  AddFlag(app, "--numerics", numerics,
          "numeric recipe: auto, int16 (finer activations, half the speed), int8 (float weights in "
          "8 bits) or f32 (reference)")
      ->type_name("NAME");
  AddFlag(app, "--packed-cache", packed_cache,
          "keep packed weights for the next start, shared by all processes: auto, on or off")
      ->type_name("NAME");
  AddFlag(app, "--isa", isa, "kernels: auto, or one that `rowmill doctor` lists")
      ->type_name("NAME");
  AddFlag(app, "--seed", seed, "seed of random sampling");
}

void JobFlags::AddWorkFlags(CLI::App& app) {
  app.option_defaults()->group("How the work is done (changes no byte of the output)");
  AddFlag(app, "--units", units, "execution units: auto or a number")->type_name("N|auto");
  AddFlag(app, "--threads-per-unit", threads_per_unit, "threads that share a unit's work");
  AddFlag(app, "--split", split, "how rows go to units: equal, length or stealing")
      ->type_name("NAME");
  AddFlag(app, "--batch-tokens", batch_tokens, "tokens a unit computes at a time");
  AddFlag(app, "--autotune", autotune,
          "measure which units, threads and tokens at a time are fastest: auto, on or off")
      ->type_name("NAME");
  AddFlag(app, "--max-rows", max_rows, "rows a unit has in flight at most");
  AddFlag(app, "--memory", memory,
          "memory the job may take, such as 4G (default: 80 % of what there is)")
      ->type_name("SIZE");
  AddFlag(app, "--prefix-sharing", prefix_sharing,
          "compute common beginnings of prompts once: on or off")
      ->type_name("on|off");
  AddFlag(app, "--dedupe", dedupe, "compute equal prompts once: on or off")->type_name("on|off");
  AddFlag(app, "--store", store,
          "folder of answers that jobs share: what is there is not computed again")
      ->type_name("FOLDER");
  AddFlag(app, "--speculation", speculation,
          "guess tokens ahead where few rows decode, the same answers sooner: on or off")
      ->type_name("on|off");
}

uint64_t ParseSize(const std::string& text, const std::string& flag) {
  std::string_view digits = text;
  int shift = 0;
  if (!digits.empty()) {
    switch (digits.back()) {
      case 'K':
      case 'k':
        shift = 10;
        break;
      case 'M':
      case 'm':
        shift = 20;
        break;
      case 'G':
      case 'g':
        shift = 30;
        break;
      case 'T':
      case 't':
        shift = 40;
        break;
      default:
        break;
    }
    if (shift != 0) digits.remove_suffix(1);
  }
  const auto value = ParseNumber(digits);
  if (!value || *value == 0 || *value > (UINT64_MAX >> shift)) {
    throw UsageError(flag + " takes a size such as 512M or 4G, not '" + text + "'");
  }
  return *value << shift;
}

std::string NotOneOf(const std::string& text, const std::vector<std::string>& words) {
  std::string list;
  for (size_t i = 0; i < words.size(); ++i) {
    list += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  }
  return list + ", not '" + text + "'" + DidYouMean(text, words);
}

std::string ReadTextFile(const std::string& path, const std::string& flag) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file && !file.eof()) throw UsageError(flag + ": cannot read '" + path + "'");
  if (!file.is_open()) throw UsageError(flag + ": there is no file '" + path + "'");
  return text;
}

void WriteTextFile(const std::string& path, const std::string& text, const std::string& flag) {
  const std::string part = path + ".part";
  std::ofstream file(part, std::ios::binary);
  file << text;
  file.close();
  std::error_code failure;
  if (file) std::filesystem::rename(part, path, failure);
  if (!file || failure) throw IoError(flag + ": cannot write '" + path + "'");
}

JobOptions ToJobOptions(const JobFlags& flags, const CpuTopology& topology) {
  JobOptions options;
  options.source.input.path = flags.input;
  options.source.input.files = flags.list;
  if (!flags.path_column.empty()) options.source.text_column = flags.path_column;
  if (!flags.format.empty()) options.source.format = ParseFormat(flags.format);
  if (!flags.delimiter.empty()) options.source.delimiter = ParseDelimiter(flags.delimiter);
  if (flags.no_header) options.source.header = HeaderMode::kNone;
  options.output = flags.output;
  if (!flags.output_format.empty()) options.output_format = ParseFormat(flags.output_format);
  options.csv_safe = flags.csv_safe;
  options.trace = flags.trace;
  for (const auto& [flag, path] :
       {std::pair("--report", flags.report), std::pair("--trace", flags.trace)}) {
    if (!path.empty() && (path == flags.input || path == flags.output)) {
      throw UsageError(std::string(flag) + " '" + path +
                       "' is the job's input or output: give another file");
    }
  }
  options.overwrite = flags.overwrite;
  options.force_new = flags.force_new;
  options.limit = flags.limit;
  options.shard = ParseShard(flags.shard);
  options.output = WithShard(flags.output, options.shard);
  if (!flags.only.empty() && flags.only != "failed") {
    throw UsageError("--only takes failed, not '" + flags.only + "'");
  }
  if (!flags.gold.empty()) options.gold_column = flags.gold;
  if (!flags.id.empty()) options.id_column = flags.id;
  options.max_errors = ParseMaxErrors(flags.max_errors);
  const uint64_t threads = flags.threads_per_unit.value_or(1);
  if (threads < 1 || threads > 256) {
    throw UsageError("--threads-per-unit takes a number from 1 to 256");
  }
  options.threads_per_unit = threads;
  options.num_units = ParseUnits(flags, topology);
  if (flags.units == "auto") options.unit_choice = UnitChoice::kByRows;
  options.strategy = Choose<AllocationStrategy>("--split", flags.split,
                                                {{"equal", AllocationStrategy::kEqual},
                                                 {"length", AllocationStrategy::kLength},
                                                 {"stealing", AllocationStrategy::kStealing}});
  const uint64_t batch_tokens = flags.batch_tokens.value_or(options.unit.batch_tokens);
  if (batch_tokens < 1 || batch_tokens > 65536) {
    throw UsageError("--batch-tokens takes a number from 1 to 65536");
  }
  if (flags.max_rows < 1 || flags.max_rows > 65536) {
    throw UsageError("--max-rows takes a number from 1 to 65536");
  }
  options.unit.batch_tokens = batch_tokens;
  options.autotune =
      Choose<Autotune>("--autotune", flags.autotune,
                       {{"auto", Autotune::kAuto}, {"on", Autotune::kOn}, {"off", Autotune::kOff}});
  options.tune_layout = flags.units == "auto" && !flags.threads_per_unit;
  options.tune_batch_tokens = !flags.batch_tokens;
  options.tuning_file = TuningFile();
  options.unit.max_rows = flags.max_rows;
  options.store = flags.store;
  options.prefix_sharing = ParseOnOff(flags.prefix_sharing, "--prefix-sharing");
  options.deduplication = ParseOnOff(flags.dedupe, "--dedupe");
  if (!ParseOnOff(flags.speculation, "--speculation")) options.unit.draft_tokens = 0;
  if (!flags.memory.empty()) options.memory_bytes = ParseSize(flags.memory, "--memory");
  return options;
}

std::shared_ptr<const Redactor> MakeRedactor(const JobFlags& flags, Redactor::Purpose purpose) {
  RedactOptions options;
  options.entities = ParseEntities(flags.redact);
  options.patterns = flags.redact_pattern;
  options.way = Choose<RedactWay>("--redact-with", flags.redact_with,
                                  {{"mask", RedactWay::kMask},
                                   {"hash", RedactWay::kHash},
                                   {"pseudonym", RedactWay::kPseudonym}});
  options.key_path = flags.redact_key;
  options.map_path = flags.redact_map;
  options.output = flags.redact_output;
  if (!options.any()) {
    if (options.way == RedactWay::kMask && options.key_path.empty() && options.map_path.empty() &&
        !options.output) {
      return nullptr;
    }
    throw UsageError("--redact says what is to be redacted, such as --redact all");
  }
  return std::make_shared<const Redactor>(options, purpose);
}

PromptOptions ToPromptOptions(const JobFlags& flags) {
  PromptOptions options;
  options.text_column = flags.text_column;
  if (!flags.prompt.empty() && !flags.prompt_file.empty()) {
    throw UsageError("give either --prompt or --prompt-file, not both");
  }
  if (!flags.prompt.empty()) options.prompt = flags.prompt;
  if (!flags.prompt_file.empty()) {
    options.prompt = ReadTextFile(flags.prompt_file, "--prompt-file");
    options.prompt_name = "--prompt-file " + flags.prompt_file;
  }
  if (!flags.system.empty()) options.system = flags.system;
  if (flags.raw_prompt) options.mode = PromptMode::kRaw;
  options.overflow = Choose<Overflow>(
      "--overflow", flags.overflow,
      {{"error", Overflow::kError}, {"head", Overflow::kHead}, {"tail", Overflow::kTail}});
  options.max_context = flags.max_context;
  options.clean = ParseCleanOptions(flags.clean);
  return options;
}

}  // namespace rowmill
