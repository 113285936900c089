// Any bytes as a sound file that begins like a WAV file. Accepted means as many samples as were
// announced, all of them finite, and resampling and features that go through.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "media/log_mel.h"
#include "media/wav.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (!rowmill::IsWav(bytes)) return 0;
  rowmill::AudioInfo inspected, info;
  std::vector<float> samples;
  const std::string error = rowmill::InspectWav(bytes, inspected);
  if (error != rowmill::DecodeWav(bytes, info, samples)) std::abort();
  if (!error.empty()) return 0;
  if (samples.size() != info.num_frames || inspected.num_frames != info.num_frames) std::abort();
  for (const float sample : samples) {
    if (!(sample >= -16.0f && sample <= 16.0f)) std::abort();
  }
  static const rowmill::LogMel log_mel(80);
  if (samples.size() < 100000) log_mel.Compute(samples);
  return 0;
}
