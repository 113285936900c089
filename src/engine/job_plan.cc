// The plan pass, and what a job's plan needs to know of its options.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "engine/job_run.h"

namespace rowmill {
namespace {

// Rows whose results are written to the journal at a time during the plan pass.
constexpr uint64_t kFlushRows = 256;

uint64_t CountRows(Source& source) {
  Record record;
  while (source.Next(record)) {
  }
  const uint64_t rows = source.num_rows();
  source.Rewind();
  return rows;
}

// floor(index * rows / count) without overflow.
uint64_t ShardBound(uint64_t index, uint64_t count, uint64_t rows) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(rows) * index / count);
}

std::string_view OnOff(bool on) { return on ? "on" : "off"; }

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "rowmill-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    throw IoError("cannot make a scratch folder '" + pattern +
                  "'; set TMPDIR to a folder with room");
  }
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

uint64_t MemoryLimit(const JobOptions& options) {
  if (options.memory_bytes != 0) return options.memory_bytes;
  return DetectCpuTopology().memory_bytes / 5 * 4;
}

MemoryOptions MemoryOptionsOf(const JobOptions& options, const JobModel& model, const Task& task) {
  MemoryOptions memory;
  memory.kv_shape = model.decoder->kv_shape();
  memory.weight_bytes = model.decoder->weight_bytes();
  memory.workspace_bytes = ExecutionUnit::WorkspaceBytes(*model.decoder, options.unit);
  memory.num_units = options.num_units;
  memory.max_rows_per_unit = options.unit.max_rows;
  memory.kv_bytes_per_unit = options.unit.kv_bytes;
  memory.prefix_kv_bytes = options.unit.kv_bytes;
  memory.max_seq_len = model.decoder->max_seq_len();
  if (const auto* score = std::get_if<ScoreSpec>(&task.decode_spec())) {
    memory.positions_after_prompt = score->trie->max_depth();
    for (const LabelTrie::Node& node : score->trie->nodes()) {
      if (node.num_children > 0) ++memory.forks_per_row;
    }
  } else {
    const auto& generate = std::get<GenerateSpec>(task.decode_spec());
    memory.positions_after_prompt = generate.max_tokens;
    memory.forks_per_row = generate.num_samples - 1;
  }
  return memory;
}

Plan MakePlan(const JobOptions& options, const Task& task, const JobContext& context,
              const PlanInput& input) {
  uint64_t begin = 0;
  uint64_t end = UINT64_MAX;
  if (options.shard.count > 1) {
    uint64_t rows = CountRows(input.source);
    if (options.limit) rows = std::min(rows, *options.limit);
    begin = ShardBound(options.shard.index, options.shard.count, rows);
    end = ShardBound(options.shard.index + 1, options.shard.count, rows);
  } else if (options.limit) {
    end = *options.limit;
  }

  Planner planner(input.folder, begin);
  PrepareScratch scratch;
  ModelInput prepared;
  Record record;
  JobProgress progress;
  const auto start = std::chrono::steady_clock::now();
  while (record.index + 1 < end || input.source.num_rows() == 0) {
    if (end == 0 || !input.source.Next(record)) break;
    if (record.index < begin) continue;
    const uint64_t row = record.index;
    task.Prepare(record, scratch, prepared);
    const bool runnable = prepared.error.empty();
    const Digest128 digest = runnable ? DigestOfTokens(prepared.tokens) : Digest128{};
    const bool finished = input.results != nullptr && input.results->Has(row);
    if (finished && input.results->Get(row).prompt != digest) {
      throw UsageError("row " + std::to_string(row) +
                       " of the input is not the row that the stopped job had there; give the same "
                       "input again, or --force-new to throw its finished rows away");
    }
    if (!runnable && !finished && input.results != nullptr) {
      RowResult result;
      result.status = prepared.status;
      result.error = prepared.error;
      input.results->Put(row, digest, result);
    }
    planner.Add({prepared.status, prepared.tokens, finished || !runnable});
    ++progress.rows_done;
    if (progress.rows_done % kFlushRows == 0) {
      const auto now = std::chrono::steady_clock::now();
      if (input.results != nullptr) input.results->Flush(now);
      if (context.stop != nullptr && context.stop->load())
        throw StoppedError("stopped while planning");
      progress.seconds = std::chrono::duration<double>(now - start).count();
      if (context.on_progress) context.on_progress(progress);
    }
  }
  if (input.results != nullptr) input.results->Flush(std::chrono::steady_clock::now());

  PlanOptions plan_options;
  plan_options.deduplication = options.deduplication ? Deduplication::kOn : Deduplication::kOff;
  if (!options.prefix_sharing) plan_options.prefix_tree.max_nodes = 0;
  return std::move(planner).Finish(plan_options);
}

Fingerprint JobFingerprint(const JobOptions& options, const JobModel& model, const Task& task,
                           FileSystem& file_system) {
  Fingerprint fingerprint;
  fingerprint.Add("engine", ROWMILL_VERSION);
  fingerprint.Add("model", model.sha256);
  fingerprint.Add("numerics", model.numerics);
  for (auto& [name, value] : task.FingerprintEntries()) fingerprint.Add(name, value);
  const std::string& path = options.source.input.path;
  if (path == "-") {
    fingerprint.Add("input.path", "-");
  } else {
    AddInputIdentity(fingerprint, "input", file_system, path);
  }
  if (options.source.format) {
    fingerprint.Add("input.format", std::string(FormatName(*options.source.format)));
  }
  if (options.output_format) {
    fingerprint.Add("output.format", std::string(FormatName(*options.output_format)));
  }
  fingerprint.Add("output.csv-safe", std::string(OnOff(options.csv_safe)));
  if (options.limit) fingerprint.Add("limit", std::to_string(*options.limit));
  fingerprint.Add("shard",
                  std::to_string(options.shard.index) + "/" + std::to_string(options.shard.count));
  return fingerprint;
}

}  // namespace rowmill
