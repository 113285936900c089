// batch: an OpenAI batch file, run as one job for each set of equal parameters.
//
// Each group's requests become the rows of a job of its own in the folder OUTPUT.batch/, with its
// journal; its result lines are put by when it has ended. The results are joined in the order of
// the requests and renamed into place, and the folder goes. Whatever stops it, the same command
// goes on.
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "base/whole_file.h"
#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/run_task.h"
#include "data/byte_sink.h"
#include "data/json_text.h"
#include "tasks/batch_request.h"
#include "tasks/embed.h"
#include "tasks/generate.h"
#include "tasks/loaded_model.h"

namespace rowmill {
namespace {

constexpr const char* kBatchExamples = R"(
Examples:
  rowmill batch requests.jsonl -o results.jsonl
  rowmill batch requests.jsonl -m hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF:q4_k_m -o results.jsonl)";

// Loads a model once for all groups that name it.
class KeepingCaller final : public Caller {
 public:
  explicit KeepingCaller(Caller& caller) : caller_(caller) {}

  const std::atomic<bool>& StopFlag() override { return caller_.StopFlag(); }
  void Tell(const std::string& text) override { caller_.Tell(text); }
  void Print(const std::string& text) override { caller_.Print(text); }
  void BeginProgress(ProgressMode mode) override { caller_.BeginProgress(mode); }
  void ShowProgress(const JobProgress& progress) override { caller_.ShowProgress(progress); }
  void EndProgress() override { caller_.EndProgress(); }
  std::shared_ptr<const LoadedModel> Load(const ModelRequest& request,
                                          FileSystem& file_system) override {
    if (model_ == nullptr || request.reference != reference_) {
      model_.reset();
      model_ = caller_.Load(request, file_system);
      reference_ = request.reference;
    }
    return model_;
  }

 private:
  Caller& caller_;
  std::string reference_;
  std::shared_ptr<const LoadedModel> model_;
};

struct Group {
  BatchSettings settings;
  std::vector<uint64_t> requests;
};

class Batch {
 public:
  Batch(const JobFlags& flags, uint32_t max_tokens)
      : flags_(flags), max_tokens_(max_tokens), folder_(flags.output + ".batch") {}

  ExitCode Run(Caller& caller);

 private:
  void Read();
  void OpenFolder();
  void RunGroup(Caller& caller, size_t number);
  void Join();
  std::string GroupPath(size_t number, const char* what) const {
    return fmt::format("{}/group-{}.{}", folder_, number, what);
  }
  std::string GroupRows(const Group& group) const;
  BatchAnswer AnswerOf(uint64_t index) const;

  const JobFlags& flags_;
  uint32_t max_tokens_;
  std::string folder_;
  std::unique_ptr<FileSystem> file_system_ = MakePosixFileSystem();
  std::string fingerprint_;
  std::vector<BatchRequest> requests_;
  std::vector<Group> groups_;
  size_t num_errors_ = 0;
};

void Batch::Read() {
  if (flags_.output == "-") throw UsageError("batch needs -o FILE");
  if (!file_system_->Exists(flags_.input)) {
    throw UsageError("there is no file '" + flags_.input + "'");
  }
  const std::string text = ReadWhole(*file_system_->Open(flags_.input, OpenMode::kRead));
  std::unordered_map<std::string, size_t> group_of;
  std::unordered_set<std::string> ids;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    BatchRequest request = ParseBatchRequest(line, max_tokens_);
    if (request.error.empty() && !ids.insert(request.custom_id).second) {
      request.error = "another request of the file has the same custom_id";
      request.parameter = "custom_id";
    }
    if (!flags_.model.empty()) request.settings.model = flags_.model;
    if (request.error.empty()) {
      const auto [found, is_new] = group_of.try_emplace(request.settings.Key(), groups_.size());
      if (is_new) groups_.push_back({request.settings, {}});
      groups_[found->second].requests.push_back(requests_.size());
    } else {
      ++num_errors_;
    }
    requests_.push_back(std::move(request));
  }
  fingerprint_ =
      Sha256Hex(AsBytes("batch 2\n" ROWMILL_VERSION "\n" + flags_.model + "\n" + flags_.numerics +
                        "\n" + std::to_string(max_tokens_) + "\n" + text)) +
      "\n";
}

