// Turns a file's list of merges, which names tokens by text, into rules of ids. GGUF and
// tokenizer.json have the same list in two spellings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "text/token_table.h"
#include "text/vocabulary.h"

namespace rowmill {

class MergeListReader {
 public:
  // Appends to vocabulary.merges; its texts are complete.
  MergeListReader(Vocabulary& vocabulary, size_t num_merges);

  // The next merge: two tokens, or both in one text with a space between. Returns what is wrong
  // with it, empty where nothing is. Of a merge that is listed twice the first rank counts, as in
  // the reference implementations.
  std::string Add(std::string_view left, std::string_view right);
  std::string Add(std::string_view merge);
  // How many were right so far, which is the index of the first that is not.
  size_t num_read() const { return num_read_; }

 private:
  Vocabulary& vocabulary_;
  TokenTable tokens_;
  std::unordered_set<uint64_t> seen_;
  size_t num_read_ = 0;
};

}  // namespace rowmill
