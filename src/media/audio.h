// Sound files as one channel of samples: what is in a file (without decoding it), and the samples.
// WAV is read here (media/wav.h); FLAC, MP3, Ogg and more through libsndfile, where the machine has
// it (media/sound_library.h).
//
// What it is not: a resampler (media/resample.h), and no judge of what was said. Hostile input is
// expected; what is wrong with a file is a text for its row, never an exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rowmill {

struct AudioInfo {
  uint64_t num_frames = 0;   // samples per channel, as far as the file holds them
  uint32_t sample_rate = 0;  // per second
  uint32_t num_channels = 0;
  // The file ends before the samples that its header promises.
  bool is_cut = false;

  double seconds() const {
    return static_cast<double>(num_frames) / static_cast<double>(sample_rate);
  }
};

// Rates that are read, in samples per second.
inline constexpr uint32_t kMinSampleRate = 1000;
inline constexpr uint32_t kMaxSampleRate = 384000;
inline constexpr uint32_t kMaxChannels = 64;
// Of one channel: a day at 16 kHz. Longer files are refused, since their samples are in memory
// while they run.
inline constexpr uint64_t kMaxAudioFrames = uint64_t{24} * 3600 * 16000;

// Both return what is wrong with the file, in words for its row's `error`; empty where it is fine.
std::string InspectAudio(std::span<const std::byte> file, AudioInfo& info);
// `samples`: [num_frames], the mean of all channels, full scale is 1.
std::string DecodeAudio(std::span<const std::byte> file, AudioInfo& info,
                        std::vector<float>& samples);

// ---- For the readers ----

// The rest of Inspect: limits that hold for every format.
std::string CheckAudio(const AudioInfo& info);

}  // namespace rowmill
