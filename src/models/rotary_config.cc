#include "models/rotary_config.h"

#include <numbers>

#include "base/real_math.h"

namespace rowmill {
namespace {

// Llama 3.1's scaling: wavelengths beyond original / low are stretched by `factor`, those below
// original / high are left alone, and between the two the frequency is mixed linearly in
// original / wavelength. The divisor of each frequency, as GGUF's converter writes it.
std::vector<float> Llama3Divisors(const ConfigReader& read, const RotaryConfig& config) {
  const double factor = read.Number("rope.scaling.factor", {.low = 1.0, .high = 1e6});
  const double low = read.Number("rope.scaling.low_freq_factor", {.low = 1e-6, .high = 1e6});
  const double high = read.Number("rope.scaling.high_freq_factor", {.low = 1e-6, .high = 1e6});
  if (!(low < high)) read.Fail("rope.scaling.high_freq_factor", "is not above low_freq_factor");
  const auto original =
      static_cast<double>(read.Count("rope.scaling.original_context_length", 1, size_t{1} << 30));
  std::vector<float> divisors(config.rotary_dim / 2);
  for (size_t i = 0; i < divisors.size(); ++i) {
    const double frequency = RealPow(
        config.base, -2.0 * static_cast<double>(i) / static_cast<double>(config.rotary_dim));
    const double turns = original * frequency / (2.0 * std::numbers::pi);  // original / wavelength
    double divisor = 1.0;
    if (turns < low) {
      divisor = factor;
    } else if (turns <= high) {
      const double share = (turns - low) / (high - low);
      divisor = 1.0 / ((1.0 - share) / factor + share);
    }
    divisors[i] = static_cast<float>(divisor);
  }
  return divisors;
}

}  // namespace

RotaryConfig RotaryConfig::Read(const ConfigReader& read, size_t head_dim) {
  RotaryConfig config;
  config.rotary_dim = read.CountOr("rope.dimension_count", head_dim, 2, head_dim);
  if (config.rotary_dim % 2 != 0) read.Fail("rope.dimension_count", "is odd");
  config.base = read.NumberOr("rope.freq_base", 10000.0, {.low = 1.0, .high = 1e12});
  const std::string scaling = read.TextOr("rope.scaling.type", "none");
  if (scaling == "linear") {
    config.scale = read.Number("rope.scaling.factor", {.low = 1e-3, .high = 1e6});
  } else if (scaling == "llama3") {
    config.divisors = Llama3Divisors(read, config);
  } else if (scaling != "none" && scaling != "default") {
    read.Fail("rope.scaling.type",
              "is '" + scaling + "', supported are none, default, linear and llama3");
  }
  return config;
}

void RotaryConfig::ReadDivisors(WeightLoader& load) {
  if (load.Has("rope_freqs.weight")) divisors = load.Vector("rope_freqs.weight", rotary_dim / 2);
}

RopeTable RotaryConfig::MakeTable(size_t num_positions) const {
  return RopeTable(
      {.rotary_dim = rotary_dim, .base = base, .scale = scale, .frequency_divisors = divisors},
      num_positions);
}

}  // namespace rowmill
