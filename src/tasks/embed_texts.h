// The vectors of texts on the spot: of label descriptions, labelled examples and passages, which a
// task needs before its first row, and of questions, which decide what its rows read. A data set
// that is to be embedded goes through the engine instead.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "models/encoder.h"
#include "parallel/thread_team.h"
#include "tasks/prompt_options.h"

namespace rowmill {

// Keeps the activations from call to call. Encoder and team outlive it.
class TextEmbedder {
 public:
  TextEmbedder(const Encoder& encoder, ThreadTeam& team);

  // Shows the vector [embedding_dim] of each text, in order. `ids` as the model reads them, start
  // and end tokens included; a text is not empty and not longer than the encoder's positions.
  void Embed(std::span<const std::vector<int32_t>> ids, VectorVisitor visit);

  size_t embedding_dim() const { return encoder_.embedding_dim(); }
  uint64_t bytes() const;  // of the activations

 private:
  const Encoder& encoder_;
  ThreadTeam& team_;
  EncoderWorkspace workspace_;
  EncoderBatch batch_;
};

// The ids of a text as an encoder reads it, start and end tokens included; cut to its context.
std::vector<int32_t> PlainTextIds(const TaskModel& model, std::string_view text);

// [texts][embedding_dim].
std::vector<std::vector<float>> EmbedTokens(const Encoder& encoder, ThreadTeam& team,
                                            std::span<const std::vector<int32_t>> ids);

}  // namespace rowmill
