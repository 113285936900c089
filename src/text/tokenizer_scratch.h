// What a tokeniser needs to work and must not share: buffers, the piece cache, counters. Every
// thread that encodes owns one and passes it in; the tokeniser itself is const.
//
// What it is not: it holds no result and changes none. With another tokeniser than before it starts
// over, so that a piece cached for one model can never answer for another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "text/bpe_merge.h"
#include "text/piece_cache.h"
#include "text/special_tokens.h"
#include "text/vocabulary.h"

namespace rowmill {

struct TokenizerCounters {
  uint64_t num_bytes = 0;          // text encoded
  uint64_t num_pieces = 0;         // pieces looked at
  uint64_t num_cache_hits = 0;     // of these, found in the cache
  uint64_t num_replacements = 0;   // U+FFFD put in for ill-formed UTF-8
  uint64_t num_dropped_bytes = 0;  // bytes for which the vocabulary has no token
};

// The best way to cut a piece up to some position: Unigram's Viterbi search.
struct BestPath {
  float score = 0.0f;
  uint32_t begin = 0;  // of its last token
  int32_t id = kNoToken;
  bool is_reached = false;
};

class TokenizerScratch {
 public:
  enum class Cache : uint8_t { kOn, kOff };  // off: for one text, where a cache cannot pay

  explicit TokenizerScratch(Cache mode = Cache::kOn) : use_cache(mode == Cache::kOn) {}
  TokenizerScratch(TokenizerScratch&&) = default;
  TokenizerScratch& operator=(TokenizerScratch&&) = default;

  const TokenizerCounters& counters() const { return counts; }
  // Steps that depend on the text: what the tests of linear time count.
  uint64_t num_operations() const {
    return counts.num_bytes + counts.num_pieces + merge.num_operations + special.num_operations;
  }

  // Gives memory back after a text of hostile length; called by the tokenisers after each text.
  void Trim() {
    constexpr size_t kKeptBytes = 1 << 18;
    if (text.capacity() > kKeptBytes) std::string().swap(text);
    if (fragment.capacity() > kKeptBytes) std::string().swap(fragment);
    if (best_paths.capacity() > kKeptBytes / sizeof(BestPath))
      std::vector<BestPath>().swap(best_paths);
    merge.Trim();
    special.Trim();
  }

  // The rest belongs to the tokenisers.
  bool use_cache;
  std::shared_ptr<const void> owner;  // identity of the tokeniser that the cache belongs to
  std::string text;                   // valid UTF-8, followed by kReadablePadding bytes
  std::string fragment;               // the same, where a fragment has to be rewritten
  std::vector<ParseRegion> regions;
  SpecialTokenScratch special;
  MergeWorkspace merge;
  std::vector<BestPath> best_paths;
  PieceCache cache;
  TokenizerCounters counts;

  // Bytes that may be read past the end of a text or fragment, so that short pieces are loaded
  // whole words at a time.
  static constexpr size_t kReadablePadding = PieceCache::kMaxPieceBytes + 8;
};

}  // namespace rowmill