void Batch::OpenFolder() {
  const std::string marker = folder_ + "/requests";
  if (file_system_->Exists(flags_.output) && !flags_.overwrite) {
    throw UsageError("the output '" + flags_.output + "' exists already; --overwrite replaces it");
  }
  if (flags_.force_new) std::filesystem::remove_all(folder_);
  if (file_system_->Exists(marker)) {
    if (ReadWhole(*file_system_->Open(marker, OpenMode::kRead)) == fingerprint_) return;
    throw UsageError("'" + folder_ +
                     "' holds an unfinished batch of other requests or with another model; give "
                     "the same command again, or --force-new to throw it away");
  }
  file_system_->CreateFolder(folder_);
  WriteWhole(*file_system_, marker, fingerprint_);
}

std::string Batch::GroupRows(const Group& group) const {
  std::string rows;
  for (const uint64_t index : group.requests) {
    const BatchRequest& request = requests_[index];
    for (const std::string& text : request.texts) {
      rows += fmt::format("{{\"request\":{}", index);
      for (size_t turn = 0; turn < request.history.size(); ++turn) {
        rows += fmt::format(",\"turn_{}\":", turn);
        AppendJsonString(request.history[turn], rows);
      }
      rows += ",\"text\":";
      AppendJsonString(text, rows);
      rows += "}\n";
    }
  }
  return rows;
}

BatchAnswer Batch::AnswerOf(uint64_t index) const {
  const BatchRequest& request = requests_[index];
  BatchAnswer answer;
  answer.index = index;
  answer.custom_id = request.custom_id;
  answer.model = request.settings.model;
  answer.endpoint = request.settings.endpoint;
  answer.error = request.error;
  answer.parameter = request.parameter;
  answer.encoding = request.encoding;
  return answer;
}

void Batch::RunGroup(Caller& caller, size_t number) {
  const Group& group = groups_[number];
  const BatchSettings& settings = group.settings;
  const std::string results_path = GroupPath(number, "results");
  if (file_system_->Exists(results_path)) return;
  JobFlags flags = flags_;
  flags.input = GroupPath(number, "jsonl");
  flags.output = GroupPath(number, "answers.jsonl");
  flags.model = settings.model;
  // An answer file without results is one whose results were not put by.
  flags.overwrite = true;
  flags.force_new = false;
  if (!file_system_->Exists(flags.input)) {
    WriteWhole(*file_system_, flags.input, GroupRows(group));
  }
  if (file_system_->Exists(flags.output)) file_system_->Remove(flags.output);
  if (file_system_->Exists(flags.output + ".run.json")) {
    file_system_->Remove(flags.output + ".run.json");
  }
  caller.Tell(fmt::format("group         {} of {}: {} requests, {}{}\n", number + 1, groups_.size(),
                          group.requests.size(), Path(settings.endpoint),
                          settings.model.empty() ? "" : ", " + settings.model));

  const bool embeds = settings.endpoint == BatchEndpoint::kEmbedding;
  if (embeds && flags.model.empty()) flags.model = "minilm";
  if (settings.endpoint == BatchEndpoint::kCompletion) flags.raw_prompt = true;
  if (!embeds) flags.prompt = "{{text}}";
  const GenerateTask* generate = nullptr;
  std::string
      refusal;  // why requests of this kind cannot be asked: a chat that the template refuses
  const MakeTask make_task = [&](const TaskModel& model,
                                 const PromptOptions& prompt) -> std::unique_ptr<Task> {
    if (embeds) {
      if (model.encoder == nullptr) {
        throw UsageError("embeddings need an encoder, such as --model minilm");
      }
      return std::make_unique<EmbedTask>(model, prompt);
    }
    GenerateOptions options;
    options.prompt = prompt;
    for (size_t turn = 0; turn < settings.roles.size(); ++turn) {
      options.prompt.history.push_back(
          {settings.roles[turn], fmt::format("{{{{turn_{}}}}}", turn)});
    }
    options.sampling = settings.sampling;
    // Without chance all choices are the same one.
    if (settings.sampling.temperature > 0.0f) options.num_samples = settings.num_choices;
    options.max_tokens = settings.max_tokens;
    options.stop = settings.stop;
    options.ignore_eos = settings.ignore_eos;
    try {
      auto task = std::make_unique<GenerateTask>(model, options);
      generate = task.get();
      return task;
    } catch (const Error& error) {
      refusal = error.what();
      throw;
    }
  };
  std::string results;
  auto request = group.requests.begin();
  size_t num_rows = 0;  // of the request that have come
  BatchAnswer answer = AnswerOf(*request);
  const RowObserver on_row = [&](const RowAnswer& row, const OutputRow&) {
    const RowResult& result = row.results.front();
    if (answer.error.empty()) answer.error = result.error;
    answer.prompt_tokens += result.prompt_tokens;
    if (embeds) answer.embeddings.push_back(result.decoded.embedding);
    const std::vector<std::vector<int32_t>>& answers = result.decoded.answers;
    for (uint32_t i = 0; !embeds && !answers.empty() && i < settings.num_choices; ++i) {
      const size_t sample = std::min<size_t>(i, answers.size() - 1);
      answer.choices.push_back(
          {generate->AnswerText(answers[sample]), generate->IsWhole(result, sample)});
    }
    if (!answers.empty()) {  // generated_tokens are of all answers of the row
      answer.generated_tokens +=
          result.generated_tokens * settings.num_choices / static_cast<uint32_t>(answers.size());
    }
    if (++num_rows < requests_[*request].texts.size()) return;
    if (!answer.error.empty()) ++num_errors_;
    results += BatchResultLine(answer);
    num_rows = 0;
    if (++request != group.requests.end()) answer = AnswerOf(*request);
  };
  try {
    RunTask(caller, flags, Purpose::kRun, make_task, on_row);
  } catch (const Error&) {
    if (refusal.empty()) throw;
    results.clear();
    for (const uint64_t index : group.requests) {
      answer = AnswerOf(index);
      answer.error = refusal;
      ++num_errors_;
      results += BatchResultLine(answer);
    }
  }
  WriteWhole(*file_system_, results_path, results);
}

