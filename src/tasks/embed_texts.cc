#include "tasks/embed_texts.h"

#include <algorithm>

#include "base/check.h"

namespace rowmill {

std::vector<std::vector<float>> EmbedTokens(const Encoder& encoder, ThreadTeam& team,
                                            std::span<const std::vector<int32_t>> ids) {
  constexpr size_t kBatchTokens = 1024;
  const size_t max_text = encoder.max_seq_len();
  EncoderWorkspace workspace(encoder.shape(), std::max(kBatchTokens, max_text), max_text,
                             team.num_threads());
  std::vector<std::vector<float>> vectors(ids.size());
  EncoderBatch batch;
  size_t begin = 0;  // first text of the batch
  const auto run = [&] {
    encoder.Encode(batch, EncoderOutput::kEmbedding, workspace, team,
                   [&](size_t text, std::span<const float> vector) {
                     vectors[begin + text].assign(vector.begin(), vector.end());
                   });
    begin += batch.lengths.size();
    batch.clear();
  };
  for (const std::vector<int32_t>& text : ids) {
    CHECK(!text.empty() && text.size() <= max_text);
    if (!batch.lengths.empty() && batch.tokens.size() + text.size() > kBatchTokens) run();
    batch.tokens.insert(batch.tokens.end(), text.begin(), text.end());
    batch.lengths.push_back(static_cast<uint32_t>(text.size()));
  }
  if (!batch.lengths.empty()) run();
  return vectors;
}

}  // namespace rowmill
