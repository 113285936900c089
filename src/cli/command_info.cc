// inspect, tokenize, doctor, models: what there is, without running a job.
#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <map>
#include <memory>

#include "base/cpu.h"
#include "cli/commands.h"
#include "cli/job_flags.h"
#include "cli/model_pull.h"
#include "formats/model_file.h"
#include "hub/hub_cache.h"
#include "kernels/dispatch.h"
#include "kernels/kernel_uses.h"
#include "models/encoder.h"
#include "models/model.h"
#include "tasks/loaded_model.h"
#include "tasks/model_reference.h"

namespace rowmill {
namespace {

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string ShortText(std::string_view text) {
  constexpr size_t kLongest = 60;
  std::string out;
  for (char c : text.substr(0, kLongest)) out += c == '\n' ? ' ' : c;
  return text.size() > kLongest ? out + fmt::format("... ({} bytes)", text.size()) : out;
}

std::string ShortValue(const GgufValue& value) {
  struct Visitor {
    std::string operator()(int64_t v) const { return std::to_string(v); }
    std::string operator()(uint64_t v) const { return std::to_string(v); }
    std::string operator()(double v) const { return fmt::format("{}", v); }
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::string_view v) const { return ShortText(v); }
    std::string operator()(const GgufArray& v) const {
      const size_t size = std::visit([](const auto& values) { return values.size(); }, v.values);
      return fmt::format("array of {}", size);
    }
  };
  return std::visit(Visitor{}, value);
}

using TypeCounts = std::map<std::string, std::pair<uint64_t, uint64_t>>;  // tensors, elements

void CountTypes(const std::vector<TensorView>& tensors, TypeCounts& counts) {
  for (const TensorView& tensor : tensors) {
    auto& [count, elements] = counts[std::string(Name(tensor.dtype))];
    ++count;
    elements += tensor.num_elements();
  }
}

void PrintTypes(const TypeCounts& counts) {
  fmt::print("\n");
  for (const auto& [type, count] : counts) {
    fmt::print("{:<8} {:>6} tensors {:>14} elements\n", type, count.first, count.second);
  }
}

void InspectFolder(const HuggingFaceFolder& folder) {
  uint64_t num_bytes = 0;
  size_t num_tensors = 0;
  TypeCounts counts;
  for (const SafetensorsFile& shard : folder.shards()) {
    num_bytes += shard.bytes().size();
    num_tensors += shard.tensors().size();
    CountTypes(shard.tensors(), counts);
  }
  fmt::print("{}\nHugging Face folder, {} file{} of weights, {} tensors, {:.1f} MiB\n\n",
             folder.name(), folder.shards().size(), folder.shards().size() == 1 ? "" : "s",
             num_tensors, static_cast<double>(num_bytes) / (1 << 20));
  for (const auto& [key, value] : folder.config().root().items()) {
    fmt::print("{:<44} {}\n", key, ShortText(value.dump(-1, ' ', true)));
  }
  PrintTypes(counts);
}

struct ModelFlags {
  std::string reference;
  bool offline = false;

