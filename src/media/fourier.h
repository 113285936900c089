// The discrete Fourier transform of a few hundred real samples, in double precision, from IEEE
// operations alone: the same bits with every compiler and library.
//
// Mixed radix, decimation in time, every stage a plain sum over its factor: at the lengths that
// speech features have (400) a cleverer one would gain nothing that shows beside a model.
// Paper: J. Cooley and J. Tukey, Math. Comp. 19, 1965.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace rowmill {

class RealFourier {
 public:
  // `length` is even and has no prime factor above 7: CHECKed.
  explicit RealFourier(size_t length);

  size_t length() const { return length_; }
  size_t num_bins() const { return length_ / 2 + 1; }

  // Memory of one thread.
  struct Scratch {
    std::vector<double> re, im, next_re, next_im;
  };
  // power[k] = |sum over n of x[n] e^(-2 pi i k n / length)|^2 for k = 0 .. length / 2.
  void PowerSpectrum(std::span<const double> x, Scratch& scratch, std::span<double> power) const;

 private:
  size_t length_;
  std::vector<size_t> factors_;  // of length / 2
  // e^(-2 pi i j / length)
  std::vector<double> cos_;
  std::vector<double> sin_;
};

}  // namespace rowmill
