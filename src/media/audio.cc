#include "media/audio.h"

#include "media/sound_library.h"
#include "media/wav.h"

namespace rowmill {

std::string CheckAudio(const AudioInfo& info) {
  if (info.sample_rate < kMinSampleRate || info.sample_rate > kMaxSampleRate) {
    return "the sound file has " + std::to_string(info.sample_rate) +
           " samples per second; read are " + std::to_string(kMinSampleRate) + " to " +
           std::to_string(kMaxSampleRate);
  }
  if (info.num_channels < 1 || info.num_channels > kMaxChannels) {
    return "the sound file has " + std::to_string(info.num_channels) + " channels; read are 1 to " +
           std::to_string(kMaxChannels);
  }
  if (info.num_frames == 0) return "the sound file holds no samples";
  if (info.num_frames > kMaxAudioFrames) {
    return "the sound file is too long; cut it into parts of a day at 16 kHz at most";
  }
  return {};
}

std::string InspectAudio(std::span<const std::byte> file, AudioInfo& info) {
  info = {};
  if (file.empty()) return "the file is empty";
  return IsWav(file) ? InspectWav(file, info) : InspectBySoundLibrary(file, info);
}

std::string DecodeAudio(std::span<const std::byte> file, AudioInfo& info,
                        std::vector<float>& samples) {
  info = {};
  samples.clear();
  if (file.empty()) return "the file is empty";
  return IsWav(file) ? DecodeWav(file, info, samples) : DecodeBySoundLibrary(file, info, samples);
}

}  // namespace rowmill
