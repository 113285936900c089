#include "decode/window_decoder.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/real_math.h"

namespace rowmill {

WindowDecoder::WindowDecoder(const TranscribeSpec& spec, const kernels::KernelTable& kernels,
                             const WindowKey& key, int32_t language, std::vector<int32_t> before)
    : spec_(spec),
      kernels_(kernels),
      rules_(spec, kernels),
      key_(key),
      language_(language),
      before_(std::move(before)),
      branches_(1) {
  CHECK(!spec.temperatures.empty() && spec.max_tokens >= 1);
  const size_t around = before_.size() + kMaxPrompt + 1;  // the token that ends it is one too
  CHECK(around < spec.max_positions);
  max_tokens_ = std::min<size_t>(spec.max_tokens, spec.max_positions - around);
  const bool finds_language = language_ < 0 && !spec.tokens.languages.empty();
  if (finds_language && !before_.empty()) {
    stage_ = Stage::kLanguage;
    branches_[0].tokens = {spec.tokens.start};
  } else {
    branches_[0].tokens = PromptToStart();
  }
}

std::vector<int32_t> WindowDecoder::PromptToStart() const {
  std::vector<int32_t> prompt = before_;
  prompt.push_back(spec_.tokens.start);
  return prompt;
}

std::vector<int32_t> WindowDecoder::PromptBehindStart() const {
  std::vector<int32_t> prompt;
  if (!spec_.tokens.languages.empty()) {
    prompt.push_back(language_);
    prompt.push_back(spec_.output == TranscribeSpec::Output::kEnglish ? spec_.tokens.translate
                                                                      : spec_.tokens.transcribe);
  }
  if (spec_.timestamps == TranscribeSpec::Timestamps::kNone) {
    prompt.push_back(spec_.tokens.no_timestamps);
  }
  return prompt;
}

bool WindowDecoder::is_silent() const {
  return no_speech_ > spec_.max_no_speech && best_->log_probability <= spec_.min_log_probability;
}

bool WindowDecoder::IsSearching() const {
  return spec_.beam > 1 && spec_.temperatures[current_.number] == 0.0f;
}

void WindowDecoder::Look(size_t branch, std::span<float> logits) {
  if (done()) return;  // Another branch's logits were not finite.
  is_restart_ = false;
  if (stage_ == Stage::kLanguage) {
    LookAtStart(logits);
    if (done()) return;
    branches_[0].tokens = PromptToStart();
    is_restart_ = true;
    stage_ = Stage::kStart;
    return;
  }
  if (stage_ == Stage::kStart) {
    LookAtStart(logits);
    if (done()) return;
    branches_[0].tokens = PromptBehindStart();
    stage_ = Stage::kPrompt;
    // Models of one language that write timestamps have no more prompt.
    if (!branches_[0].tokens.empty()) return;
  }
  stage_ = Stage::kText;
  if (!IsSearching()) return Write(logits);
  if (!search_) {
    BeamOptions options;
    options.beam = spec_.beam;
    options.end_token = spec_.tokens.end;
    search_.emplace(options, max_tokens_ + 1);
  }
  rules_.Apply(search_->open()[branch].tokens, logits);
  if (!search_->Look(branch, logits, kernels_)) {
    finite_ = false;
    stage_ = Stage::kDone;
  }
}

void WindowDecoder::Advance() {
  if (done() || !search_) return;
  search_->Advance();
  branches_.clear();
  for (const Hypothesis& hypothesis : search_->open()) {
    branches_.push_back({{hypothesis.tokens.back()}, hypothesis.parent});
  }
  if (!branches_.empty()) return;
  current_.tokens = search_->answer();
  log_probability_sum_ = search_->answer_log_probability();
  search_.reset();
  EndAttempt(EndsInLoop(current_.tokens));
}

// The probability of silence, and the likeliest language.
void WindowDecoder::LookAtStart(std::span<const float> logits) {
  const double log_sum = LogSumExp(logits, kernels_);
  if (!IsFinite(log_sum)) {
    finite_ = false;
    stage_ = Stage::kDone;
    return;
  }
  if (spec_.tokens.no_speech >= 0) {
    const double logit = static_cast<double>(logits[static_cast<size_t>(spec_.tokens.no_speech)]);
    no_speech_ = RealExp(std::clamp(logit - log_sum, -700.0, 0.0));
  }
  if (language_ >= 0 || spec_.tokens.languages.empty()) return;
  float best = 0.0f;
  for (const int32_t language : spec_.tokens.languages) {
    const float logit = logits[static_cast<size_t>(language)];
    if (language_ < 0 || logit > best) {
      language_ = language;
      best = logit;
    }
  }
}

void WindowDecoder::Write(std::span<float> logits) {
  rules_.Apply(current_.tokens, logits);
  SamplingOptions sampling;
  sampling.temperature = spec_.temperatures[current_.number];
  sampling.seed = spec_.seed;
  const SampleKey key = {key_.clip, key_.begin_frame,
                         static_cast<uint32_t>(current_.tokens.size())};
  const SampledToken sample = Sampler(sampling, kernels_).Pick(logits, key, {});
  if (!sample.finite) {
    finite_ = false;
    stage_ = Stage::kDone;
    return;
  }
  log_probability_sum_ += static_cast<double>(sample.log_probability);
  if (sample.token == spec_.tokens.end) return EndAttempt(false);
  current_.tokens.push_back(sample.token);
  branches_[0].tokens = {sample.token};
  const bool is_loop = EndsInLoop(current_.tokens);
  if (is_loop || current_.tokens.size() == max_tokens_) EndAttempt(is_loop);
}

void WindowDecoder::EndAttempt(bool is_loop) {
  current_.log_probability = log_probability_sum_ / static_cast<double>(current_.tokens.size() + 1);
  current_.is_repetitive = is_loop;
  if (!is_loop && spec_.repetition != nullptr) {
    std::vector<int32_t> text;
    for (const int32_t token : current_.tokens) {
      if (token < spec_.tokens.end) text.push_back(token);
    }
    current_.is_repetitive = spec_.repetition->IsRepetitive(text);
  }
  const bool is_unlikely = current_.log_probability < spec_.min_log_probability;
  const bool is_good = (!current_.is_repetitive && !is_unlikely) ||
                       (is_unlikely && no_speech_ > spec_.max_no_speech);
  // A good one counts whatever came before; of bad ones the likeliest, before those that repeat.
  const bool is_better = is_good || !best_ || (best_->is_repetitive && !current_.is_repetitive) ||
                         (best_->is_repetitive == current_.is_repetitive &&
                          current_.log_probability > best_->log_probability);
  const uint32_t next = current_.number + 1;
  if (is_better) best_ = std::move(current_);
  current_ = {};
  current_.number = next;
  if (is_good || next == spec_.temperatures.size()) {
    stage_ = Stage::kDone;
  } else {
    BeginAttempt();
  }
}

void WindowDecoder::BeginAttempt() {
  log_probability_sum_ = 0.0;
  branches_.assign(1, {PromptToStart(), 0});
  const std::vector<int32_t> behind = PromptBehindStart();
  branches_[0].tokens.insert(branches_[0].tokens.end(), behind.begin(), behind.end());
  is_restart_ = true;
  stage_ = Stage::kPrompt;
}

}  // namespace rowmill
