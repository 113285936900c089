// What is asked of a speech model for each clip: how its decoder is prompted, which tokens it may
// write, and when a window is tried again. Part of DecodeSpec (decode/decode_spec.h), the same for
// all clips of a job.
//
// Paper: Whisper, arXiv:2212.04356, sections 2.3 and 4.5.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace rowmill {

// The tokens that steer Whisper; -1 where a model has none.
struct SpeechTokens {
  int32_t start = -1;  // <|startoftranscript|>
  int32_t end = -1;    // <|endoftext|>: below it are text tokens, from it on special ones
  int32_t transcribe = -1;
  int32_t translate = -1;
  int32_t no_speech = -1;          // <|nospeech|> or <|nocaptions|>
  int32_t no_timestamps = -1;      // <|notimestamps|>
  int32_t first_timestamp = -1;    // <|0.00|>; each further one is 20 ms later
  std::vector<int32_t> languages;  // <|en|>, ...; empty where the model knows one language alone
  int32_t previous = -1;           // <|startofprev|>
};

// Decides whether a text says the same over and over, which token ids alone do not show.
// Implemented by tasks/, which knows text. Const and thread-safe.
class RepetitionRule {
 public:
  virtual ~RepetitionRule() = default;
  virtual bool IsRepetitive(std::span<const int32_t> text_tokens) const = 0;
};

struct TranscribeSpec {
  enum class Output : uint8_t { kTranscript, kEnglish };
  enum class Timestamps : uint8_t { kNone, kSegments };
  enum class Pauses : uint8_t { kRead, kSkip };
  enum class PreviousText : uint8_t { kForget, kShow };

  SpeechTokens tokens;
  std::vector<int32_t> suppressed;        // never written
  std::vector<int32_t> suppressed_first;  // not as the first token
  int32_t language = -1;                  // its token; -1: found for each clip
  Output output = Output::kTranscript;
  Timestamps timestamps = Timestamps::kSegments;
  Pauses pauses = Pauses::kRead;  // whether windows begin in pauses, or behind them
  uint32_t max_tokens = 224;      // of a window, as far as the context has room
  uint32_t max_positions = 448;   // the model's context
  std::vector<int32_t> prompt;    // text that is shown before every window, as if said before
  PreviousText previous_text = PreviousText::kForget;  // what was written of the same clip
  uint32_t beam = 1;  // hypotheses that are kept at temperature 0; 1: greedy
  // A window whose text is repetitive, or whose tokens have less than this log-probability on
  // average, is tried again with the next temperature.
  std::vector<float> temperatures = {0.0f, 0.2f, 0.4f, 0.6f, 0.8f, 1.0f};
  double min_log_probability = -1.0;
  // A window is silent where <|nospeech|> is likelier than this and its tokens are as unlikely as
  // above.
  double max_no_speech = 0.6;
  uint64_t seed = 0;
  std::shared_ptr<const RepetitionRule> repetition;  // may be null
};

}  // namespace rowmill
