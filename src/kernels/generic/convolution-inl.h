// Depthwise convolution and the end of a pointwise one over F32x16: a lane is a channel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/generic/inline.h"
#include "kernels/kernels.h"

namespace rowmill::kernels {
namespace {

// Max and Min give their second operand where one is NaN, so NaN passes through, and where both are
// zeros: low = 0 keeps -0, as comparing does.
ROWMILL_INLINE F32x16 Clamp(F32x16 x, F32x16 low, F32x16 high) { return Min(high, Max(low, x)); }

inline void BiasClampAll(const KernelTable::BiasClampArgs& args) {
  const F32x16 low = SetF32(args.low);
  const F32x16 high = SetF32(args.high);
  const size_t whole = args.n / 16 * 16;
  const size_t left = args.n - whole;
  float* y = args.y;
  for (size_t row = 0; row < args.m; ++row, y += args.n) {
    for (size_t i = 0; i < whole; i += 16) {
      StoreF32(y + i, Clamp(Add(LoadF32(y + i), LoadF32(args.b + i)), low, high));
    }
    if (left > 0) {
      const F32x16 sum = Add(LoadFirstF32(y + whole, left), LoadFirstF32(args.b + whole, left));
      StoreFirstF32(y + whole, left, Clamp(sum, low, high));
    }
  }
}

// One output column of up to 16 channels from `channel` on, wherever it lies.
ROWMILL_INLINE void ConvolveColumn(const KernelTable::DepthwiseArgs& args, size_t x, size_t channel,
                                   size_t count) {
  F32x16 acc = LoadFirstF32(args.b + channel, count);
  for (size_t ky = 0; ky < args.kernel; ++ky) {
    if (args.rows[ky] == nullptr) continue;
    for (size_t kx = 0; kx < args.kernel; ++kx) {
      const size_t column = x * args.stride + kx - args.pad;  // wraps around on the left
      if (column >= args.in_width) continue;
      acc =
          Fma(LoadFirstF32(args.rows[ky] + column * args.channels + channel, count),
              LoadFirstF32(args.w + (ky * args.kernel + kx) * args.channels + channel, count), acc);
    }
  }
  StoreFirstF32(args.y + x * args.channels + channel, count,
                Clamp(acc, SetF32(args.low), SetF32(args.high)));
}

// kColumns outputs side by side, all of whose inputs lie in the row: a vector of inputs serves
// several of them, and a row of the kernel stays in registers.
template <size_t kKernel, size_t kStride, size_t kColumns>
ROWMILL_INLINE void ConvolveColumns(const KernelTable::DepthwiseArgs& args, size_t x,
                                    size_t channel) {
  const size_t channels = args.channels;
  F32x16 acc[kColumns];
  const F32x16 bias = LoadF32(args.b + channel);
#pragma GCC unroll 8
  for (size_t i = 0; i < kColumns; ++i) acc[i] = bias;
  for (size_t ky = 0; ky < kKernel; ++ky) {
    if (args.rows[ky] == nullptr) continue;
    const float* in = args.rows[ky] + (x * kStride - args.pad) * channels + channel;
    const float* w = args.w + ky * kKernel * channels + channel;
#pragma GCC unroll 8
    for (size_t kx = 0; kx < kKernel; ++kx) {
      const F32x16 weight = LoadF32(w + kx * channels);
#pragma GCC unroll 8
      for (size_t i = 0; i < kColumns; ++i) {
        acc[i] = Fma(LoadF32(in + (i * kStride + kx) * channels), weight, acc[i]);
      }
    }
  }
  const F32x16 low = SetF32(args.low);
  const F32x16 high = SetF32(args.high);
#pragma GCC unroll 8
  for (size_t i = 0; i < kColumns; ++i) {
    StoreF32(args.y + (x + i) * channels + channel, Clamp(acc[i], low, high));
  }
}

template <size_t kKernel, size_t kStride>
ROWMILL_NOINLINE void ConvolveRow(const KernelTable::DepthwiseArgs& args) {
  // Outputs [begin, end) have all their inputs in the row.
  size_t begin = (args.pad + kStride - 1) / kStride;
  size_t end =
      args.in_width + args.pad >= kKernel ? (args.in_width + args.pad - kKernel) / kStride + 1 : 0;
  if (end > args.out_width) end = args.out_width;
  if (begin > end) begin = end;
  size_t channel = 0;
  for (; channel + 16 <= args.channels; channel += 16) {
    for (size_t x = 0; x < begin; ++x) ConvolveColumn(args, x, channel, 16);
    size_t x = begin;
    for (; x + kDepthwiseColumns <= end; x += kDepthwiseColumns) {
      ConvolveColumns<kKernel, kStride, kDepthwiseColumns>(args, x, channel);
    }
    for (; x < end; ++x) ConvolveColumns<kKernel, kStride, 1>(args, x, channel);
    for (; x < args.out_width; ++x) ConvolveColumn(args, x, channel, 16);
  }
  if (channel < args.channels) {
    for (size_t x = 0; x < args.out_width; ++x) {
      ConvolveColumn(args, x, channel, args.channels - channel);
    }
  }
}

inline void DepthwiseAll(const KernelTable::DepthwiseArgs& args) {
  if (args.kernel == 3 && args.stride == 1) return ConvolveRow<3, 1>(args);
  if (args.kernel == 3 && args.stride == 2) return ConvolveRow<3, 2>(args);
  if (args.kernel == 5 && args.stride == 1) return ConvolveRow<5, 1>(args);
  if (args.kernel == 5 && args.stride == 2) return ConvolveRow<5, 2>(args);
  for (size_t channel = 0; channel < args.channels; channel += 16) {
    const size_t left = args.channels - channel;
    for (size_t x = 0; x < args.out_width; ++x) {
      ConvolveColumn(args, x, channel, left < 16 ? left : 16);
    }
  }
}

}  // namespace
}  // namespace rowmill::kernels
