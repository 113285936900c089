// What a decoder-only language model is to the rest of the engine. Models know token ids, not text;
// they hold no sampling, no threads and no state: what changes is passed in, so all execution units
// share one object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/function_ref.h"
#include "formats/model_file.h"
#include "kernels/kernels.h"
#include "models/kv_cache.h"
#include "models/packed_cache.h"
#include "models/token_batch.h"
#include "models/workspace.h"
#include "parallel/thread_team.h"

namespace rowmill {

// Gets the logits of output `output_index` of the batch: [V] f32 that the visitor may overwrite.
using LogitsVisitor = FunctionRef<void(size_t output_index, std::span<float> logits)>;

class Decoder {
 public:
  virtual ~Decoder() = default;

  virtual const std::string& architecture() const = 0;
  virtual size_t vocab_size() const = 0;
  virtual size_t max_seq_len() const = 0;  // trained context
  virtual KvShape kv_shape() const = 0;
  virtual WorkspaceShape workspace_shape() const = 0;
  virtual size_t weight_bytes() const = 0;  // packed, in memory
  virtual size_t num_parameters() const = 0;
  // Floating-point multiplications of weights for one token without the head, and of the head.
  virtual size_t macs_per_token() const = 0;
  virtual size_t macs_per_output() const = 0;

  // Appends the batch's tokens to their sequences and shows the logits of the wanted tokens, in
  // order. A row's numbers depend on its own tokens alone, whatever else is in the batch. Every
  // sequence must have room (KvSequence::capacity). Token ids must be in range: CHECKed.
  virtual void Forward(const TokenBatch& batch, Workspace& workspace, ThreadTeam& team,
                       LogitsVisitor visit) const = 0;
};

// How weights are kept. kAuto: 8-bit activations on block formats, f32 on float formats. kF32:
// every weight dequantised to f32; the reference, four to six times the memory. kInt8: as kAuto,
// with float matrices brought into 8-bit blocks when they are loaded. kInt16: as kAuto, with two
// terms of 8 bits for each activation of block formats (ops/matmul.h).
enum class Numerics : uint8_t { kAuto, kF32, kInt8, kInt16 };

struct LoadOptions {
  const kernels::KernelTable* kernels = nullptr;
  Numerics numerics = Numerics::kAuto;
  // Where packed matrices are looked for and left; null: nowhere. Not needed once the model is
  // loaded.
  PackedCache* packed_cache = nullptr;
};

// Loads the family that the model's architecture names, from either kind of container; `file` must
// outlive the decoder. Throws ModelError (with the list of known families).
std::unique_ptr<Decoder> LoadDecoder(const ModelFile& file, const LoadOptions& options,
                                     ThreadTeam& team);
// The architectures LoadDecoder knows.
std::span<const std::string_view> KnownArchitectures();

}  // namespace rowmill