void Batch::Join() {
  std::vector<std::string> lines(requests_.size());
  for (uint64_t index = 0; index < requests_.size(); ++index) {
    if (!requests_[index].error.empty()) lines[index] = BatchResultLine(AnswerOf(index));
  }
  for (size_t number = 0; number < groups_.size(); ++number) {
    const std::string text =
        ReadWhole(*file_system_->Open(GroupPath(number, "results"), OpenMode::kRead));
    size_t begin = 0;
    for (const uint64_t index : groups_[number].requests) {
      const size_t end = text.find('\n', begin);
      if (end == std::string::npos) {
        throw DataError("'" + GroupPath(number, "results") + "' has too few lines");
      }
      lines[index] = text.substr(begin, end + 1 - begin);
      begin = end + 1;
    }
  }
  std::string all;
  for (const std::string& line : lines) all += line;
  WriteWhole(*file_system_, flags_.output, all);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

ExitCode Batch::Run(Caller& caller) {
  Read();
  OpenFolder();
  caller.Tell(
      fmt::format("requests      {}, {} of them refused; {} sets of equal parameters, each a "
                  "job\n",
                  requests_.size(), num_errors_, groups_.size()));
  KeepingCaller keeping(caller);
  for (size_t number = 0; number < groups_.size(); ++number) RunGroup(keeping, number);
  Join();
  caller.Tell(fmt::format("results       {} ({} without an answer)\noutput        {}\n",
                          requests_.size(), num_errors_, flags_.output));
  return ExitCode::kOk;
}

}  // namespace

void AddBatchCommand(CLI::App& parent, Action& action) {
  CLI::App* app = parent.add_subcommand(
      "batch", "an OpenAI batch file: chat completions, completions, embeddings");
  app->footer(kBatchExamples);
  auto flags = std::make_shared<JobFlags>();
  auto max_tokens = std::make_shared<uint32_t>(256);
  app->add_option("REQUESTS", flags->input, "a request in each line")->required()->type_name("");
  AddFlag(*app, "-o,--output", flags->output, "the results, a line for each request")
      ->required()
      ->type_name("FILE");
  AddFlag(*app, "--max-tokens", *max_tokens, "longest answer of requests that name no limit");
  AddFlag(*app, "--overwrite", flags->overwrite, "replace a finished output");
  AddFlag(*app, "--force-new", flags->force_new, "throw the finished rows of a stopped batch away");
  AddFlag(*app, "--progress", flags->progress, "auto, json or none")->type_name("NAME");
  flags->AddModelAndWorkFlags(*app);
  app->callback([=, &action] {
    action = [=](Caller& caller) { return Batch(*flags, *max_tokens).Run(caller); };
  });
}

}  // namespace rowmill