  // Opens the model, which is fetched first where that is asked for.
  ModelFile Open(Caller& caller) const {
    PullIfMissing(caller, reference, offline ? Network::kForbidden : NetworkFromEnvironment(),
                  *MakePosixFileSystem());
    return ModelFile::Open(ResolveModel(reference, ModelFolder()));
  }
};

ExitCode Inspect(Caller& caller, const ModelFlags& flags) {
  const ModelFile model = flags.Open(caller);
  if (model.folder() != nullptr) {
    InspectFolder(*model.folder());
    return ExitCode::kOk;
  }
  const GgufFile& file = *model.gguf();
  fmt::print("{}\nGGUF version {}, {} tensors, {:.1f} MiB\n\n", file.name(), file.version(),
             file.tensors().size(), static_cast<double>(file.file_size()) / (1 << 20));
  for (const auto& [key, value] : file.metadata())
    fmt::print("{:<44} {}\n", key, ShortValue(value));
  TypeCounts counts;
  CountTypes(file.tensors(), counts);
  PrintTypes(counts);
  return ExitCode::kOk;
}

ExitCode Tokenize(Caller& caller, const ModelFlags& flags, const std::string& text,
                  SpecialTokens special) {
  const ModelFile file = flags.Open(caller);
  const LoadedText loaded = LoadText(file);
  std::string input = text;
  if (input == "-") {
    input.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  for (int32_t id : loaded.tokenizer->Encode(input, special)) {
    std::string shown;
    for (char c : loaded.tokenizer->Decode({&id, 1}))
      shown += c == '\n' ? "\\n" : std::string(1, c);
    fmt::print("{:>8}  '{}'\n", id, shown);
  }
  return ExitCode::kOk;
}

ExitCode Doctor() {
  const CpuFeatures features = DetectCpuFeatures();
  const CpuTopology topology = DetectCpuTopology();
  fmt::print("rowmill        {}\n", ROWMILL_VERSION);
  fmt::print("processor      {}\n", topology.model_name);
  fmt::print("features       {}\n", Join(FeatureNames(features)));
  fmt::print("processors     {} online, {} allowed to this process, {} cores, {} NUMA nodes\n",
             topology.online_cpus, topology.allowed_cpus, topology.physical_cores,
             topology.numa_nodes);
  fmt::print("cgroup quota   {}\n", topology.cgroup_quota > 0
                                        ? fmt::format("{:.2f} processors", topology.cgroup_quota)
                                        : "none");
  fmt::print("memory         {:.1f} GiB\n", static_cast<double>(topology.memory_bytes) / (1 << 30));
  const kernels::KernelTable& chosen = kernels::SelectTable(features, "auto");
  const std::vector<const kernels::KernelTable*> available = kernels::AvailableTables(features);
  fmt::print("kernels\n");
  for (const kernels::KernelTable* table : kernels::CompiledTables()) {
    const bool runs = std::find(available.begin(), available.end(), table) != available.end();
    fmt::print("  {:<14} {:<10} {}\n", table->name,
               table == &chosen ? "chosen"
               : runs           ? "available"
                                : "not here",
               table->description);
  }
  fmt::print("operations\n");
  for (const kernels::KernelUse& use : kernels::KernelUses(chosen)) {
    const bool has_types = !use.types.empty();
    fmt::print("  {:<14} {:<{}}{}\n", use.operation, use.isa, has_types ? 13 : 0, use.types);
  }
  std::string families;
  for (std::string_view name : KnownArchitectures()) families += " " + std::string(name);
  for (std::string_view name : KnownEncoderArchitectures()) families += " " + std::string(name);
  fmt::print("architectures {}\n", families);
  fmt::print(
      "\nRowmill will use {} units of one thread: a unit never waits for another, and more units "
      "than\n"
      "cores{} only share the same time.\n",
      topology.usable_cores, topology.cgroup_quota > 0 ? " and quota" : "");
  return ExitCode::kOk;
}

ExitCode Models() {
  const std::string folder = ModelFolder();
  fmt::print("in {} (scripts/get_model.sh NAME gets one)\n", folder);
  for (const ModelAlias& alias : ModelAliases()) {
    fmt::print("  {:<20} {:<9} {:>7}  {:<19} {}\n", alias.name,
               IsHere(alias, folder) ? "here" : "not here", alias.size, alias.license,
               alias.description);
  }
  const HubCache cache(HubCacheFolder());
  const std::vector<HubCache::Entry> entries = cache.List();
  fmt::print("\nin {} (`rowmill models pull hf:user/repo:quant` gets one)\n", cache.folder());
  for (const HubCache::Entry& entry : entries) {
    fmt::print("  {:<60} {:>9.1f} MB\n", entry.reference, static_cast<double>(entry.bytes) / 1e6);
  }
  if (entries.empty()) fmt::print("  none\n");
  return ExitCode::kOk;
}

}  // namespace

void AddInspectCommand(CLI::App& parent, Action& action) {
  CLI::App* app = parent.add_subcommand("inspect", "what a model file or folder holds");
  auto model = std::make_shared<ModelFlags>();
  app->add_option(
         "MODEL", model->reference,
         "a .gguf file, a Hugging Face folder, an alias or hf:user/repo[:quant]; none: the "
         "default model")
      ->type_name("");
  AddFlag(*app, "--offline", model->offline, "fetch no model");
  app->footer("\nExamples:\n  rowmill inspect model.gguf\n  rowmill inspect smollm2");
  app->callback([=, &action] { action = [=](Caller& caller) { return Inspect(caller, *model); }; });
}

void AddTokenizeCommand(CLI::App& parent, Action& action) {
  CLI::App* app = parent.add_subcommand("tokenize", "the tokens of a text, one per line");
  auto model = std::make_shared<ModelFlags>();
  auto text = std::make_shared<std::string>();
  auto special = std::make_shared<bool>(false);
  app->add_option("TEXT", *text, "the text; - reads standard input")->required()->type_name("");
  AddModelReference(*app, model->reference, model->offline);
  app->footer(
      "\nExamples:\n  rowmill tokenize 'How many tokens is this?'\n"
      "  rowmill tokenize - -m model.gguf < prompt.txt");
  app->add_flag("--parse-special", *special, "take the text of special tokens for the tokens");
  app->callback([=, &action] {
    action = [=](Caller& caller) {
      return Tokenize(caller, *model, *text,
                      *special ? SpecialTokens::kParse : SpecialTokens::kPlainText);
    };
  });
}

void AddDoctorCommand(CLI::App& parent, Action& action) {
  CLI::App* app =
      parent.add_subcommand("doctor", "this machine, and what Rowmill will choose on it");
  app->callback([&action] { action = [](Caller&) { return Doctor(); }; });
}

void AddModelsCommand(CLI::App& parent, Action& action) {
  CLI::App* app = parent.add_subcommand(
      "models", "models that have a short name or came from a hub; `models pull` fetches one");
  app->require_subcommand(0, 1);
  CLI::App* pull = app->add_subcommand("pull", "fetch what a hub has now of a model, and check it");
  auto model = std::make_shared<ModelFlags>();
  pull->add_option("MODEL", model->reference, "hf:user/repo or hf:user/repo:quant")
      ->required()
      ->type_name("");
  AddFlag(*pull, "--offline", model->offline, "refuse");
  pull->footer(
      "\nExamples:\n  rowmill models pull hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF:q4_k_m\n"
      "  rowmill models pull hf:sentence-transformers/all-MiniLM-L6-v2");
  app->callback([=, &action] {
    if (!pull->parsed()) action = [](Caller&) { return Models(); };
  });
  pull->callback([=, &action] {
    action = [=](Caller& caller) {
      PullNow(caller, model->reference,
              model->offline ? Network::kForbidden : NetworkFromEnvironment(),
              *MakePosixFileSystem());
      return ExitCode::kOk;
    };
  });
}

}  // namespace rowmill
