#include "media/fourier.h"

#include <utility>

#include "base/check.h"
#include "base/real_math.h"

namespace rowmill {
namespace {

constexpr double kTwoPi = 0x1.921fb54442d18p+2;
constexpr size_t kLargestFactor = 7;

}  // namespace

RealFourier::RealFourier(size_t length) : length_(length), cos_(length), sin_(length) {
  CHECK(length >= 2 && length % 2 == 0);
  size_t rest = length / 2;
  for (size_t factor = 4; rest > 1;) {
    if (rest % factor == 0) {
      factors_.push_back(factor);
      rest /= factor;
    } else {
      factor = factor == 4 ? 2 : factor == 2 ? 3 : factor + 2;
      CHECK(factor <= kLargestFactor);
    }
  }
  for (size_t j = 0; j < length; ++j) {
    const SinCos wave = RealSinCos(kTwoPi * static_cast<double>(j) / static_cast<double>(length));
    cos_[j] = wave.cos;
    sin_[j] = -wave.sin;
  }
}

// Two real samples make one complex one, whose transform of half the length is taken by Stockham's
// stages (no bit reversal); the spectrum of the real samples follows from its symmetry.
void RealFourier::PowerSpectrum(std::span<const double> x, Scratch& s,
                                std::span<double> power) const {
  const size_t n = length_ / 2;
  CHECK(x.size() == length_ && power.size() == num_bins());
  for (std::vector<double>* part : {&s.re, &s.im, &s.next_re, &s.next_im}) part->resize(n);
  for (size_t i = 0; i < n; ++i) {
    s.re[i] = x[2 * i];
    s.im[i] = x[2 * i + 1];
  }
  // Before a stage there are `done` transforms-in-progress of length `left` each, interleaved.
  size_t left = n;
  size_t done = 1;
  for (const size_t r : factors_) {
    const size_t part = left / r;
    const size_t twiddle = length_ / left;  // e^(-2 pi i / left) in the table
    const size_t root = length_ / r;
    for (size_t p = 0; p < part; ++p) {
      for (size_t q = 0; q < r; ++q) {
        // y[q] = e^(-2 pi i p q / left) sum over j of x[j] e^(-2 pi i j q / r)
        const double turn_re = cos_[p * q * twiddle % length_];
        const double turn_im = sin_[p * q * twiddle % length_];
        double* out_re = &s.next_re[done * (r * p + q)];
        double* out_im = &s.next_im[done * (r * p + q)];
        for (size_t k = 0; k < done; ++k) {
          double sum_re = s.re[done * p + k];
          double sum_im = s.im[done * p + k];
          for (size_t j = 1; j < r; ++j) {
            const double re = s.re[done * (p + part * j) + k];
            const double im = s.im[done * (p + part * j) + k];
            const double w_re = cos_[j * q * root % length_];
            const double w_im = sin_[j * q * root % length_];
            sum_re += re * w_re - im * w_im;
            sum_im += re * w_im + im * w_re;
          }
          out_re[k] = sum_re * turn_re - sum_im * turn_im;
          out_im[k] = sum_re * turn_im + sum_im * turn_re;
        }
      }
    }
    std::swap(s.re, s.next_re);
    std::swap(s.im, s.next_im);
    left = part;
    done *= r;
  }
  // X[k] = E + e^(-2 pi i k / length) O with E = (Z[k] + conj Z[n - k]) / 2 and
  // O = (Z[k] - conj Z[n - k]) / 2i
  for (size_t k = 0; k <= n; ++k) {
    const size_t a = k % n;
    const size_t b = (n - k) % n;
    const double even_re = 0.5 * (s.re[a] + s.re[b]);
    const double even_im = 0.5 * (s.im[a] - s.im[b]);
    const double odd_re = 0.5 * (s.im[a] + s.im[b]);
    const double odd_im = -0.5 * (s.re[a] - s.re[b]);
    const double re = even_re + odd_re * cos_[k] - odd_im * sin_[k];
    const double im = even_im + odd_re * sin_[k] + odd_im * cos_[k];
    power[k] = re * re + im * im;
  }
}

}  // namespace rowmill
