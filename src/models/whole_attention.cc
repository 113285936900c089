#include "models/whole_attention.h"

namespace rowmill {

void PackKeys(const KeysToPack& from, float* packed) {
  for (size_t j = 0; j < PaddedKeys(from.num_keys); ++j) {
    float* out = packed + PackedKeyOffset(j, from.head_dim);
    const float* key = from.keys + j * from.ldk;
    for (size_t i = 0; i < from.head_dim; ++i)
      out[i * kKeyGroup] = j < from.num_keys ? key[i] : 0.0f;
  }
}

void AttendWithinTexts(const kernels::KernelTable& kernels, const EncoderShape& shape,
                       std::span<const uint32_t> lengths, const DistanceBias& bias,
                       EncoderWorkspace& ws, ThreadTeam& team) {
  const size_t width = shape.num_heads * shape.head_dim;
  std::vector<size_t> begins;
  begins.reserve(lengths.size());
  size_t begin = 0;
  for (const uint32_t length : lengths) {
    begins.push_back(begin);
    begin += length;
  }
  team.ParallelFor(lengths.size() * shape.num_heads, [&](size_t task, size_t worker) {
    const size_t text = task / shape.num_heads;
    const size_t head = task % shape.num_heads;
    const size_t offset = begins[text] * width + head * shape.head_dim;
    const size_t length = lengths[text];
    float* keys = ws.packed_keys[worker].data();
    PackKeys({ws.k.data() + offset, width, length, shape.head_dim}, keys);
    kernels.attend_whole({ws.q.data() + offset, width, length, keys, ws.v.data() + offset, width,
                          length, shape.head_dim, ws.weights[worker].data(),
                          ws.attended.data() + offset, width, bias.Of(head, 0), -1});
  });
}

}  // namespace rowmill
