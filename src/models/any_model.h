// A loaded model of any of the kinds that the engine has a unit for (engine/model_unit.h).
#pragma once

#include <variant>

#include "models/encoder.h"
#include "models/encoder_decoder.h"
#include "models/image_model.h"
#include "models/model.h"
#include "models/whisper.h"

namespace rowmill {

// Not null, but for one that was never set. A kind is added here, and the compiler names the places
// that have to know of it.
using AnyModel = std::variant<const Decoder*, const Encoder*, const EncoderDecoder*,
                              const ImageModel*, const Whisper*>;

}  // namespace rowmill
