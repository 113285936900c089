#include "tasks/model_kind.h"

#include <string>

#include "base/error.h"

namespace rowmill {
namespace {

ModelKind KindOf(const TaskModel& model) {
  if (model.encoder != nullptr) return ModelKind::kEncoder;
  if (model.encoder_decoder != nullptr) return ModelKind::kEncoderDecoder;
  if (model.image_model != nullptr) return ModelKind::kImages;
  if (model.whisper != nullptr) return ModelKind::kSpeech;
  return ModelKind::kDecoder;
}

const char* NameOf(ModelKind kind) {
  constexpr const char* kNames[] = {"a decoder", "an encoder", "an encoder-decoder",
                                    "a model of pictures", "a speech model"};
  return kNames[static_cast<size_t>(kind)];
}

const char* ExampleOf(ModelKind kind) {
  constexpr const char* kExamples[] = {"smollm2", "minilm", "marian-en-pt", "efficientnet-lite0",
                                       "whisper-base"};
  return kExamples[static_cast<size_t>(kind)];
}

}  // namespace

ModelKind KindFor(const DecodeSpec& spec) {
  if (std::holds_alternative<EncodeSpec>(spec)) return ModelKind::kEncoder;
  if (std::holds_alternative<TranslateSpec>(spec)) return ModelKind::kEncoderDecoder;
  if (std::holds_alternative<RecognizeSpec>(spec)) return ModelKind::kImages;
  if (std::holds_alternative<TranscribeSpec>(spec)) return ModelKind::kSpeech;
  return ModelKind::kDecoder;
}

void RequireModelKind(std::string_view what, ModelKind kind, const TaskModel& model) {
  if (KindOf(model) == kind) return;
  throw UsageError(std::string(what) + " needs " + NameOf(kind) + ", such as " + ExampleOf(kind) +
                   "; this model is " + NameOf(KindOf(model)));
}

}  // namespace rowmill
