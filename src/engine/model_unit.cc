#include "engine/model_unit.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "engine/encoding_unit.h"
#include "engine/image_unit.h"
#include "engine/sequence_to_sequence_unit.h"
#include "engine/transcription_unit.h"

namespace rowmill {
namespace {

// The units have one shape; only decoders take shared prefixes.
template <typename Unit>
class UnitOfKind final : public ModelUnit {
 public:
  template <typename... Args>
  explicit UnitOfKind(Args&&... args) : unit_(std::forward<Args>(args)...) {}

  void Run(RowFeed& feed, OutcomeSink& sink, PrefixStore& prefixes,
           const std::atomic<bool>& stop) override {
    if constexpr (std::is_same_v<Unit, ExecutionUnit>) {
      unit_.Run(feed, sink, &prefixes, stop);
    } else {
      unit_.Run(feed, sink, stop);
    }
  }
  const UnitTimes& times() const override { return unit_.times(); }
  void SetStepLog(StepLog* log) override {
    if constexpr (requires { unit_.SetStepLog(log); }) unit_.SetStepLog(log);
  }

 private:
  Unit unit_;
};

// Seconds.
constexpr size_t kTypicalLongClip = 1800;

// One overload per kind.
std::unique_ptr<ModelUnit> MakeUnitOf(const Decoder& model, const UnitContext& context) {
  return std::make_unique<UnitOfKind<ExecutionUnit>>(model, context.kernels, context.spec,
                                                     context.options, context.team);
}
std::unique_ptr<ModelUnit> MakeUnitOf(const Encoder& model, const UnitContext& context) {
  return std::make_unique<UnitOfKind<EncodingUnit>>(model, std::get<EncodeSpec>(context.spec),
                                                    context.options, context.team);
}
std::unique_ptr<ModelUnit> MakeUnitOf(const EncoderDecoder& model, const UnitContext& context) {
  return std::make_unique<UnitOfKind<SequenceToSequenceUnit>>(
      model, context.kernels, std::get<TranslateSpec>(context.spec), context.options, context.team);
}

std::unique_ptr<ModelUnit> MakeUnitOf(const ImageModel& model, const UnitContext& context) {
  return std::make_unique<UnitOfKind<ImageUnit>>(model, std::get<RecognizeSpec>(context.spec),
                                                 context.options, context.team,
                                                 context.file_system);
}

std::unique_ptr<ModelUnit> MakeUnitOf(const Whisper& model, const UnitContext& context) {
  return std::make_unique<UnitOfKind<TranscriptionUnit>>(
      model, std::get<TranscribeSpec>(context.spec),
      TranscriptionContext{context.kernels, context.options, context.file_system, context.team});
}

struct MemoryQuestion {
  const DecodeSpec& spec;
  const UnitOptions& options;
  size_t threads_per_unit;
};

void AddMemoryOf(const Decoder& model, const MemoryQuestion& question, MemoryOptions& memory) {
  memory.kv_shape = model.kv_shape();
  memory.weight_bytes = model.weight_bytes();
  memory.workspace_bytes = ExecutionUnit::WorkspaceBytes(model, question.options);
  if (memory.kv_shape.type == KvType::kF32) {
    memory.workspace_bytes +=
        question.threads_per_unit *
        BatchAttention::FloatBytesFor(memory.kv_shape.head_dim, model.max_seq_len());
  }
  memory.kv_bytes_per_unit = question.options.kv_bytes;
  memory.prefix_kv_bytes = question.options.kv_bytes;
  memory.max_seq_len = model.max_seq_len();
  if (const auto* score = std::get_if<ScoreSpec>(&question.spec)) {
    memory.positions_after_prompt = score->trie->max_depth();
    for (const LabelTrie::Node& node : score->trie->nodes()) {
      if (node.num_children > 0) ++memory.forks_per_row;
    }
  } else if (const auto* generate = std::get_if<GenerateSpec>(&question.spec)) {
    memory.positions_after_prompt = generate->max_tokens;
    memory.forks_per_row = generate->num_samples - 1;
  }
}

// No keys and values are kept.
void AddMemoryOf(const Encoder& model, const MemoryQuestion& question, MemoryOptions& memory) {
  memory.weight_bytes = model.weight_bytes();
  memory.workspace_bytes =
      EncodingUnit::WorkspaceBytes(model, question.options, question.threads_per_unit);
  memory.max_seq_len = model.max_seq_len();
}

// What texts in flight keep is bounded by kv_bytes, and counted as activations.
void AddMemoryOf(const EncoderDecoder& model, const MemoryQuestion& question,
                 MemoryOptions& memory) {
  const auto& spec = std::get<TranslateSpec>(question.spec);
  const UnitOptions& options = question.options;
  const uint64_t largest = SequenceToSequenceUnit::TextBytes(model, spec, model.max_source_len());
  memory.weight_bytes = model.weight_bytes();
  memory.workspace_bytes =
      SequenceToSequenceUnit::WorkspaceBytes(model, spec, options, question.threads_per_unit) +
      std::max<uint64_t>(
          largest, std::min<uint64_t>(options.kv_bytes, largest * uint64_t{options.max_rows}));
  memory.max_seq_len = model.max_source_len();
}

void AddMemoryOf(const ImageModel& model, const MemoryQuestion& question, MemoryOptions& memory) {
  memory.weight_bytes = model.weight_bytes();
  memory.workspace_bytes = ImageUnit::WorkspaceBytes(model, std::get<RecognizeSpec>(question.spec),
                                                     question.options, question.threads_per_unit);
}

// Windows in flight, and the samples and features of a clip of half an hour, which is longer than
// most.
void AddMemoryOf(const Whisper& model, const MemoryQuestion& question, MemoryOptions& memory) {
  const auto& spec = std::get<TranscribeSpec>(question.spec);
  memory.weight_bytes = model.weight_bytes();
  memory.workspace_bytes =
      TranscriptionUnit::WorkspaceBytes(model, spec, question.threads_per_unit) +
      TranscriptionUnit::WindowsBytes(model, spec, question.options) +
      TranscriptionUnit::ClipBytes(model, kTypicalLongClip);
  memory.max_seq_len = model.config().max_seq_len;
}

// Attention is done in 32-bit floating point, which takes about four times as long for a
// multiplication as a product of 8-bit weights does.
constexpr double kAttentionPrice = 4.0;

// Prices of kStep, kPromptToken, kAnswerToken, kPromptEnd and kTokenPair.
WorkCost PricesOf(double prompt_token, double answer_token, double end, double pair) {
  return {{0.0, prompt_token, answer_token, end, kAttentionPrice * pair}};
}

// Of kinds whose work is of one sort.
template <typename Model>
WorkCost PriorOf(const Model&) {
  return PricesOf(1.0, 1.0, 0.0, 0.0);
}
WorkCost PriorOf(const Decoder& model) {
  const auto token = static_cast<double>(model.macs_per_token());
  const auto output = static_cast<double>(model.macs_per_output());
  const WorkspaceShape shape = model.workspace_shape();
  const auto pair =
      static_cast<double>(2 * shape.num_heads * shape.head_dim * model.kv_shape().num_layers);
  return PricesOf(token, token + output, output, pair);
}
// Layers of four matrices of D x D and two of D x 4D have 12 D * D weights and 2 D products a pair.
WorkCost PriorOf(const Encoder& model) {
  const auto token = static_cast<double>(model.macs_per_token());
  const auto dim = static_cast<double>(std::max<size_t>(1, model.shape().model_dim));
  return PricesOf(token, token, 0.0, token / (6.0 * dim));
}
WorkCost PriorOf(const EncoderDecoder& model) {
  const auto source = static_cast<double>(model.macs_per_source_token());
  const auto target = static_cast<double>(model.macs_per_target_token());
  const auto dim = static_cast<double>(std::max<size_t>(1, model.shape().model_dim));
  return PricesOf(source, target, 0.0, source / (6.0 * dim));
}

}  // namespace

WorkCost PriorCost(const AnyModel& model) {
  return std::visit([](const auto* kind) { return PriorOf(*kind); }, model);
}

std::unique_ptr<ModelUnit> MakeUnit(const AnyModel& model, const UnitContext& context) {
  return std::visit([&](const auto* kind) { return MakeUnitOf(*kind, context); }, model);
}

MemoryOptions ModelMemory(const AnyModel& model, const DecodeSpec& spec, const UnitOptions& options,
                          size_t threads_per_unit) {
  MemoryOptions memory;
  std::visit(
      [&](const auto* kind) { AddMemoryOf(*kind, {spec, options, threads_per_unit}, memory); },
      model);
  return memory;
}

const std::string& ArchitectureOf(const AnyModel& model) {
  return std::visit([](const auto* kind) -> const std::string& { return kind->architecture(); },
                    model);
}

}  // namespace rowmill
