// Speech as it is spoken: samples come in, and what was said comes out as soon as it is final. A
// pause of half a second ends an utterance, which is then written as one window; one that lasts
// longer than a window is cut where the model sets its last timestamp.
//
// What it is not: a job. Nothing is planned, kept or resumed, and where an utterance is cut depends
// on what came before it, not on how the samples were handed over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "decode/previous_text.h"
#include "decode/speech_segments.h"
#include "decode/transcribe_spec.h"
#include "kernels/kernels.h"
#include "media/log_mel.h"
#include "models/whisper.h"
#include "parallel/thread_team.h"

namespace rowmill {

class LiveTranscription {
 public:
  static constexpr uint32_t kSampleRate = kSpeechRate;
  // Gets each window that is final; its frames count from the first sample on.
  using Visitor = FunctionRef<void(const TranscribedWindow&)>;

  // All outlive the object. The spec's beam and pauses have no meaning here.
  LiveTranscription(const Whisper& model, const TranscribeSpec& spec,
                    const kernels::KernelTable& kernels, ThreadTeam& team);

  // One channel at 16 kHz, full scale is 1; as many or few as there are.
  void Feed(std::span<const float> samples, Visitor visit);
  // The rest, when no more samples come.
  void Finish(Visitor visit);

 private:
  void TakeBlock(Visitor visit);
  void Write(Visitor visit);
  void Drop(size_t num_samples);

  const Whisper& model_;
  TranscribeSpec spec_;
  const kernels::KernelTable& kernels_;
  ThreadTeam& team_;
  LogMel log_mel_;
  WhisperWorkspace workspace_;
  KvSegment source_;
  KvSegment past_;
  std::vector<float> samples_;  // not yet written
  size_t num_looked_at_ = 0;    // of those, in whole blocks
  uint64_t first_sample_ = 0;   // of the stream; a multiple of a block
  double loudest_ = 0.0;        // mean square of the loudest block, sinking slowly
  size_t num_loud_ = 0;         // blocks since the last window
  size_t num_quiet_ = 0;        // at the end
  int32_t language_ = -1;
  PreviousText previous_;
};

}  // namespace rowmill
