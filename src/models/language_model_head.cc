#include "models/language_model_head.h"

#include <algorithm>

namespace rowmill {

void LanguageModelHead::Run(const TokenBatch& batch, Workspace& ws, ThreadTeam& team,
                            LogitsVisitor visit) const {
  const size_t d = norm.size();
  const size_t vocab_size = weights.n();
  for (size_t begin = 0; begin < batch.outputs.size(); begin += kLogitRows) {
    const size_t count = std::min(kLogitRows, batch.outputs.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      const float* x = ws.x.data() + batch.outputs[begin + i] * d;
      float* y = ws.normed.data() + i * d;
      if (norm_bias.empty()) {
        kernels.rms_norm(x, norm.data(), y, 1, d, norm_eps);
      } else {
        kernels.layer_norm({x, norm.data(), norm_bias.data(), y, 1, d, norm_eps});
      }
    }
    MatMulInput h(kernels, team, ws.normed.data(), count, d, ws.activations);
    h.Multiply(weights, ws.logits.data(), vocab_size);
    ws.phases.End(Phase::kHead);
    for (size_t i = 0; i < count; ++i) {
      visit(begin + i, {ws.logits.data() + i * vocab_size, vocab_size});
    }
    ws.phases.Begin();  // What the visitor did is not the model's time.
  }
}

}  // namespace rowmill
