// The products of SmolLM2-135M's shapes (N x K) and of a model of a billion parameters by format
// and number of rows M, with the best table or the one that ROWMILL_ISA names, and a head of 106 MB
// that no cache holds. Single thread. GMAC/s, MAC per cycle, GB/s of packed weights read, and the
// shares of the peaks of peaks.h: `peak` of VPDPBUSD for block formats and of fused multiply-adds
// for floats, `memory` of the bandwidth.
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/cpu.h"
#include "base/float16.h"
#include "benchmark/benchmark.h"
#include "kernels/dispatch.h"
#include "kernels/pack.h"
#include "micro/peaks.h"

namespace rowmill::kernels {
namespace {

const KernelTable& Table() {
  const char* isa = std::getenv("ROWMILL_ISA");
  return SelectTable(DetectCpuFeatures(), isa == nullptr ? "" : isa);
}

struct Shape {
  size_t n, k;
};
constexpr Shape kShapes[] = {{576, 576},   {192, 576},   {1536, 576}, {576, 1536},
                             {49152, 576}, {8192, 2048}, {2048, 8192}};
// K-quants come in blocks of 256, so their K is a multiple of that.
constexpr Shape kWideShapes[] = {{512, 1536}, {8192, 2048}, {2048, 8192}, {49152, 2048}};
constexpr size_t kRows[] = {1, 2, 4, 8, 16, 32, 64, 256, 512};

// Random codes with ordinary scales: denormal or infinite ones would be timed instead of the
// product.
std::vector<std::byte> RandomBytes(DType dtype, size_t num_blocks) {
  const DTypeInfo& info = GetDTypeInfo(dtype);
  std::vector<std::byte> bytes(num_blocks * info.block_bytes);
  std::mt19937_64 random(1);
  for (size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    const uint64_t bits = random();
    std::memcpy(bytes.data() + i, &bits, 8);
  }
  const uint16_t scale = F32ToF16(0.01f);
  for (size_t b = 0; b < num_blocks; ++b) {
    std::byte* block = bytes.data() + b * info.block_bytes;
    if (dtype == DType::kF32) {
      const float value = static_cast<float>(b % 100) * 0.01f;
      std::memcpy(block, &value, 4);
    } else if (dtype == DType::kQ6_K) {
      std::memcpy(block + info.block_bytes - 2, &scale, 2);
    } else {
      std::memcpy(block, &scale, 2);
      const bool two_scales =
          dtype == DType::kQ4_1 || dtype == DType::kQ4_K || dtype == DType::kQ5_K;
      if (two_scales) std::memcpy(block + 2, &scale, 2);
    }
  }
  return bytes;
}

AlignedBytes Pack(DType dtype, Shape shape, size_t group_bytes) {
  const DTypeInfo& info = GetDTypeInfo(dtype);
  const std::vector<std::byte> bytes = RandomBytes(dtype, shape.n * shape.k / info.block_elements);
  TensorView view;
  view.dtype = dtype;
  view.shape = {shape.n, shape.k};
  view.bytes = bytes;
  AlignedBytes packed(shape.n / kGroupChannels * group_bytes);
  for (size_t g = 0; g < shape.n / kGroupChannels; ++g) {
    std::byte* out = packed.data() + g * group_bytes;
    if (dtype == DType::kF32) {
      PackFloatGroup(view, nullptr, g, out);
    } else {
      PackBlockGroup(view, nullptr, g, out);
    }
  }
  return packed;
}

void Count(benchmark::State& state, Shape shape, size_t m, size_t weight_bytes, double peak_macs) {
  const bench::Peaks& peaks = bench::MachinePeaks();
  const auto calls = static_cast<double>(state.iterations());
  const double macs = calls * static_cast<double>(shape.n * shape.k * m);
  const double bytes = calls * static_cast<double>(weight_bytes);
  state.counters["GMAC/s"] = benchmark::Counter(macs * 1e-9, benchmark::Counter::kIsRate);
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsRate);
  state.counters["MAC/cycle"] = benchmark::Counter(macs / peaks.hertz, benchmark::Counter::kIsRate);
  state.counters["memory"] =
      benchmark::Counter(bytes / peaks.read_bytes, benchmark::Counter::kIsRate);
  if (peak_macs > 0) {
    state.counters["peak"] = benchmark::Counter(macs / peak_macs, benchmark::Counter::kIsRate);
  }
}

std::vector<float> Inputs(size_t n) {
  std::mt19937_64 random(2);
  std::vector<float> x(n);
  for (float& value : x) {
    value = static_cast<float>(static_cast<int32_t>(random() >> 32)) * 0x1p-31f;
  }
  return x;
}

void RunBlocks(benchmark::State& state, DType dtype, Shape shape, size_t m) {
  const KernelTable& table = Table();
  const BlockFormat format = *PackedFormatOf(dtype);
  const AlignedBytes packed = Pack(dtype, shape, format.group_bytes(shape.k));
  const PackedBlocks weights = {format, shape.n, shape.k, packed.data()};
  AlignedBuffer<int8_t> codes(m * shape.k);
  AlignedBuffer<float> scales(m * shape.k / kBlockK), y(m * shape.n);
  AlignedBuffer<int16_t> sums(m * shape.k / 16);
  const QuantizedRows rows = {codes.data(), scales.data(), sums.data()};
  table.quantize_rows(Inputs(m * shape.k).data(), m, shape.k, rows);
  for (auto _ : state) {
    table.gemm_blocks(
        {&weights, &rows, m, 0, shape.n / kGroupChannels, y.data(), shape.n, Store::kAssign});
    benchmark::ClobberMemory();
  }
  Count(state, shape, m, packed.size(), bench::MachinePeaks().vnni_macs);
}

void RunFloats(benchmark::State& state, Shape shape, size_t m) {
  const KernelTable& table = Table();
  const AlignedBytes packed = Pack(DType::kF32, shape, shape.k * kGroupChannels * sizeof(float));
  const PackedFloats weights = {FloatType::kF32, shape.n, shape.k, packed.data()};
  const std::vector<float> x = Inputs(m * shape.k);
  AlignedBuffer<float> y(m * shape.n);
  for (auto _ : state) {
    table.gemm_floats({&weights, x.data(), shape.k, m, 0, shape.n / kGroupChannels, y.data(),
                       shape.n, Store::kAssign});
    benchmark::ClobberMemory();
  }
  Count(state, shape, m, packed.size(), bench::MachinePeaks().fma_macs);
}

std::string NameOf(std::string_view what, Shape shape, size_t m) {
  return std::string(what) + "/" + std::to_string(shape.n) + "x" + std::to_string(shape.k) + "/m" +
         std::to_string(m);
}

void RegisterBlocks(DType dtype, Shape shape, size_t m) {
  benchmark::RegisterBenchmark(NameOf(Name(dtype), shape, m).c_str(),
                               [=](benchmark::State& state) { RunBlocks(state, dtype, shape, m); });
}

void RegisterAll() {
  for (const Shape shape : kWideShapes) {
    for (const size_t m : kRows) {
      for (const DType dtype : {DType::kQ4_K, DType::kQ5_K, DType::kQ6_K}) {
        RegisterBlocks(dtype, shape, m);
      }
    }
  }
  for (const Shape shape : kShapes) {
    for (const size_t m : kRows) {
      for (const DType dtype : {DType::kQ4_0, DType::kQ4_1, DType::kQ5_0, DType::kQ8_0}) {
        RegisterBlocks(dtype, shape, m);
      }
      benchmark::RegisterBenchmark(NameOf("F32", shape, m).c_str(),
                                   [=](benchmark::State& state) { RunFloats(state, shape, m); });
    }
  }
}

}  // namespace
}  // namespace rowmill::kernels

int main(int argc, char** argv) {
  rowmill::kernels::RegisterAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
