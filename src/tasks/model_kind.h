// Which kind of model a command needs, and the refusal of one of another kind.
#pragma once

#include <cstdint>
#include <string_view>

#include "decode/decode_spec.h"
#include "tasks/prompt_options.h"

namespace rowmill {

enum class ModelKind : uint8_t { kDecoder, kEncoder, kEncoderDecoder, kImages, kSpeech };

// The kind that can do what a task asks of its model.
ModelKind KindFor(const DecodeSpec& spec);

// Throws UsageError, naming a model that would do, where `model` is of another kind. `what`: the
// command or option that needs it.
void RequireModelKind(std::string_view what, ModelKind kind, const TaskModel& model);

}  // namespace rowmill
