// The end of a decoder's step: logits = Whead norm(x), for the wanted tokens only. The other rows
// of a prefill would cost D * V multiplications each and nobody reads them.
#pragma once

#include <span>

#include "models/model.h"
#include "ops/matmul.h"

namespace rowmill {

struct LanguageModelHead {
  const kernels::KernelTable& kernels;
  std::span<const float> norm;       // [D]
  std::span<const float> norm_bias;  // [D] of a layer norm, or empty: root mean square
  float norm_eps;
  const PackedWeights& weights;  // [V, D]

  // Shows the logits [V] of each of the first `num_rows` rows of the residual stream ws.x [., D].
  void Run(size_t num_rows, Workspace& ws, ThreadTeam& team, LogitsVisitor visit) const;
};

}  // namespace rowmill
