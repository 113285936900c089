// What is done with a row after its prompt has been read: score known answers, generate, or, with
// an encoder, take its vector; or score the end of what was read. Part of a task, the same for all
// rows of a job.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include "decode/label_trie.h"
#include "decode/linear_head.h"
#include "decode/sampler.h"
#include "decode/transcribe_spec.h"
#include "models/encoder.h"

namespace rowmill {

// Decides after each token whether the answer is complete for a reason that token ids alone do not
// show (a stop string). Implemented by tasks/, which knows text. Const and thread-safe.
class StopRule {
 public:
  virtual ~StopRule() = default;
  // `generated`: all tokens of the answer so far.
  virtual bool ShouldStop(std::span<const int32_t> generated) const = 0;
};

struct ScoreSpec {
  std::shared_ptr<const LabelTrie> trie;
};

struct GenerateSpec {
  SamplingOptions sampling;
  uint32_t max_tokens = 256;
  uint32_t num_samples = 1;
  std::vector<int32_t> end_tokens;            // sorted; an answer ends before one of them
  std::shared_ptr<const StopRule> stop_rule;  // may be null
};

// For encoders: what becomes of a text's output. With a head its label_log_probs are kept, without
// one the vector itself.
struct EncodeSpec {
  EncoderOutput output = EncoderOutput::kEmbedding;
  std::shared_ptr<const LinearHead> head;  // on embeddings; may be null
};

// Scores the last tokens of the input itself, of which each input says how many: a choice behind
// its question. One label, whose score is the sum that a LabelTrie would give for those tokens
// behind the others, bit for bit; but all of them run at once, as a prompt does.
struct ContinuationSpec {};

// For encoder-decoders. A row's tokens are one or more source texts, each up to and with the
// model's end token; a text of nothing but that token is not run and answered by it alone.
struct TranslateSpec {
  uint32_t beam = 1;
  double length_penalty = 1.0;
  uint32_t max_tokens = 512;  // of each text's answer
  size_t num_tokens = 0;      // of the tokeniser, where the model has more: those have no text
};

// For models of pictures. kClasses: the likeliest ones are kept as answers[0], the likeliest first
// and of equals the lower one, and their label_log_probs. kVector: the picture's vector, brought to
// length 1.
struct RecognizeSpec {
  enum class Output : uint8_t { kClasses, kVector };

  Output output = Output::kClasses;
  uint32_t top = 5;  // classes, at least 1
  uint64_t max_pixels = 0;
};

using DecodeSpec = std::variant<ScoreSpec, GenerateSpec, EncodeSpec, ContinuationSpec,
                                TranslateSpec, RecognizeSpec, TranscribeSpec>;

// Whether a token's numbers depend on what stands before it alone, so that a common beginning of
// prompts is computed once. An encoder's tokens see what follows them as well.
inline bool SharesPrefixes(const DecodeSpec& spec) {
  return std::holds_alternative<ScoreSpec>(spec) || std::holds_alternative<GenerateSpec>(spec) ||
         std::holds_alternative<ContinuationSpec>(spec);
}

enum class FinishReason : uint8_t {
  kScored,     // a row that is not generated
  kEndToken,   // the model ended its answer
  kStopRule,   // a stop string came up
  kMaxTokens,  // max_tokens reached
  kContext,    // no room left in the context
};

struct DecodeResult {
  bool finite = true;  // false: NaN came up; everything else is empty
  FinishReason finish = FinishReason::kScored;
  // [num_labels], ScoreSpec and EncodeSpec with labels; [1], ContinuationSpec; [top], RecognizeSpec
  std::vector<double> label_log_probs;
  // [num_samples], GenerateSpec, or [source texts], TranslateSpec; without the end token. [1],
  // RecognizeSpec: classes
  std::vector<std::vector<int32_t>> answers;
  std::vector<float>
      embedding;  // [embedding_dim], EncodeSpec without labels, RecognizeSpec's kVector
};

}  // namespace rowmill
