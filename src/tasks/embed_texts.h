// The vectors of a handful of texts, on the spot: of label descriptions and of labelled examples,
// which a task needs before its first row. A data set goes through the engine instead.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/encoder.h"
#include "parallel/thread_team.h"

namespace rowmill {

// [texts][embedding_dim]. `ids` as the model reads them, start and end tokens included.
std::vector<std::vector<float>> EmbedTokens(const Encoder& encoder, ThreadTeam& team,
                                            std::span<const std::vector<int32_t>> ids);

}  // namespace rowmill
