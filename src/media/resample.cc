#include "media/resample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/real_math.h"

namespace rowmill {
namespace {

// Zero crossings of the sinc on each side, the place where it is 6 dB down (of the lower rate's
// half), and the window's shape. By Kaiser's formula 85 dB and a transition from 0.913 to 1 take
// 59 crossings.
constexpr double kCrossings = 64.0;
constexpr double kCutoff = 0.9565;
constexpr double kBeta = 8.5;
constexpr double kPi = 0x1.921fb54442d18p+1;
constexpr uint64_t kMaxCoefficients = uint64_t{1} << 23;

// The modified Bessel function of order 0 by its power series, whose terms all have one sign.
double Bessel0(double x) {
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; k < 64; ++k) {
    term *= (x / 2.0 / k) * (x / 2.0 / k);
    sum += term;
  }
  return sum;
}

struct Ratio {
  uint64_t up;       // output samples ...
  uint64_t down;     // ... in the time of so many input samples
  double bandwidth;  // of the filter, in cycles per input sample, twice
  uint64_t half_taps;

  Ratio(uint32_t from, uint32_t to) {
    const uint32_t common = std::gcd(from, to);
    up = to / common;
    down = from / common;
    bandwidth = std::min(1.0, static_cast<double>(to) / from);
    half_taps = static_cast<uint64_t>(kCrossings / bandwidth) + 1;
  }
  // Padded to whole vectors of 16.
  uint64_t num_taps() const { return (2 * half_taps + 15) / 16 * 16; }
};

// coefficients[phase][tap] for the output at phase / up behind an input sample; tap half_taps - 1
// is that sample.
std::vector<float> MakeCoefficients(const Ratio& ratio) {
  const uint64_t num_taps = ratio.num_taps();
  std::vector<float> coefficients(ratio.up * num_taps, 0.0f);
  const double width = kCrossings / ratio.bandwidth;
  const double peak = Bessel0(kBeta);
  std::vector<double> taps(2 * ratio.half_taps);
  for (uint64_t phase = 0; phase < ratio.up; ++phase) {
    const double fraction = static_cast<double>(phase) / static_cast<double>(ratio.up);
    double sum = 0.0;
    for (size_t i = 0; i < taps.size(); ++i) {
      const double x = static_cast<double>(i) - static_cast<double>(ratio.half_taps - 1) - fraction;
      const double place = x / width;
      taps[i] = 0.0;
      if (place > -1.0 && place < 1.0) {
        const double angle = kPi * kCutoff * ratio.bandwidth * x;
        const double sinc = angle < 1e-9 && angle > -1e-9 ? 1.0 : RealSinCos(angle).sin / angle;
        taps[i] = sinc * (Bessel0(kBeta * std::sqrt(1.0 - place * place)) / peak);
      }
      sum += taps[i];
    }
    // Silence stays silence and a constant stays what it is, whatever the phase.
    for (size_t i = 0; i < taps.size(); ++i) {
      coefficients[phase * num_taps + i] = static_cast<float>(taps[i] / sum);
    }
  }
  return coefficients;
}

// 16 partial sums by i mod 16, then their tree: an order that vectors of any width can keep.
float Dot(const float* a, const float* b, size_t n) {
  float partial[16] = {};
  for (size_t i = 0; i < n; i += 16) {
    for (size_t j = 0; j < 16; ++j) partial[j] += a[i + j] * b[i + j];
  }
  for (size_t step = 8; step > 0; step /= 2) {
    for (size_t j = 0; j < step; ++j) partial[j] += partial[j + step];
  }
  return partial[0];
}

}  // namespace

std::string CheckRates(uint32_t from, uint32_t to) {
  const Ratio ratio(from, to);
  if (ratio.up <= kMaxCoefficients / ratio.num_taps()) return {};
  return std::to_string(from) + " samples per second cannot be brought to " + std::to_string(to) +
         "; convert the file to a usual rate, such as 16000, 44100 or 48000";
}

std::vector<float> Resample(std::span<const float> samples, uint32_t from, uint32_t to) {
  CHECK(from > 0 && to > 0 && CheckRates(from, to).empty());
  if (from == to) return {samples.begin(), samples.end()};
  const Ratio ratio(from, to);
  const std::vector<float> coefficients = MakeCoefficients(ratio);
  const uint64_t num_taps = ratio.num_taps();
  std::vector<float> padded(samples.size() + ratio.half_taps - 1 + num_taps, 0.0f);
  std::copy(samples.begin(), samples.end(),
            padded.begin() + static_cast<std::ptrdiff_t>(ratio.half_taps - 1));
  const uint64_t count = (samples.size() * ratio.up + ratio.down - 1) / ratio.down;
  std::vector<float> out(count);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t place = i * ratio.down;
    out[i] = Dot(padded.data() + place / ratio.up,
                 coefficients.data() + place % ratio.up * num_taps, num_taps);
  }
  return out;
}

}  // namespace rowmill
