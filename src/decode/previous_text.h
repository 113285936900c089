// What a speech model is shown of the text before a window: words of the user's, and what it has
// written of the same clip so far. It goes on in their spelling, and takes up a sentence where the
// window before has left it.
//
//   <|startofprev|> [words of the user] [the last tokens of what was written] <|startoftranscript|>
//
// Together half of the model's context at most, the first token included. The user's words stay
// where what was written is long; what was written before a window that was taken at a temperature
// above 0.5 is forgotten, and that window too: its text is doubtful.
//
// Reference: openai/whisper, whisper/transcribe.py, condition_on_previous_text and
// carry_initial_prompt. Token ids only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "decode/speech_segments.h"
#include "decode/transcribe_spec.h"

namespace rowmill {

class PreviousText {
 public:
  // `spec` outlives the object.
  explicit PreviousText(const TranscribeSpec& spec) : spec_(spec) {}

  // Tokens of the text that can be shown: half of the context without the start token's half.
  static size_t MaxText(const TranscribeSpec& spec) { return spec.max_positions / 2 - 1; }
  // The longest that Tokens ever is.
  static size_t MaxTokens(const TranscribeSpec& spec);

  // What stands in front of the next window's start token; empty where there is nothing to show.
  std::vector<int32_t> Tokens() const;
  // `said`: WindowSegments::said of a window that was not silent.
  void Add(const TranscribedWindow& window, const std::vector<int32_t>& said);

 private:
  const TranscribeSpec& spec_;
  std::vector<int32_t> written_;  // no more than can be shown
};

}  // namespace rowmill
