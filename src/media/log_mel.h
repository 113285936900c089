// What Whisper hears: the logarithm of the power in a number of mel bands, a hundred times a
// second.
//
// From samples at 16 kHz: frames of 400 under a periodic Hann window, 160 apart, the first centred
// at the first sample (what lies before it is its mirror image, what lies behind the last is
// silence); their power spectrum; mel bands as Slaney's Auditory Toolbox has them, 0 to 8 kHz;
// log10 of at least 1e-10. A clip's numbers are then raised to at least 8 below its largest one and
// brought to (x + 4) / 4.
// Papers: Whisper, arXiv:2212.04356, section 2.2; M. Slaney, Auditory Toolbox, 1998.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "media/fourier.h"

namespace rowmill {

inline constexpr uint32_t kSpeechRate = 16000;      // samples per second
inline constexpr size_t kSamplesPerMelFrame = 160;  // 10 ms
inline constexpr size_t kMelFramesPerSecond = kSpeechRate / kSamplesPerMelFrame;

// A clip's frames.
struct MelFrames {
  size_t num_bands = 0;
  std::vector<float> log_power;  // [num_frames, num_bands], log10, not yet raised and brought
  float largest = -10.0f;        // of all, that of one frame behind the end included

  size_t num_frames() const { return num_bands == 0 ? 0 : log_power.size() / num_bands; }
  // out[count, num_bands] = the frames from `begin` on as the model reads them, zeros behind the
  // last.
  void Read(size_t begin, size_t count, std::span<float> out) const;
  // Where the next sound begins, from `begin` on: the first frame that is not quiet (all of its
  // bands 40 dB below the clip's largest), less a lead of 0.2 seconds; num_frames() where all are.
  // Quiet of less than a second is no pause: then `begin`.
  size_t NextSound(size_t begin) const;
};

class LogMel {
 public:
  explicit LogMel(size_t num_bands);

  size_t num_bands() const { return bands_.size(); }
  // One frame for every whole 160 samples. Thread-safe.
  MelFrames Compute(std::span<const float> samples) const;

 private:
  struct Band {
    size_t first_bin = 0;
    std::vector<double> weights;
  };
  void ComputeFrame(std::span<const float> samples, size_t frame, RealFourier::Scratch& scratch,
                    std::span<double> work, std::span<float> out) const;

  RealFourier fourier_;
  std::vector<double> window_;  // [400]
  std::vector<Band> bands_;
};

}  // namespace rowmill
