#include "models/encoder_decoder.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "models/whole_attention.h"

namespace rowmill {
namespace {

// Positions that a state has room for at first; doubled whenever they run out.
constexpr size_t kFirstCapacity = 16;

size_t LongestText(const EncoderDecoder& model) {
  return std::max(model.max_source_len(), model.max_target_len());
}

}  // namespace

SourceMemory::SourceMemory(const Shape& shape, size_t length)
    : shape_(shape), length_(length), memory_(BytesFor(shape, length) / sizeof(float)) {}

size_t SourceMemory::BytesFor(const Shape& shape, size_t length) {
  return shape.num_layers * LayerFloats(shape, length) * sizeof(float);
}

size_t SourceMemory::LayerFloats(const Shape& shape, size_t length) {
  const size_t width = shape.num_heads * shape.head_dim;
  return PackedKeyFloats(length, width) + length * width;
}

float* SourceMemory::keys(size_t layer, size_t head) {
  return memory_.data() + layer * LayerFloats(shape_, length_) +
         head * PackedKeyFloats(length_, shape_.head_dim);
}
const float* SourceMemory::keys(size_t layer, size_t head) const {
  return memory_.data() + layer * LayerFloats(shape_, length_) +
         head * PackedKeyFloats(length_, shape_.head_dim);
}
float* SourceMemory::values(size_t layer) { return keys(layer, shape_.num_heads); }
const float* SourceMemory::values(size_t layer) const { return keys(layer, shape_.num_heads); }

TargetState::TargetState(const Shape& shape)
    : shape_(shape),
      capacity_(kFirstCapacity),
      memory_(shape.num_layers * LayerFloats(shape, kFirstCapacity)) {}

size_t TargetState::LayerFloats(const Shape& shape, size_t capacity) {
  if (shape.cell_dim > 0) return shape.cell_dim;
  return 2 * capacity * shape.num_heads * shape.head_dim;
}

size_t TargetState::BytesFor(const Shape& shape, size_t num_tokens) {
  size_t capacity = kFirstCapacity;
  while (capacity < num_tokens) capacity *= 2;
  return shape.num_layers * LayerFloats(shape, capacity) * sizeof(float);
}

TargetState TargetState::Clone() const {
  TargetState copy;
  copy.shape_ = shape_;
  copy.length_ = length_;
  copy.capacity_ = capacity_;
  copy.memory_ = AlignedBuffer<float>(memory_.size());
  std::memcpy(copy.memory_.data(), memory_.data(), memory_.size() * sizeof(float));
  return copy;
}

void TargetState::Extend() {
  ++length_;
  if (shape_.cell_dim > 0 || length_ <= capacity_) return;
  // Per layer: the keys of each head, then the values.
  const size_t bigger = 2 * capacity_;
  const size_t width = shape_.num_heads * shape_.head_dim;
  AlignedBuffer<float> memory(shape_.num_layers * LayerFloats(shape_, bigger));
  for (size_t layer = 0; layer < shape_.num_layers; ++layer) {
    const float* from = memory_.data() + layer * LayerFloats(shape_, capacity_);
    float* to = memory.data() + layer * LayerFloats(shape_, bigger);
    for (size_t head = 0; head < shape_.num_heads; ++head) {
      std::memcpy(to + head * bigger * shape_.head_dim, from + head * capacity_ * shape_.head_dim,
                  capacity_ * shape_.head_dim * sizeof(float));
    }
    std::memcpy(to + bigger * width, from + capacity_ * width, capacity_ * width * sizeof(float));
  }
  memory_ = std::move(memory);
  capacity_ = bigger;
}

float* TargetState::cell(size_t layer) {
  DCHECK(shape_.cell_dim > 0);
  return memory_.data() + layer * shape_.cell_dim;
}

const float* TargetState::keys(size_t layer, size_t head) const {
  return memory_.data() + layer * LayerFloats(shape_, capacity_) +
         head * capacity_ * shape_.head_dim;
}
const float* TargetState::values(size_t layer) const { return keys(layer, shape_.num_heads); }

void TargetState::PutLast(size_t layer, const float* key, const float* value) {
  CHECK(length_ > 0 && shape_.cell_dim == 0);
  const size_t position = length_ - 1;
  const size_t d = shape_.head_dim;
  const size_t width = shape_.num_heads * d;
  float* layer_memory = memory_.data() + layer * LayerFloats(shape_, capacity_);
  for (size_t head = 0; head < shape_.num_heads; ++head) {
    float* out = layer_memory + head * capacity_ * d + position / 16 * d * 16 + position % 16;
    for (size_t i = 0; i < d; ++i) out[i * 16] = key[head * d + i];
  }
  std::memcpy(layer_memory + capacity_ * width + position * width, value, width * sizeof(float));
}

EncoderDecoderWorkspace::EncoderDecoderWorkspace(const EncoderDecoder& model, size_t max_tokens,
                                                 size_t num_threads)
    : layers(model.shape(), std::max(max_tokens, LongestText(model)), LongestText(model),
             num_threads),
      logits(kLogitRows * model.vocab_size()) {}

size_t EncoderDecoderWorkspace::BytesFor(const EncoderDecoder& model, size_t max_tokens,
                                         size_t num_threads) {
  return EncoderWorkspace::BytesFor(model.shape(), std::max(max_tokens, LongestText(model)),
                                    LongestText(model), num_threads) +
         kLogitRows * model.vocab_size() * sizeof(float);
}

void AttendToSources(const kernels::KernelTable& kernels, const TargetBatch& batch, size_t layer,
                     const EncoderShape& shape, EncoderDecoderWorkspace& ws, ThreadTeam& team) {
  const size_t d = shape.head_dim;
  const size_t width = shape.num_heads * d;
  std::vector<size_t> begins;  // of the hypotheses of each source
  for (size_t i = 0; i < batch.sources.size(); ++i) {
    if (i == 0 || batch.sources[i] != batch.sources[i - 1]) begins.push_back(i);
  }
  begins.push_back(batch.sources.size());
  team.ParallelFor((begins.size() - 1) * shape.num_heads, [&](size_t task, size_t worker) {
    const size_t group = task / shape.num_heads;
    const size_t head = task % shape.num_heads;
    const size_t begin = begins[group];
    const SourceMemory& source = *batch.sources[begin];
    const size_t offset = begin * width + head * d;
    kernels.attend_whole({ws.layers.q.data() + offset, width, begins[group + 1] - begin,
                          source.keys(layer, head), source.values(layer) + head * d, width,
                          source.length(), d, ws.layers.weights[worker].data(),
                          ws.layers.attended.data() + offset, width});
  });
}

void AttendToPast(const kernels::KernelTable& kernels, const TargetBatch& batch, size_t layer,
                  const EncoderShape& shape, const DistanceBias& bias, EncoderDecoderWorkspace& ws,
                  ThreadTeam& team) {
  const size_t d = shape.head_dim;
  const size_t width = shape.num_heads * d;
  team.ParallelFor(batch.states.size(), [&](size_t i, size_t worker) {
    TargetState& state = *batch.states[i];
    state.PutLast(layer, ws.layers.k.data() + i * width, ws.layers.v.data() + i * width);
    for (size_t head = 0; head < shape.num_heads; ++head) {
      const size_t offset = i * width + head * d;
      kernels.attend_whole({ws.layers.q.data() + offset, width, 1, state.keys(layer, head),
                            state.values(layer) + head * d, width, state.length(), d,
                            ws.layers.weights[worker].data(), ws.layers.attended.data() + offset,
                            width, bias.Of(head, state.length() - 1), 0});
    }
  });
}

void ForEachSourceToken(const EncoderBatch& batch, size_t max_length,
                        FunctionRef<void(size_t token, size_t position)> visit) {
  size_t token = 0;
  for (const uint32_t length : batch.lengths) {
    CHECK(length >= 1 && length <= max_length && token + length <= batch.tokens.size());
    for (size_t position = 0; position < length; ++position) visit(token++, position);
  }
  CHECK(token == batch.tokens.size());
}

void AllocateMemories(const EncoderBatch& batch, const SourceMemory::Shape& shape,
                      std::span<SourceMemory> memories) {
  CHECK(memories.size() == batch.lengths.size());
  for (size_t text = 0; text < memories.size(); ++text) {
    memories[text] = SourceMemory(shape, batch.lengths[text]);
  }
}

void TargetHead::Run(const float* hidden, size_t num_tokens, EncoderDecoderWorkspace& ws,
                     ThreadTeam& team, LogitsVisitor visit) const {
  const size_t d = weights.k();
  const size_t vocab_size = weights.n();
  for (size_t begin = 0; begin < num_tokens; begin += kLogitRows) {
    const size_t count = std::min(kLogitRows, num_tokens - begin);
    float* logits = ws.logits.data();
    MatMulInput h(kernels, team, hidden + begin * d, count, d, ws.layers.activations);
    h.Multiply(weights, logits, vocab_size);
    if (!bias.empty()) kernels.add_bias(logits, bias.data(), count, vocab_size);
    for (size_t i = 0; i < count; ++i) visit(begin + i, {logits + i * vocab_size, vocab_size});
  }
}

void FillMemories(const EncoderBatch& batch, size_t layer, const EncoderShape& shape,
                  const EncoderWorkspace& ws, std::span<SourceMemory> memories) {
  CHECK(memories.size() == batch.lengths.size());
  const size_t width = shape.num_heads * shape.head_dim;
  size_t begin = 0;
  for (size_t text = 0; text < memories.size(); ++text) {
    const size_t length = batch.lengths[text];
    CHECK(memories[text].length() == length);
    for (size_t head = 0; head < shape.num_heads; ++head) {
      PackKeys({ws.k.data() + begin * width + head * shape.head_dim, width, length, shape.head_dim},
               memories[text].keys(layer, head));
    }
    std::memcpy(memories[text].values(layer), ws.v.data() + begin * width,
                length * width * sizeof(float));
    begin += length;
  }
}

}  // namespace rowmill
