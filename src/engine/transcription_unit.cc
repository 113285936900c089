#include "engine/transcription_unit.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "decode/previous_text.h"
#include "media/audio.h"
#include "media/resample.h"
#include "tasks/media_rows.h"

namespace rowmill {
namespace {

using Clock = std::chrono::steady_clock;

// Windows of a unit that are written at a time. A step reads the weights once for all of them and
// each one's own keys and values (18 MB of Whisper base); with more than this the latter are nearly
// all, so that nothing is gained.
constexpr size_t kMaxWindows = 16;
// Quieter than half a step of 16 bits: no sound at all.
constexpr float kSilence = 1.0f / 65536.0f;

// Tokens of a window, the prompt and the end included.
size_t MaxTarget(const TranscribeSpec& spec) {
  const size_t prompt = PreviousText::MaxTokens(spec) + WindowDecoder::kMaxPrompt;
  return std::min<size_t>(prompt + spec.max_tokens + 1, spec.max_positions);
}

}  // namespace

struct TranscriptionUnit::Clip {
  UnitOutcome outcome;
  Digest128 digest;
  MelFrames frames;
  uint32_t next_frame = 0;
  int32_t language = -1;
  PreviousText previous;
  uint32_t cost = 0;
  Clock::time_point admitted;

  explicit Clip(const TranscribeSpec& spec) : previous(spec) {}
};

struct TranscriptionUnit::Window {
  Clip& clip;
  uint32_t num_frames;
  EncodedSource source;
  std::vector<KvSequence> pasts;  // [branches of the decoder]
  WindowDecoder decoder;
};

size_t TranscriptionUnit::WindowBytes(const Whisper& model, const TranscribeSpec& spec) {
  // While hypotheses are exchanged, both generations are there.
  const size_t num_pasts = spec.beam == 1 ? 1 : 2 * spec.beam;
  return KvPool::BytesFor(model.kv_shape(), model.config().num_positions) +
         num_pasts * KvPool::BytesFor(model.kv_shape(), MaxTarget(spec));
}

size_t TranscriptionUnit::MaxWindows(const Whisper& model, const TranscribeSpec& spec,
                                     const UnitOptions& options) {
  const size_t fitting = options.kv_bytes / WindowBytes(model, spec);
  return std::clamp<size_t>(std::min(fitting, options.max_rows), 1, kMaxWindows);
}

size_t TranscriptionUnit::ClipBytes(const Whisper& model, size_t seconds) {
  const size_t features = model.config().num_mel_bands * kMelFramesPerSecond;
  // The samples twice: as they are in the file at 48 kHz, and at 16.
  return seconds * (features + 48000 + kSpeechRate) * sizeof(float);
}

size_t TranscriptionUnit::MaxTokens(const TranscribeSpec& spec) {
  return kMaxWindows * std::max<size_t>(WindowDecoder::kMaxPrompt, spec.beam) +
         PreviousText::MaxTokens(spec);
}

size_t TranscriptionUnit::WorkspaceBytes(const Whisper& model, const TranscribeSpec& spec,
                                         size_t num_threads) {
  return WhisperWorkspace::BytesFor(model, MaxTokens(spec), num_threads);
}

size_t TranscriptionUnit::WindowsBytes(const Whisper& model, const TranscribeSpec& spec,
                                       const UnitOptions& options) {
  return MaxWindows(model, spec, options) * WindowBytes(model, spec);
}

TranscriptionUnit::TranscriptionUnit(const Whisper& model, const TranscribeSpec& spec,
                                     const TranscriptionContext& context)
    : model_(model),
      spec_(spec),
      kernels_(context.kernels),
      options_(context.options),
      file_system_(context.file_system),
      team_(context.team),
      log_mel_(model.config().num_mel_bands),
      workspace_(model, MaxTokens(spec), context.team.num_threads()),
      pool_(model.kv_shape()),
      mel_(model.frames_per_window() * model.config().num_mel_bands) {
  CHECK(MaxTarget(spec) <= model.config().max_seq_len);
}

TranscriptionUnit::~TranscriptionUnit() = default;

// Returns why the clip has no answer; empty where it has frames.
std::string TranscriptionUnit::OpenClip(const UnitRow& row, Clip& clip) {
  std::vector<std::byte> content;
  std::string error = ReadPlannedFile(file_system_, row.path, row.tokens, content);
  if (!error.empty()) return error;
  AudioInfo info;
  std::vector<float> samples;
  error = DecodeAudio(content, info, samples);
  if (error.empty()) error = CheckRates(info.sample_rate, kSpeechRate);
  if (!error.empty()) return error;
  const bool is_silent = std::none_of(samples.begin(), samples.end(), [](float sample) {
    return sample > kSilence || sample < -kSilence;
  });
  if (is_silent) return "the clip is silent";
  clip.frames = log_mel_.Compute(Resample(samples, info.sample_rate, kSpeechRate));
  if (clip.frames.num_frames() == 0) return "the clip is shorter than 10 ms";
  SkipPause(clip);
  return "";
}

void TranscriptionUnit::SkipPause(Clip& clip) const {
  if (spec_.pauses == TranscribeSpec::Pauses::kRead) return;
  if (clip.next_frame >= clip.frames.num_frames()) return;
  clip.next_frame = static_cast<uint32_t>(clip.frames.NextSound(clip.next_frame));
}

void TranscriptionUnit::Admit(RowFeed& feed, OutcomeSink& sink) {
  const size_t max_windows = MaxWindows(model_, spec_, options_);
  while (!feed_empty_ && windows_.size() < max_windows) {
    UnitRow row;
    const Clock::time_point start = Clock::now();
    feed_empty_ = !feed.Next(row);
    times_.wait_seconds += SecondsSince(start);
    if (feed_empty_) return;
    auto clip = std::make_unique<Clip>(spec_);
    clip->admitted = Clock::now();
    clip->outcome.row = row.row;
    clip->outcome.prompt_tokens = row.cost;
    clip->digest = row.digest;
    clip->cost = row.cost;
    clip->language = spec_.language;
    clip->outcome.error = OpenClip(row, *clip);
    times_.decode_seconds += SecondsSince(clip->admitted);
    if (step_log_ != nullptr) step_log_->Add(clip->admitted, Clock::now(), Work(), windows_.size());
    if (!clip->outcome.error.empty()) {
      PutClip(*clip, sink);
      continue;
    }
    OpenWindow(*clip);
    clips_.push_back(std::move(clip));
  }
}

KvSequence TranscriptionUnit::NewPast() {
  KvSequence past;
  past.own = pool_.Acquire(MaxTarget(spec_));
  return past;
}

void TranscriptionUnit::OpenWindow(Clip& clip) {
  const size_t left = clip.frames.num_frames() - clip.next_frame;
  const auto num_frames = static_cast<uint32_t>(std::min<size_t>(left, model_.frames_per_window()));
  const Clock::time_point start = Clock::now();
  clip.frames.Read(clip.next_frame, model_.frames_per_window(), mel_);
  auto window =
      std::make_unique<Window>(Window{clip,
                                      num_frames,
                                      {},
                                      {},
                                      WindowDecoder(spec_, kernels_, {clip.digest, clip.next_frame},
                                                    clip.language, clip.previous.Tokens())});
  window->source.keys_values = pool_.Acquire(model_.config().num_positions);
  window->pasts.push_back(NewPast());
  model_.Encode(mel_, workspace_, team_, window->source);
  times_.model_seconds += SecondsSince(start);
  ++times_.steps;
  times_.tokens += model_.config().num_positions;
  if (step_log_ != nullptr) {
    step_log_->Add(start, Clock::now(), model_.config().num_positions, windows_.size() + 1);
  }
  windows_.push_back(std::move(window));
}

void TranscriptionUnit::Step() {
  SpeechBatch batch;
  struct Place {
    WindowDecoder* decoder;
    size_t branch;
  };
  std::vector<Place> places;
  std::vector<Window*> in_step;
  for (const auto& window : windows_) {
    WindowDecoder& decoder = window->decoder;
    CHECK(window->pasts.size() == decoder.num_branches());
    // One long prompt has room beside what all others read, more of them come one after the other.
    size_t num_tokens = 0;
    for (size_t branch = 0; branch < decoder.num_branches(); ++branch) {
      num_tokens += decoder.next_tokens(branch).size();
    }
    if (batch.tokens.tokens.size() + num_tokens > MaxTokens(spec_)) continue;
    in_step.push_back(window.get());
    if (decoder.is_restart()) window->pasts[0].length = 0;
    for (size_t branch = 0; branch < decoder.num_branches(); ++branch) {
      const std::span<const int32_t> tokens = decoder.next_tokens(branch);
      const auto begin = static_cast<uint32_t>(batch.tokens.tokens.size());
      const auto count = static_cast<uint32_t>(tokens.size());
      batch.tokens.tokens.insert(batch.tokens.tokens.end(), tokens.begin(), tokens.end());
      batch.tokens.sequences.push_back({&window->pasts[branch], begin, count});
      batch.tokens.outputs.push_back(begin + count - 1);
      batch.sources.push_back(&window->source);
      places.push_back({&decoder, branch});
    }
  }
  const Clock::time_point start = Clock::now();
  double look_seconds = 0.0;
  model_.Forward(batch, workspace_, team_, [&](size_t output, std::span<float> logits) {
    const Clock::time_point look_start = Clock::now();
    places[output].decoder->Look(places[output].branch, logits);
    look_seconds += SecondsSince(look_start);
  });
  times_.model_seconds += SecondsSince(start) - look_seconds;
  const Clock::time_point advance_start = Clock::now();
  for (Window* window : in_step) {
    window->decoder.Advance();
    if (!window->decoder.done()) ExchangePasts(*window);
  }
  times_.decode_seconds += look_seconds + SecondsSince(advance_start);
  ++times_.steps;
  times_.tokens += batch.tokens.tokens.size();
  if (step_log_ != nullptr) {
    Work work;
    work[WorkKind::kStep] = 1.0;
    work[WorkKind::kAnswerToken] = static_cast<double>(batch.tokens.tokens.size());
    step_log_->Add(start, Clock::now(), work, in_step.size());
  }
}

// Gives every branch of the next round the past of the one that it continues.
void TranscriptionUnit::ExchangePasts(Window& window) {
  const WindowDecoder& decoder = window.decoder;
  if (decoder.num_branches() == 1 && window.pasts.size() == 1) return;
  std::vector<size_t> heirs(window.pasts.size(), 0);
  for (size_t i = 0; i < decoder.num_branches(); ++i) ++heirs[decoder.parent(i)];
  std::vector<KvSequence> next;
  for (size_t i = 0; i < decoder.num_branches(); ++i) {
    const size_t parent = decoder.parent(i);
    KvSequence& past = window.pasts[parent];
    if (--heirs[parent] == 0) {
      next.push_back(past);
      past.own = nullptr;
      continue;
    }
    next.push_back(NewPast());
    next.back().length = past.length;
    for (size_t block = 0; block < BlocksFor(past.length); ++block) {
      next.back().own->CopyBlock(*past.own, block, block);
    }
  }
  for (const KvSequence& past : window.pasts) {
    if (past.own != nullptr) pool_.Release(past.own);
  }
  window.pasts = std::move(next);
}

bool TranscriptionUnit::CloseWindow(Window& window) {
  Clip& clip = window.clip;
  const WindowDecoder& decoder = window.decoder;
  UnitOutcome& outcome = clip.outcome;
  for (const KvSequence& past : window.pasts) {
    if (!decoder.finite()) past.own->Clear();
    pool_.Release(past.own);
  }
  pool_.Release(window.source.keys_values);
  if (!decoder.finite()) {
    outcome.decoded.finite = false;
    return false;
  }
  if (decoder.is_repetitive() && !decoder.is_silent()) {
    const size_t second = clip.next_frame / kMelFramesPerSecond;
    outcome.error = "the model says the same over and over in what begins at second " +
                    std::to_string(second) + ", at every temperature";
    return false;
  }
  TranscribedWindow transcribed = {clip.next_frame,
                                   window.num_frames,
                                   decoder.language(),
                                   decoder.attempt(),
                                   decoder.log_probability(),
                                   decoder.no_speech(),
                                   {}};
  if (!decoder.is_silent()) transcribed.tokens = decoder.tokens();
  // The first window's language is the clip's.
  clip.language = decoder.language();
  const WindowSegments split = SplitWindow(transcribed, spec_.tokens);
  if (!decoder.is_silent()) clip.previous.Add(transcribed, split.said);
  clip.next_frame += split.advance;
  SkipPause(clip);
  AppendWindow(transcribed, outcome.decoded);
  return clip.next_frame < clip.frames.num_frames();
}

void TranscriptionUnit::PutClip(Clip& clip, OutcomeSink& sink) {
  UnitOutcome& outcome = clip.outcome;
  if (!outcome.error.empty() || !outcome.decoded.finite) {
    outcome.decoded.answers.clear();
    outcome.decoded.label_log_probs.clear();
  } else {
    outcome.decoded.finish = FinishReason::kEndToken;
  }
  outcome.computed_tokens = clip.cost;
  outcome.seconds = SecondsSince(clip.admitted);
  const Clock::time_point start = Clock::now();
  sink.Put(std::move(outcome));
  times_.wait_seconds += SecondsSince(start);
}

void TranscriptionUnit::Run(RowFeed& feed, OutcomeSink& sink, const std::atomic<bool>& stop) {
  feed_empty_ = false;
  while (!stop.load(std::memory_order_relaxed)) {
    Admit(feed, sink);
    if (windows_.empty()) break;
    Step();
    for (auto window = windows_.begin(); window != windows_.end();) {
      if (!(*window)->decoder.done()) {
        ++window;
        continue;
      }
      Clip& clip = (*window)->clip;
      const bool has_more = CloseWindow(**window);
      window = windows_.erase(window);
      if (has_more) {
        OpenWindow(clip);
      } else {
        PutClip(clip, sink);
        std::erase_if(clips_, [&](const auto& other) { return other.get() == &clip; });
      }
    }
  }
  windows_.clear();
  clips_.clear();
}

}  // namespace rowmill
