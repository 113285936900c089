// Which tokens a speech model may write next: what is never said, when a timestamp has to come and
// which ones may.
//
// The rules are those of Whisper's own decoding: no token of the lists; the first token is a
// timestamp of the first second; timestamps come in pairs, one that ends a segment and one that
// begins the next, but for the first and the last; they never go back; and where all timestamps
// together are likelier than the likeliest word, one of them has to be next.
// Reference: openai/whisper, whisper/decoding.py, SuppressBlank, SuppressTokens,
// ApplyTimestampRules.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "decode/transcribe_spec.h"
#include "kernels/kernels.h"

namespace rowmill {

class SpeechRules {
 public:
  // `spec` outlives the object.
  SpeechRules(const TranscribeSpec& spec, const kernels::KernelTable& kernels)
      : spec_(spec), kernels_(kernels) {}

  // Sets the logits of what may not follow `written` to minus infinity.
  void Apply(std::span<const int32_t> written, std::span<float> logits) const;

 private:
  void ApplyTimestamps(std::span<const int32_t> written, std::span<float> logits) const;

  const TranscribeSpec& spec_;
  const kernels::KernelTable& kernels_;
};

// Whether the end of `written` is one short piece over and over: then the rest would be too, and
// the attempt is over.
bool EndsInLoop(std::span<const int32_t> written);

}  // namespace rowmill
