// Writes the text of one window of sound, token by token, under a speech model that somebody else
// runs: prompt, language, greedy choice or beam search, and further attempts at higher temperatures
// where the text is no good (Whisper, arXiv:2212.04356, section 4.5).
//
// A window's answer is a function of its logits and its key alone. Token ids only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/hash.h"
#include "decode/beam_search.h"
#include "decode/sampler.h"
#include "decode/speech_rules.h"
#include "decode/transcribe_spec.h"
#include "kernels/kernels.h"

namespace rowmill {

// Where samples of a window come from.
struct WindowKey {
  Digest128 clip;            // of the clip's content
  uint32_t begin_frame = 0;  // of the window
};

class WindowDecoder {
 public:
  // `language`: its token; -1 where it is to be found, or the model knows one alone. `before`: what
  // the model reads in front of the start token (decode/previous_text.h). `spec` and `kernels`
  // outlive the object.
  WindowDecoder(const TranscribeSpec& spec, const kernels::KernelTable& kernels,
                const WindowKey& key, int32_t language, std::vector<int32_t> before = {});

  // Tokens of the prompt behind `before` at most: start, language, task and no-timestamps.
  static constexpr size_t kMaxPrompt = 4;

  // A round: for each branch the model reads its next tokens, at least one, and shows the logits
  // behind the last, which may be overwritten; then comes Advance. There is one branch, but for
  // beam search.
  size_t num_branches() const { return branches_.size(); }
  std::span<const int32_t> next_tokens(size_t branch) const { return branches_[branch].tokens; }
  void Look(size_t branch, std::span<float> logits);
  void Advance();
  // Which branch of the last round each of this one continues.
  size_t parent(size_t branch) const { return branches_[branch].parent; }
  // Whether an attempt begins: what was read before is forgotten.
  bool is_restart() const { return is_restart_; }
  bool done() const { return stage_ == Stage::kDone; }

  // ---- When done ----

  bool finite() const { return finite_; }  // false: nothing below means anything
  const std::vector<int32_t>& tokens() const { return best_->tokens; }
  double log_probability() const { return best_->log_probability; }  // mean of tokens and end
  double no_speech() const { return no_speech_; }                    // probability
  bool is_repetitive() const { return best_->is_repetitive; }        // of the best that was written
  uint32_t attempt() const { return best_->number; }                 // index of its temperature
  int32_t language() const { return language_; }
  bool is_silent() const;

 private:
  // kLanguage: the start token alone, since what was said before is no evidence of the language.
  enum class Stage : uint8_t { kLanguage, kStart, kPrompt, kText, kDone };
  struct Attempt {
    std::vector<int32_t> tokens;
    double log_probability = 0.0;
    bool is_repetitive = false;
    uint32_t number = 0;
  };

  struct Branch {
    std::vector<int32_t> tokens;
    size_t parent = 0;
  };

  bool IsSearching() const;
  void LookAtStart(std::span<const float> logits);
  void Write(std::span<float> logits);
  void EndAttempt(bool is_loop);
  void BeginAttempt();
  std::vector<int32_t> PromptToStart() const;
  std::vector<int32_t> PromptBehindStart() const;

  const TranscribeSpec& spec_;
  const kernels::KernelTable& kernels_;
  SpeechRules rules_;
  WindowKey key_;
  int32_t language_;
  std::vector<int32_t> before_;
  size_t max_tokens_ = 0;  // what the context has room for
  Stage stage_ = Stage::kStart;
  bool is_restart_ = true;
  bool finite_ = true;
  double no_speech_ = 0.0;
  std::vector<Branch> branches_;
  std::optional<BeamSearch> search_;  // of this attempt
  Attempt current_;
  double log_probability_sum_ = 0.0;
  std::optional<Attempt> best_;
};

}  // namespace rowmill
