#include "kernels/isa_functions.h"

namespace rowmill::kernels {

const KernelTable& ScalarTable() {
  static constexpr KernelTable kTable = {
      .isa = Isa::kScalar,
      .name = "scalar",
      .description = "plain loops, any CPU",
      .quantize_rows = scalar::QuantizeRows,
      .gemm_blocks = scalar::GemmBlocks,
      .gemm_floats = scalar::GemmFloats,
      .rms_norm = scalar::RmsNorm,
      .layer_norm = scalar::LayerNorm,
      .rope = scalar::Rope,
      .swiglu = scalar::SwiGlu,
      .gelu_erf = scalar::GeluErf,
      .relu = scalar::Relu,
      .ssru = scalar::Ssru,
      .add_bias = scalar::AddBias,
      .bias_clamp = scalar::BiasClamp,
      .depthwise = scalar::Depthwise,
      .gelu_tanh = scalar::GeluTanh,
      .geglu_tanh = scalar::GegluTanh,
      .scale = scalar::Scale,
      .store_kv = scalar::StoreKv,
      .attend = scalar::Attend,
      .attend_finish = scalar::AttendFinish,
      .attend_whole = scalar::AttendWhole,
      .weigh_keys = scalar::WeighKeys,
      .max_value = scalar::MaxValue,
      .sum_exp = scalar::SumExp,
  };
  return kTable;
}

}  // namespace rowmill::kernels
