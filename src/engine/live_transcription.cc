#include "engine/live_transcription.h"

#include <algorithm>

#include "base/check.h"
#include "decode/window_decoder.h"

namespace rowmill {
namespace {

constexpr size_t kBlock = kSpeechRate / 10;  // 0.1 seconds, ten mel frames
constexpr size_t kPauseBlocks = 5;
constexpr size_t kLeastLoudBlocks = 2;  // a click is no utterance
constexpr size_t kLeadBlocks = 3;       // that are kept of what was quiet before an utterance
// 30 dB below the loudest that was heard lately is quiet, and 80 dB below full scale always.
constexpr double kQuiet = 1e-3;
constexpr double kSilence = 1e-8;
// What was loud is half as loud after ten seconds.
constexpr double kDecayPerBlock = 0.993;

}  // namespace

LiveTranscription::LiveTranscription(const Whisper& model, const TranscribeSpec& spec,
                                     const kernels::KernelTable& kernels, ThreadTeam& team)
    : model_(model),
      spec_(spec),
      kernels_(kernels),
      team_(team),
      log_mel_(model.config().num_mel_bands),
      workspace_(model, PreviousText::MaxTokens(spec) + WindowDecoder::kMaxPrompt,
                 team.num_threads()),
      source_(model.kv_shape(), BlocksFor(model.config().num_positions)),
      past_(model.kv_shape(), BlocksFor(model.config().max_seq_len)),
      language_(spec.language),
      previous_(spec_) {
  spec_.beam = 1;
}

void LiveTranscription::Feed(std::span<const float> samples, Visitor visit) {
  samples_.insert(samples_.end(), samples.begin(), samples.end());
  while (samples_.size() - num_looked_at_ >= kBlock) TakeBlock(visit);
}

void LiveTranscription::Finish(Visitor visit) {
  num_looked_at_ = samples_.size();
  if (num_loud_ >= kLeastLoudBlocks) Write(visit);
}

void LiveTranscription::TakeBlock(Visitor visit) {
  double power = 0.0;
  for (size_t i = 0; i < kBlock; ++i) {
    const double sample = static_cast<double>(samples_[num_looked_at_ + i]);
    power += sample * sample;
  }
  power /= kBlock;
  num_looked_at_ += kBlock;
  loudest_ = std::max(loudest_ * kDecayPerBlock, power);
  if (power > kSilence && power > loudest_ * kQuiet) {
    ++num_loud_;
    num_quiet_ = 0;
  } else {
    ++num_quiet_;
  }
  const size_t window = model_.frames_per_window() * kSamplesPerMelFrame;
  if (num_loud_ >= kLeastLoudBlocks &&
      (num_quiet_ >= kPauseBlocks || num_looked_at_ + kBlock > window)) {
    Write(visit);
  } else if (num_loud_ < kLeastLoudBlocks && num_quiet_ >= kPauseBlocks) {
    num_loud_ = 0;
    const size_t kept = std::min(num_looked_at_, kLeadBlocks * kBlock);
    Drop(num_looked_at_ - kept);
  }
}

void LiveTranscription::Drop(size_t num_samples) {
  CHECK(num_samples <= samples_.size());
  samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(num_samples));
  first_sample_ += num_samples;
  num_looked_at_ -= std::min(num_looked_at_, num_samples);
}

void LiveTranscription::Write(Visitor visit) {
  // What was not looked at yet may be there or not, as the samples come in.
  const MelFrames frames = log_mel_.Compute(std::span(samples_).first(
      std::min(num_looked_at_, model_.frames_per_window() * kSamplesPerMelFrame)));
  std::vector<float> mel(model_.frames_per_window() * log_mel_.num_bands());
  frames.Read(0, model_.frames_per_window(), mel);
  EncodedSource source = {&source_, 0};
  model_.Encode(mel, workspace_, team_, source);

  const auto begin_frame = static_cast<uint32_t>(first_sample_ / kSamplesPerMelFrame);
  WindowDecoder decoder(spec_, kernels_, {{}, begin_frame}, language_, previous_.Tokens());
  KvSequence past;
  past.own = &past_;
  while (!decoder.done()) {
    if (decoder.is_restart()) past.length = 0;
    SpeechBatch batch;
    const std::span<const int32_t> tokens = decoder.next_tokens(0);
    batch.tokens.tokens.assign(tokens.begin(), tokens.end());
    const auto count = static_cast<uint32_t>(tokens.size());
    batch.tokens.sequences = {{&past, 0, count}};
    batch.tokens.outputs = {count - 1};
    batch.sources = {&source};
    model_.Forward(batch, workspace_, team_,
                   [&](size_t, std::span<float> logits) { decoder.Look(0, logits); });
    decoder.Advance();
  }
  TranscribedWindow window;
  window.begin_frame = begin_frame;
  window.num_frames = static_cast<uint32_t>(frames.num_frames());
  uint32_t advance = window.num_frames;
  if (decoder.finite()) {
    window.language = decoder.language();
    window.attempt = decoder.attempt();
    window.log_probability = decoder.log_probability();
    window.no_speech = decoder.no_speech();
    language_ = decoder.language();
    if (!decoder.is_silent() && !decoder.is_repetitive()) window.tokens = decoder.tokens();
    const WindowSegments split = SplitWindow(window, spec_.tokens);
    if (!window.tokens.empty()) previous_.Add(window, split.said);
    // Behind a pause nothing is left over.
    if (num_quiet_ < kPauseBlocks) advance = split.advance;
    visit(window);
  } else {
    past_.Clear();
  }
  Drop(std::min(num_looked_at_, advance * kSamplesPerMelFrame) / kBlock * kBlock);
  num_loud_ = num_quiet_ < kPauseBlocks ? kLeastLoudBlocks : 0;
}

}  // namespace rowmill
