// Keys and values of token prefixes that many rows share, computed once and read by all units.
//
// A node's tokens continue its parent's; a row forks from its node (models/kv_cache.h), so the
// row's bytes are those of a row that computed everything itself. Nodes are computed when first
// needed, by the unit that needs them, and dropped least recently used first where memory is short:
// what is dropped can be computed again.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/function_ref.h"
#include "models/kv_cache.h"

namespace rowmill {

// One shared prefix, immutable once published.
struct PrefixEntry {
  std::shared_ptr<const PrefixEntry> parent;  // keeps the segments that `kv` shares alive
  std::unique_ptr<KvSegment> segment;
  KvSequence kv;  // covers the node's whole length
};

class PrefixStore {
 public:
  static constexpr uint32_t kNoNode = UINT32_MAX;

  struct Node {
    uint32_t parent = kNoNode;
    uint32_t length = 0;       // tokens from the beginning
    uint64_t example_row = 0;  // a row whose first `length` tokens are the node's
  };
  // Gives the first `length` tokens of a row; called by several units at once.
  using TokenReader =
      std::function<void(uint64_t row, uint32_t length, std::vector<int32_t>& tokens)>;
  // Runs `tokens` through the model on top of `kv`, which has room for them.
  using Compute = FunctionRef<void(std::span<const int32_t> tokens, KvSequence& kv)>;

  PrefixStore(std::vector<Node> nodes, TokenReader read, const KvShape& shape, size_t max_bytes);

  // The entry of `node`; computed by the caller where no unit has it, waited for where another unit
  // is at it. An exception of `compute` passes through and leaves the node for others to try.
  std::shared_ptr<const PrefixEntry> Get(uint32_t node, Compute compute);
  const Node& node(uint32_t index) const { return nodes_[index]; }

  // Positions computed for nodes so far (a node dropped and computed again counts twice).
  uint64_t computed_tokens() const;
  size_t peak_bytes() const;

 private:
  std::shared_ptr<const PrefixEntry> GetOne(uint32_t node,
                                            std::shared_ptr<const PrefixEntry> parent,
                                            Compute compute);
  void Evict();

  std::vector<Node> nodes_;
  TokenReader read_;
  KvShape shape_;
  size_t max_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable published_;
  struct Slot {
    std::shared_ptr<const PrefixEntry> entry;
    bool computing = false;
    uint64_t last_use = 0;
  };
  std::unordered_map<uint32_t, Slot> slots_;
  uint64_t clock_ = 0;
  size_t bytes_ = 0;
  size_t peak_bytes_ = 0;
  uint64_t computed_tokens_ = 0;
};

}  // namespace rowmill
