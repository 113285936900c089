// What a clip's windows hold: segments between timestamps, and where the next window begins. And
// how a clip's windows are kept in a DecodeResult, whose journal knows token ids and numbers alone.
//
// Reference: openai/whisper, whisper/transcribe.py.
// Frames are mel frames of 10 ms; a timestamp token stands for two of them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "decode/decode_spec.h"

namespace rowmill {

struct TranscribedWindow {
  uint32_t begin_frame = 0;  // in the clip
  uint32_t num_frames = 0;   // of sound, at most a window's
  int32_t language = -1;     // its token; -1: the model knows one alone
  uint32_t attempt = 0;      // index of the temperature
  double log_probability = 0.0;
  double no_speech = 0.0;
  std::vector<int32_t> tokens;  // text and timestamps; empty where nothing was said
};

struct SpeechSegment {
  uint32_t begin_frame = 0;  // in the clip
  uint32_t end_frame = 0;
  std::vector<int32_t> tokens;  // of text
};

struct WindowSegments {
  std::vector<SpeechSegment> segments;
  // Frames from this window's beginning to the next one's; at least 1.
  uint32_t advance = 0;
  // The window's tokens of the segments that last, timestamps included: what a window that comes
  // after it is shown (decode/previous_text.h).
  std::vector<int32_t> said;
};
WindowSegments SplitWindow(const TranscribedWindow& window, const SpeechTokens& tokens);

void AppendWindow(const TranscribedWindow& window, DecodeResult& result);
// Throws DataError on what AppendWindow cannot have made.
std::vector<TranscribedWindow> WindowsOf(const DecodeResult& result);

}  // namespace rowmill
