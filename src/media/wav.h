// WAV files (RIFF, RF64): PCM of 8, 16, 24 and 32 bits, floats of 32 and 64, and the A-law and
// mu-law of telephones, plain or "extensible".
//
// What it is not: a reader of compressed WAV (ADPCM, MP3 in a WAV).
// Specifications: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft,
// 1991); Multiple Channel Audio Data and WAVE Files (Microsoft); EBU Tech 3306 (RF64); ITU-T G.711.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "media/audio.h"

namespace rowmill {

bool IsWav(std::span<const std::byte> file);
// As InspectAudio and DecodeAudio.
std::string InspectWav(std::span<const std::byte> file, AudioInfo& info);
std::string DecodeWav(std::span<const std::byte> file, AudioInfo& info,
                      std::vector<float>& samples);

}  // namespace rowmill
