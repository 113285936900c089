#include "models/language_model_head.h"

#include <algorithm>

namespace rowmill {

void LanguageModelHead::Run(size_t num_rows, Workspace& ws, ThreadTeam& team,
                            LogitsVisitor visit) const {
  const size_t d = norm.size();
  const size_t vocab_size = weights.n();
  for (size_t begin = 0; begin < num_rows; begin += kLogitRows) {
    const size_t count = std::min(kLogitRows, num_rows - begin);
    const float* x = ws.x.data() + begin * d;
    float* y = ws.normed.data();
    if (norm_bias.empty()) {
      kernels.rms_norm(x, norm.data(), y, count, d, norm_eps);
    } else {
      kernels.layer_norm({x, norm.data(), norm_bias.data(), y, count, d, norm_eps});
    }
    MatMulInput h(kernels, team, y, count, d, ws.activations);
    h.Multiply(weights, ws.logits.data(), vocab_size);
    ws.phases.End(Phase::kHead);
    for (size_t i = 0; i < count; ++i) {
      visit(begin + i, {ws.logits.data() + i * vocab_size, vocab_size});
    }
    ws.phases.Begin();  // What the visitor did is not the model's time.
  }
}

}  // namespace rowmill
