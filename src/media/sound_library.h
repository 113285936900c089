// FLAC, MP3, Ogg (Vorbis, Opus), AIFF and what else libsndfile knows. The library is looked for
// when it is first needed; without it such a file is a row with a status that says what to install.
//
// What it is not: part of the promise of equal bytes on every machine, as far as lossy formats go:
// their decoders round as they like, so that samples may differ between versions of the library.
// FLAC is exact.
// Specification: http://libsndfile.github.io/libsndfile/api.html, 1.2.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "media/audio.h"

namespace rowmill {

// As InspectAudio and DecodeAudio. Thread-safe.
std::string InspectBySoundLibrary(std::span<const std::byte> file, AudioInfo& info);
std::string DecodeBySoundLibrary(std::span<const std::byte> file, AudioInfo& info,
                                 std::vector<float>& samples);

}  // namespace rowmill
