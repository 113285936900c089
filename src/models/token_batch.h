// The tokens of one step: those of several sequences one after another, without padding (ragged).
// Prefill chunks of any length and single decode tokens mix freely.
#pragma once

#include <cstdint>
#include <vector>

#include "models/kv_cache.h"

namespace rowmill {

// The tokens that one sequence adds in this step: positions [kv->length, kv->length + token_count).
// After the step kv->length has grown by token_count.
struct SequenceSpan {
  KvSequence* kv = nullptr;
  uint32_t token_begin = 0;  // index in TokenBatch::tokens
  uint32_t token_count = 0;
};

struct TokenBatch {
  std::vector<int32_t> tokens;          // [T]
  std::vector<SequenceSpan> sequences;  // in token order, covering all T tokens
  std::vector<uint32_t> outputs;        // indices of the tokens whose logits are wanted, ascending

  void clear() {
    tokens.clear();
    sequences.clear();
    outputs.clear();
  }
};

}  // namespace rowmill
