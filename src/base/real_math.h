// Logarithm, exponential, sine and cosine in double precision from IEEE operations alone (+, *, /,
// fma), so that they give the same bits with every compiler and C library. Used where tables are
// built and for the one logarithm per scored row; vectors go through kernels/.
//
// Accuracy: a few units in the last place over the ranges named below, tested against long double
// libm.
#pragma once

namespace rowmill {

constexpr bool IsFinite(double x) { return x - x == 0.0; }

double RealLog(double x);               // x > 0, normal
double RealExp(double x);               // |x| <= 700
double RealPow(double base, double y);  // base > 0; relative error about |y ln base| * 2^-52
struct SinCos {
  double sin;
  double cos;
};
SinCos RealSinCos(double x);  // |x| <= 2^21

}  // namespace rowmill
