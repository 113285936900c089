#include "media/log_mel.h"

#include <algorithm>

#include "base/check.h"
#include "base/real_math.h"

namespace rowmill {
namespace {

constexpr size_t kFrame = 400;
constexpr double kTwoPi = 0x1.921fb54442d18p+2;
constexpr double kLog10OfE = 0x1.bcb7b1526e50ep-2;
constexpr double kFloor = 1e-10;

// Slaney's scale: 200 / 3 Hz to a mel up to 1000 Hz, beyond that 27 mel for a factor of 6.4.
constexpr double kHzPerMel = 200.0 / 3.0;
constexpr double kLinearMels = 15.0;

double HzOf(double mel) {
  if (mel < kLinearMels) return mel * kHzPerMel;
  return 1000.0 * RealExp((mel - kLinearMels) * (RealLog(6.4) / 27.0));
}
double MelOf(double hz) {
  if (hz < 1000.0) return hz / kHzPerMel;
  return kLinearMels + RealLog(hz / 1000.0) * 27.0 / RealLog(6.4);
}

}  // namespace

void MelFrames::Read(size_t begin, size_t count, std::span<float> out) const {
  CHECK(out.size() == count * num_bands && begin <= num_frames());
  const size_t there = std::min(count, num_frames() - begin);
  const float least = largest - 8.0f;
  const float* from = log_power.data() + begin * num_bands;
  for (size_t i = 0; i < there * num_bands; ++i) {
    out[i] = (std::max(from[i], least) + 4.0f) / 4.0f;
  }
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(there * num_bands), out.end(), 0.0f);
}

size_t MelFrames::NextSound(size_t begin) const {
  constexpr float kQuiet = 4.0f;  // 40 dB
  constexpr size_t kLead = kMelFramesPerSecond / 5;
  const auto is_quiet = [&](size_t frame) {
    const float* bands = log_power.data() + frame * num_bands;
    return std::all_of(bands, bands + num_bands,
                       [&](float value) { return value < largest - kQuiet; });
  };
  size_t frame = begin;
  while (frame < num_frames() && is_quiet(frame)) ++frame;
  if (frame == num_frames()) return frame;
  return frame - begin < kMelFramesPerSecond ? begin : frame - kLead;
}

LogMel::LogMel(size_t num_bands) : fourier_(kFrame), window_(kFrame), bands_(num_bands) {
  CHECK(num_bands >= 1);
  for (size_t i = 0; i < kFrame; ++i) {
    window_[i] = 0.5 - 0.5 * RealSinCos(kTwoPi * static_cast<double>(i) / kFrame).cos;
  }
  const double top = MelOf(kSpeechRate / 2.0);
  const auto edge = [&](size_t i) {
    return HzOf(top * static_cast<double>(i) / static_cast<double>(num_bands + 1));
  };
  for (size_t band = 0; band < num_bands; ++band) {
    const double low = edge(band), middle = edge(band + 1), high = edge(band + 2);
    // A triangle of the same area for each band.
    for (size_t bin = 0; bin < fourier_.num_bins(); ++bin) {
      const double hz = static_cast<double>(bin) * kSpeechRate / kFrame;
      const double weight = std::min((hz - low) / (middle - low), (high - hz) / (high - middle));
      if (weight <= 0.0) continue;
      Band& b = bands_[band];
      if (b.weights.empty()) b.first_bin = bin;
      b.weights.push_back(weight * (2.0 / (high - low)));
    }
  }
}

void LogMel::ComputeFrame(std::span<const float> samples, size_t frame,
                          RealFourier::Scratch& scratch, std::span<double> work,
                          std::span<float> out) const {
  const std::span<double> x = work.first(kFrame);
  const std::span<double> power = work.subspan(kFrame, fourier_.num_bins());
  bool is_silent = true;
  for (size_t i = 0; i < kFrame; ++i) {
    // The mirror image has the first sample once.
    size_t at = frame * kSamplesPerMelFrame + i;
    at = at >= kFrame / 2 ? at - kFrame / 2 : kFrame / 2 - at;
    const float sample = at < samples.size() ? samples[at] : 0.0f;
    is_silent = is_silent && sample == 0.0f;
    x[i] = static_cast<double>(sample) * window_[i];
  }
  if (is_silent) {
    std::fill(out.begin(), out.end(), -10.0f);
    return;
  }
  fourier_.PowerSpectrum(x, scratch, power);
  for (size_t band = 0; band < bands_.size(); ++band) {
    const Band& b = bands_[band];
    double sum = 0.0;
    for (size_t i = 0; i < b.weights.size(); ++i) sum += b.weights[i] * power[b.first_bin + i];
    out[band] = static_cast<float>(RealLog(std::max(sum, kFloor)) * kLog10OfE);
  }
}

MelFrames LogMel::Compute(std::span<const float> samples) const {
  MelFrames frames;
  frames.num_bands = num_bands();
  const size_t num_frames = samples.size() / kSamplesPerMelFrame;
  frames.log_power.resize((num_frames + 1) * num_bands());
  RealFourier::Scratch scratch;
  std::vector<double> work(kFrame + fourier_.num_bins());
  for (size_t frame = 0; frame <= num_frames; ++frame) {
    const std::span<float> out = {frames.log_power.data() + frame * num_bands(), num_bands()};
    ComputeFrame(samples, frame, scratch, work, out);
    for (const float value : out) frames.largest = std::max(frames.largest, value);
  }
  frames.log_power.resize(num_frames * num_bands());
  return frames;
}

}  // namespace rowmill
