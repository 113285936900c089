#include "kernels/isa_functions.h"

ROWMILL_DECLARE_KERNELS(avx2)

namespace rowmill::kernels {

const KernelTable& Avx2Table() {
  static constexpr KernelTable kTable = {
      .isa = Isa::kAvx2,
      .name = "avx2",
      .description = "AVX2, FMA and F16C",
      .quantize_rows = avx2::QuantizeRows,
      .gemm_blocks = avx2::GemmBlocks,
      .gemm_floats = avx2::GemmFloats,
      .rms_norm = avx2::RmsNorm,
      .layer_norm = avx2::LayerNorm,
      .rope = avx2::Rope,
      .swiglu = avx2::SwiGlu,
      .gelu_erf = avx2::GeluErf,
      .relu = avx2::Relu,
      .ssru = avx2::Ssru,
      .add_bias = avx2::AddBias,
      .bias_clamp = avx2::BiasClamp,
      .depthwise = avx2::Depthwise,
      .gelu_tanh = avx2::GeluTanh,
      .geglu_tanh = avx2::GegluTanh,
      .scale = avx2::Scale,
      .store_kv = avx2::StoreKv,
      .attend = avx2::Attend,
      .attend_finish = avx2::AttendFinish,
      .attend_whole = avx2::AttendWhole,
      .weigh_keys = avx2::WeighKeys,
      .max_value = avx2::MaxValue,
      .sum_exp = avx2::SumExp,
  };
  return kTable;
}

}  // namespace rowmill::kernels
