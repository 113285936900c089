// Sorts rows by their token ids, in files, in time that grows with the number of tokens rather than
// with comparisons times common prefixes: a million prompts with hundreds of tokens in common would
// otherwise have these tokens read twenty times over.
//
// Multikey sorting by groups: rows that agree so far are a group; what all of the group have in
// common is skipped at once, the next two tokens become a number, the group is sorted by it and
// falls into smaller groups. (Bentley and Sedgewick, "Fast algorithms for sorting and searching
// strings", SODA 1997, with the skipping of common prefixes from caching multikey quicksort: Ng and
// Kakehi, IEICE Trans. E90-D, 2007.)
#pragma once

#include <cstdint>
#include <string>

#include "base/mapped_array.h"
#include "engine/row_table.h"

namespace rowmill {

struct SortEntry {
  uint64_t key = 0;  // what the sorter makes of it; free for the caller before and after
  uint64_t row = 0;
};

// Sorts lexicographically by tokens, rows with the same tokens by number. All rows have tokens.
// `folder`: for a scratch file.
void SortByTokens(const RowTable& rows, MappedArray<SortEntry>& entries, const std::string& folder);

}  // namespace rowmill
