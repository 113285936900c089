// Rows of token ids for tests of the plan: random, from a fixed seed, with as much in common as a
// test wants.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace rowmill {

using Tokens = std::vector<int32_t>;

// In memory where the system has such a folder: removing a scratch file from a disk takes
// milliseconds, and these tests make thousands.
inline std::string ScratchFolder() {
  static const bool has_memory_folder = access("/dev/shm", W_OK) == 0;
  return has_memory_folder ? "/dev/shm" : ::testing::TempDir();
}

// Uniform in [low, high]. Unlike std::uniform_int_distribution the same with every library.
inline uint64_t Draw(std::mt19937_64& random, uint64_t low, uint64_t high) {
  return low + random() % (high - low + 1);
}

inline Tokens RandomTokens(std::mt19937_64& random, uint64_t length, uint64_t vocabulary) {
  Tokens tokens(length);
  for (int32_t& token : tokens) token = static_cast<int32_t>(random() % vocabulary);
  return tokens;
}

// Rows that grow out of one another: each is a random beginning of an earlier row, or of nothing,
// and a random continuation, which is now and then empty; so there are duplicates, rows that are
// the beginning of others, and prefixes within prefixes.
inline std::vector<Tokens> RelatedRows(std::mt19937_64& random, size_t count, uint64_t max_piece,
                                       uint64_t vocabulary) {
  std::vector<Tokens> rows;
  while (rows.size() < count) {
    Tokens row;
    if (!rows.empty() && Draw(random, 0, 5) > 0) {
      row = rows[Draw(random, 0, rows.size() - 1)];
      if (Draw(random, 0, 2) > 0) row.resize(Draw(random, 1, row.size()));
    }
    const uint64_t more = Draw(random, 0, 4) == 0 ? 0 : Draw(random, 1, max_piece);
    for (const int32_t token : RandomTokens(random, more, vocabulary)) row.push_back(token);
    if (!row.empty()) rows.push_back(row);
  }
  return rows;
}

}  // namespace rowmill
