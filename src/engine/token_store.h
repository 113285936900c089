// The token ids of all rows of a job, in a file beside the output rather than in memory.
//
// Rows of one job begin alike: chat template, instructions and few-shot examples are the same for
// all of them. So a row is stored as the number of tokens that it has in common with the first row
// (its head) and the tokens after that. With a prompt of 300 tokens around 30 of the user's own
// this takes a tenth of the disk, and comparing two rows seldom has to look at the common part.
//
// What it is not: a prefix tree. The one head serves storage; which prefixes the model shares is
// decided by engine/prefix_tree.h over all rows.
//
// Not thread-safe while rows are added; const functions may be called by any number of threads.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_array.h"

namespace rowmill {

// Where the tokens of one row are. All zero: a row without tokens.
struct TokenRef {
  uint64_t offset = 0;       // of the tokens after the head, in the store
  uint32_t length = 0;       // tokens of the row, head included
  uint32_t head_length = 0;  // of the longest prefix that it has in common with the first row
};

// How many tokens two sequences have in common at their beginnings.
size_t CommonLength(std::span<const int32_t> a, std::span<const int32_t> b);

class TokenStore {
 public:
  // Makes a nameless scratch file in `folder`.
  explicit TokenStore(const std::string& folder);

  // Appends a row of at least one token; ids are not negative. Throws IoError where the disk is
  // full; nothing is added then.
  TokenRef Add(std::span<const int32_t> tokens);

  // Replaces `tokens` by those of the row.
  void Get(const TokenRef& row, std::vector<int32_t>& tokens) const;
  // The first `length` tokens, which the row must have.
  void GetPrefix(const TokenRef& row, uint32_t length, std::vector<int32_t>& tokens) const;

  // The tokens after the head. Valid until the next Add.
  std::span<const int32_t> AfterHead(const TokenRef& row) const {
    return tokens_.span().subspan(row.offset, row.length - row.head_length);
  }

  // Length of the longest prefix that the two have in common.
  uint32_t CommonPrefix(const TokenRef& a, const TokenRef& b) const;
  // Lexicographic order of the token ids; a row comes before its own continuations.
  std::strong_ordering Compare(const TokenRef& a, const TokenRef& b) const;
  // A number that orders as Compare does wherever it differs: the place where the row leaves the
  // first row, and the token with which it does. Rows of the same key have the head and, unless
  // they end there, the token after it in common; so sorting needs to look at the rest alone.
  uint64_t SortKey(const TokenRef& row) const;

  // Of the file, in use.
  uint64_t bytes() const { return tokens_.size() * sizeof(int32_t); }

 private:
  std::span<const int32_t> Head() const { return tokens_.span().first(first_length_); }

  MappedArray<int32_t> tokens_;  // first the first row, whole
  uint32_t first_length_ = 0;    // tokens of the first row
};

}  // namespace rowmill
