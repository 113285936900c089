#include "models/encoder.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "models/whole_attention.h"

namespace rowmill {

EncoderWorkspace::EncoderWorkspace(const EncoderShape& shape, size_t max_tokens, size_t max_text,
                                   size_t num_threads)
    : x(max_tokens * shape.model_dim),
      normed(max_tokens * shape.normed_dim()),
      q(max_tokens * shape.attention_dim()),
      k(max_tokens * shape.attention_dim()),
      v(max_tokens * shape.attention_dim()),
      attended(max_tokens * shape.attention_dim()),
      hidden(max_tokens * shape.ffn_dim),
      activations(max_tokens, shape.widest()),
      max_tokens_(max_tokens),
      max_text_(max_text) {
  CHECK(max_text <= max_tokens);
  for (size_t i = 0; i < num_threads; ++i) {
    packed_keys.emplace_back(PaddedKeys(max_text) * shape.head_dim);
    weights.emplace_back(PaddedKeys(max_text) * kernels::kAttendWholeRows);
  }
}

size_t EncoderWorkspace::BytesFor(const EncoderShape& shape, size_t max_tokens, size_t max_text,
                                  size_t num_threads) {
  const size_t per_thread = PaddedKeys(max_text) * (shape.head_dim + kernels::kAttendWholeRows);
  return (max_tokens *
              (shape.model_dim + shape.normed_dim() + 4 * shape.attention_dim() + shape.ffn_dim) +
          num_threads * per_thread) *
             sizeof(float) +
         ActivationBuffer::BytesFor(max_tokens, shape.widest());
}

void ToUnitLength(std::span<const double> x, std::span<float> y) {
  CHECK(x.size() == y.size());
  double squares = 0.0;
  for (const double value : x) squares += value * value;
  const double norm = squares > 0.0 ? std::sqrt(squares) : 1.0;
  for (size_t i = 0; i < x.size(); ++i) y[i] = static_cast<float>(x[i] / norm);
}

}  // namespace rowmill
