#include "kernels/isa_functions.h"

ROWMILL_DECLARE_KERNELS(avx512)
ROWMILL_DECLARE_KERNELS(avx512_vnni)

namespace rowmill::kernels {

// Only the integer product differs from avx512: every CPU with VNNI has the rest.
const KernelTable& Avx512VnniTable() {
  static constexpr KernelTable kTable = {
      .isa = Isa::kAvx512Vnni,
      .name = "avx512_vnni",
      .description = "AVX-512 F, BW, DQ, VL and VNNI",
      .quantize_rows = avx512::QuantizeRows,
      .gemm_blocks = avx512_vnni::GemmBlocks,
      .gemm_floats = avx512::GemmFloats,
      .rms_norm = avx512::RmsNorm,
      .layer_norm = avx512::LayerNorm,
      .rope = avx512::Rope,
      .swiglu = avx512::SwiGlu,
      .gelu_erf = avx512::GeluErf,
      .relu = avx512::Relu,
      .ssru = avx512::Ssru,
      .add_bias = avx512::AddBias,
      .bias_clamp = avx512::BiasClamp,
      .depthwise = avx512::Depthwise,
      .gelu_tanh = avx512::GeluTanh,
      .geglu_tanh = avx512::GegluTanh,
      .scale = avx512::Scale,
      .store_kv = avx512::StoreKv,
      .attend = avx512::Attend,
      .attend_finish = avx512::AttendFinish,
      .attend_whole = avx512::AttendWhole,
      .weigh_keys = avx512::WeighKeys,
      .max_value = avx512::MaxValue,
      .sum_exp = avx512::SumExp,
  };
  return kTable;
}

}  // namespace rowmill::kernels
