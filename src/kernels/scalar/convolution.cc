#include <cmath>

#include "kernels/isa_functions.h"

namespace rowmill::kernels::scalar {
namespace {

float Clamp(float x, float low, float high) {
  if (x < low) return low;
  return x > high ? high : x;
}

}  // namespace

void BiasClamp(const KernelTable::BiasClampArgs& args) {
  for (size_t row = 0; row < args.m; ++row) {
    float* y = args.y + row * args.n;
    for (size_t i = 0; i < args.n; ++i) y[i] = Clamp(y[i] + args.b[i], args.low, args.high);
  }
}

void Depthwise(const KernelTable::DepthwiseArgs& args) {
  for (size_t x = 0; x < args.out_width; ++x) {
    for (size_t c = 0; c < args.channels; ++c) {
      float acc = args.b[c];
      for (size_t ky = 0; ky < args.kernel; ++ky) {
        if (args.rows[ky] == nullptr) continue;
        for (size_t kx = 0; kx < args.kernel; ++kx) {
          const size_t column = x * args.stride + kx - args.pad;  // wraps around on the left
          if (column >= args.in_width) continue;
          acc = std::fma(args.rows[ky][column * args.channels + c],
                         args.w[(ky * args.kernel + kx) * args.channels + c], acc);
        }
      }
      args.y[x * args.channels + c] = Clamp(acc, args.low, args.high);
    }
  }
}

}  // namespace rowmill::kernels::scalar
