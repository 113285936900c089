// The flags that all tasks share, and what they mean to the engine. Every flag also has an
// environment variable ROWMILL_NAME.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cpu.h"
#include "engine/job.h"
#include "prep/redact/redactor.h"
#include "tasks/media_rows.h"
#include "tasks/prompt_options.h"

namespace rowmill {

struct JobFlags {
  std::string input;                // what messages call `inputs`
  std::vector<std::string> inputs;  // data files, patterns and folders, as they were given
  std::string output = "-";
  std::string model;
  std::string format;
  std::string delimiter;
  std::string output_format;
  std::string text_column;
  // What --text is where it is not given and the task has a prompt of its own; nothing: the command
  // looks for the columns of its prompts itself.
  std::optional<std::string> default_text = "text";
  std::string prompt;
  std::string prompt_file;
  std::string system;
  bool raw_prompt = false;
  std::string overflow = "error";
  uint64_t max_context = 0;
  std::string gold;
  std::string id;
  std::string clean;
  std::string redact;
  std::string redact_with = "mask";
  std::vector<std::string> redact_pattern;
  std::string redact_key;
  std::string redact_map;
  bool redact_output = false;
  std::string units = "auto";
  std::optional<uint64_t> threads_per_unit;  // not given: 1, or what tuning finds
  std::string split = "stealing";
  std::optional<uint64_t> batch_tokens;  // not given: UnitOptions' own, or what tuning finds
  std::string autotune = "auto";
  size_t max_rows = 128;
  std::string store;
  std::string memory;
  std::string prefix_sharing = "on";
  std::string dedupe = "on";
  std::string speculation = "on";
  std::string isa = "auto";
  std::string numerics = "auto";
  std::string packed_cache = "auto";
  std::string max_errors;
  std::string shard = "0/1";
  std::optional<uint64_t> limit;
  uint64_t seed = 0;
  std::string progress = "auto";
  std::string report;
  std::string trace;
  std::string only;
  uint64_t sample = 100;  // of verify
  bool overwrite = false;
  bool force_new = false;
  bool csv_safe = false;
  bool no_header = false;
  bool offline = false;
  // Of tasks whose rows are files.
  std::vector<std::string> files;
  std::string path_column;
  FilePatterns list;

  void AddTo(CLI::App& app);
  // Those alone that say what runs the rows and how, for commands with rows of their own kind.
  void AddModelAndWorkFlags(CLI::App& app);
  // The flags of tasks whose rows are files: INPUT may be several, and there is no prompt.
  void AddMediaTo(CLI::App& app);
  // For commands whose rows are texts, or files of some kind: --path besides the flags of AddTo,
  // and whether it, or the names of INPUT, say that the rows are such files. Then INPUT is `files`,
  // and flags about text throw UsageError.
  void AddPathFlag(CLI::App& app);
  bool TakeFilesOf(const std::vector<std::string>& suffixes);
  // Makes of INPUT the list of files, or the data file with a column of paths. `suffixes`: of files
  // that count in a folder. Throws UsageError.
  void SettleMediaInput(const std::vector<std::string>& suffixes);
  // The column of paths and where they begin (tasks/media_rows.h).
  MediaRowsOptions ToMediaRowsOptions() const;

 private:
  void AddInputFlags(CLI::App& app);
  void AddPromptFlags(CLI::App& app);
  void AddPrivacyFlags(CLI::App& app);
  void AddModelFlags(CLI::App& app);
  void AddWorkFlags(CLI::App& app);
};

// --model and --offline, of all commands that take a model. The place where they are kept outlives
// the parser.
void AddModelReference(CLI::App& app, std::string& model, bool& offline);

// Adds --name with the environment variable ROWMILL_NAME.
template <typename T>
CLI::Option* AddFlag(CLI::App& app, const std::string& names, T& target, const std::string& text);

// The shared flags as the engine's options. Throws UsageError.
JobOptions ToJobOptions(const JobFlags& flags, const CpuTopology& topology);
PromptOptions ToPromptOptions(const JobFlags& flags);
// Null where nothing is to be redacted. Throws UsageError and IoError.
std::shared_ptr<const Redactor> MakeRedactor(const JobFlags& flags, Redactor::Purpose purpose);

// The value that `text` names among `choices`. Throws UsageError with "did you mean" and all of
// them.
template <typename T>
T Choose(const std::string& flag, const std::string& text,
         const std::vector<std::pair<std::string, T>>& choices);

// "512M", "4G", "1073741824"; throws UsageError naming the flag.
uint64_t ParseSize(const std::string& text, const std::string& flag);
// The content of a text file that a flag names. Throws UsageError.
std::string ReadTextFile(const std::string& path, const std::string& flag);
// Whole or not at all, replacing what is there. Throws IoError.
void WriteTextFile(const std::string& path, const std::string& text, const std::string& flag);

// "a, b or c" and the nearest of them to `text`: the end of a message about a word that is none of
// them.
std::string NotOneOf(const std::string& text, const std::vector<std::string>& words);

template <typename T>
T Choose(const std::string& flag, const std::string& text,
         const std::vector<std::pair<std::string, T>>& choices) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) {
    if (word == text) return value;
    words.push_back(word);
  }
  throw UsageError(flag + " takes " + NotOneOf(text, words));
}

}  // namespace rowmill
