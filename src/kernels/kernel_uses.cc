#include "kernels/kernel_uses.h"

#include <cstddef>
#include <iterator>

#include "kernels/dispatch.h"
#include "kernels/pack.h"

namespace rowmill::kernels {
namespace {

struct Operation {
  const char* name;
  bool (*same)(const KernelTable& a, const KernelTable& b);
};

// A macro because a member's name is needed both as a word and as code.
#define ROWMILL_OPERATION(member) \
  {#member, [](const KernelTable& a, const KernelTable& b) { return a.member == b.member; }}

constexpr Operation kOperations[] = {
    ROWMILL_OPERATION(quantize_rows), ROWMILL_OPERATION(gemm_blocks),
    ROWMILL_OPERATION(gemm_floats),   ROWMILL_OPERATION(rms_norm),
    ROWMILL_OPERATION(layer_norm),    ROWMILL_OPERATION(rope),
    ROWMILL_OPERATION(swiglu),        ROWMILL_OPERATION(gelu_erf),
    ROWMILL_OPERATION(relu),          ROWMILL_OPERATION(ssru),
    ROWMILL_OPERATION(bias_clamp),    ROWMILL_OPERATION(depthwise),
    ROWMILL_OPERATION(add_bias),      ROWMILL_OPERATION(gelu_tanh),
    ROWMILL_OPERATION(geglu_tanh),    ROWMILL_OPERATION(scale),
    ROWMILL_OPERATION(store_kv),      ROWMILL_OPERATION(attend),
    ROWMILL_OPERATION(attend_finish), ROWMILL_OPERATION(attend_whole),
    ROWMILL_OPERATION(weigh_keys),    ROWMILL_OPERATION(max_value),
    ROWMILL_OPERATION(sum_exp),
};

#undef ROWMILL_OPERATION

// A function that is added to the table has to be added to the list.
static_assert(sizeof(KernelTable) ==
              offsetof(KernelTable, quantize_rows) + std::size(kOperations) * sizeof(void (*)()));

std::string TypesOf(const std::string& operation) {
  const bool blocks = operation == "gemm_blocks";
  if (!blocks && operation != "gemm_floats") return "";
  std::string types;
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kQ4_0, DType::kQ4_1,
                            DType::kQ5_0, DType::kQ5_1, DType::kQ8_0, DType::kQ2_K, DType::kQ3_K,
                            DType::kQ4_K, DType::kQ5_K, DType::kQ6_K}) {
    if (PackedFormatOf(dtype).has_value() != blocks) continue;
    types += (types.empty() ? "" : " ") + std::string(Name(dtype));
  }
  return types;
}

}  // namespace

std::vector<KernelUse> KernelUses(const KernelTable& table) {
  const std::vector<const KernelTable*> compiled = CompiledTables();
  std::vector<KernelUse> uses;
  for (const Operation& operation : kOperations) {
    const KernelTable* owner = &table;
    for (auto it = compiled.rbegin(); it != compiled.rend(); ++it) {  // The most basic first.
      if (!operation.same(**it, table)) continue;
      owner = *it;
      break;
    }
    uses.push_back({operation.name, TypesOf(operation.name), owner->name});
  }
  return uses;
}

}  // namespace rowmill::kernels
