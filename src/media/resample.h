// Brings samples to another rate: a windowed sinc (Kaiser), one set of coefficients for each of the
// places that an output sample can have between input samples (polyphase).
//
// The passband reaches to 0.913 of the lower rate's half with less than 0.001 dB of ripple, what
// lies above that half is 85 dB down; soxr's "HQ" has the same passband.
// Paper: J. O. Smith, "Digital Audio Resampling", 1984; J. F. Kaiser, 1974 (window).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rowmill {

// Why the rates cannot be brought together; empty where they can. Rates with no common divisor
// would take tables of gigabytes.
std::string CheckRates(uint32_t from, uint32_t to);

// Samples at the rate `to`: ceil(samples.size() * to / from) of them, the first at the time of the
// first. Before the first and behind the last sample is silence. The rates fit (CheckRates):
// CHECKed.
std::vector<float> Resample(std::span<const float> samples, uint32_t from, uint32_t to);

}  // namespace rowmill
