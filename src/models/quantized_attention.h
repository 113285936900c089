// Attention of a whole text or window over itself in 8 bits: queries, keys, values and the weights
// of the keys are rounded as the inputs of a matrix product are (one scale per 32 numbers), and
// both products are those of packed weights (kernels.h, gemm_blocks). Scores and sums are f32.
//
// For long inputs, where the two products are as much work as all the others: with it Whisper base
// went from 15.8 to 21.3 times real time on two cores (Zen 4). The weights of the keys are between
// 0 and 1, and those far below a block's largest round to 0.
//
// What it is not: exact. It is part of the numeric recipe `int8` alone.
//
// Shapes: T positions, H num_heads, d head_dim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "models/encoder.h"
#include "ops/matmul.h"
#include "parallel/thread_team.h"

namespace rowmill {

class QuantizedAttention {
 public:
  // Whether it can: heads of whole blocks of 32.
  static bool Fits(size_t head_dim) { return head_dim % kernels::kBlockK == 0; }

  QuantizedAttention(size_t max_length, size_t head_dim, size_t num_threads);
  static size_t BytesFor(size_t max_length, size_t head_dim, size_t num_threads);

  // ws.attended[T, H * d] = attention of ws.q (scaled) over ws.k and ws.v, all of one text.
  void Run(const kernels::KernelTable& kernels, const EncoderShape& shape, size_t length,
           EncoderWorkspace& ws, ThreadTeam& team);

 private:
  // Memory of one thread, for one head.
  struct Head {
    Head(size_t max_length, size_t head_dim);
    AlignedBuffer<float> rows;        // [T, d] queries, keys; or values turned, [d, T padded]
    ActivationBuffer query_codes;     // [T, d]
    ActivationBuffer other_codes;     // [T, d] keys; [d, T padded] values; [rows, T padded] weights
    AlignedBuffer<std::byte> keys;    // packed, [T, d]
    AlignedBuffer<std::byte> values;  // packed, [d, T padded]
    AlignedBuffer<float> scores;      // [kRowsAtATime, T padded]
    AlignedBuffer<float> sums;        // [kRowsAtATime]
    AlignedBuffer<float> y;           // [kRowsAtATime, d]
  };

  size_t head_dim_;
  std::vector<Head> heads_;
};

}  // namespace rowmill
