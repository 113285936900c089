#include "kernels/isa_functions.h"

ROWMILL_DECLARE_KERNELS(neon)

namespace rowmill::kernels {

const KernelTable& NeonTable() {
  static constexpr KernelTable kTable = {
      .isa = Isa::kNeon,
      .name = "neon",
      .description = "NEON, as in every aarch64",
      .quantize_rows = neon::QuantizeRows,
      .gemm_blocks = neon::GemmBlocks,
      .gemm_floats = neon::GemmFloats,
      .rms_norm = neon::RmsNorm,
      .layer_norm = neon::LayerNorm,
      .rope = neon::Rope,
      .swiglu = neon::SwiGlu,
      .gelu_erf = neon::GeluErf,
      .relu = neon::Relu,
      .ssru = neon::Ssru,
      .add_bias = neon::AddBias,
      .bias_clamp = neon::BiasClamp,
      .depthwise = neon::Depthwise,
      .gelu_tanh = neon::GeluTanh,
      .geglu_tanh = neon::GegluTanh,
      .scale = neon::Scale,
      .store_kv = neon::StoreKv,
      .attend = neon::Attend,
      .attend_finish = neon::AttendFinish,
      .attend_whole = neon::AttendWhole,
      .weigh_keys = neon::WeighKeys,
      .max_value = neon::MaxValue,
      .sum_exp = neon::SumExp,
  };
  return kTable;
}

}  // namespace rowmill::kernels
