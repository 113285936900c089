#include "tasks/model_kind.h"

#include <string>

#include "base/error.h"

namespace rowmill {
namespace {

ModelKind KindOf(const TaskModel& model) {
  if (model.encoder != nullptr) return ModelKind::kEncoder;
  if (model.encoder_decoder != nullptr) return ModelKind::kEncoderDecoder;
  return ModelKind::kDecoder;
}

const char* NameOf(ModelKind kind) {
  constexpr const char* kNames[] = {"a decoder", "an encoder", "an encoder-decoder"};
  return kNames[static_cast<size_t>(kind)];
}

const char* ExampleOf(ModelKind kind) {
  constexpr const char* kExamples[] = {"smollm2", "minilm", "marian-en-pt"};
  return kExamples[static_cast<size_t>(kind)];
}

}  // namespace

ModelKind KindFor(const DecodeSpec& spec) {
  if (std::holds_alternative<EncodeSpec>(spec)) return ModelKind::kEncoder;
  if (std::holds_alternative<TranslateSpec>(spec)) return ModelKind::kEncoderDecoder;
  return ModelKind::kDecoder;
}

void RequireModelKind(std::string_view what, ModelKind kind, const TaskModel& model) {
  if (KindOf(model) == kind) return;
  throw UsageError(std::string(what) + " needs " + NameOf(kind) + ", such as " + ExampleOf(kind) +
                   "; this model is " + NameOf(KindOf(model)));
}

}  // namespace rowmill
