#include "engine/row_sort.h"

#include <algorithm>
#include <span>
#include <tuple>

namespace rowmill {
namespace {

// Groups up to this size are sorted by comparing tokens: making numbers for so few does not pay.
constexpr size_t kSmallGroup = 6;

// Common prefixes are measured in pieces that double, so that a group which parts soon costs no
// more than this many tokens per row, however much some two of its rows have in common.
constexpr size_t kFirstPiece = 32;

// The entries [begin, end) have the head and `depth` tokens after it in common.
struct Group {
  uint64_t begin;
  uint64_t end;
  uint64_t depth;
};

bool KeyLess(const SortEntry& a, const SortEntry& b) {
  return std::tie(a.key, a.row) < std::tie(b.key, b.row);
}

class Sorter {
 public:
  Sorter(const RowTable& rows, MappedArray<SortEntry>& entries, const std::string& folder)
      : rows_(rows), entries_(entries), pending_(MappedArray<Group>::InFolder(folder)) {}

  void Sort() {
    for (SortEntry& entry : entries_) entry.key = rows_.SortKey(entry.row);
    // std::sort works in place, and its depth is bounded by twice the logarithm of the size.
    std::sort(entries_.begin(), entries_.end(), KeyLess);
    PushGroups({0, entries_.size(), 0}, 1);
    // Groups wait in a file: hostile rows can make as many as there are rows.
    while (!pending_.empty()) {
      const Group group = pending_[pending_.size() - 1];
      pending_.Resize(pending_.size() - 1);
      SortGroup(group);
    }
  }

 private:
  // Splits a sorted group by key. A row that ended at one of the tokens that made the key has zeros
  // in its low half; rows of such a key are the same and in order already.
  void PushGroups(const Group& sorted, uint64_t key_depth) {
    for (uint64_t begin = sorted.begin; begin < sorted.end;) {
      uint64_t end = begin + 1;
      while (end < sorted.end && entries_[end].key == entries_[begin].key) ++end;
      const bool ended = static_cast<uint32_t>(entries_[begin].key) == 0;
      if (end - begin > 1 && !ended) pending_.push_back({begin, end, sorted.depth + key_depth});
      begin = end;
    }
  }

  void SortGroup(const Group& group) {
    if (group.end - group.begin <= kSmallGroup) {
      std::sort(
          entries_.begin() + group.begin, entries_.begin() + group.end,
          [&](const SortEntry& a, const SortEntry& b) { return TokensLess(a, b, group.depth); });
      return;
    }
    const uint64_t depth = group.depth + CommonAfter(group);
    for (uint64_t i = group.begin; i < group.end; ++i) {
      entries_[i].key = KeyAt(rows_.TokensAfterHead(entries_[i].row), depth);
    }
    std::sort(entries_.begin() + group.begin, entries_.begin() + group.end, KeyLess);
    PushGroups({group.begin, group.end, depth}, 2);
  }

  // The tokens at `depth` and after it, as a number; the end of a row counts as a token below all
  // others.
  static uint64_t KeyAt(std::span<const int32_t> tokens, uint64_t depth) {
    const auto digit = [&](uint64_t at) {
      return at < tokens.size() ? static_cast<uint64_t>(tokens[at]) + 1 : 0;
    };
    return digit(depth) << 32 | digit(depth + 1);
  }

  bool TokensLess(const SortEntry& a, const SortEntry& b, uint64_t depth) const {
    const auto rest_a = rows_.TokensAfterHead(a.row).subspan(depth);
    const auto rest_b = rows_.TokensAfterHead(b.row).subspan(depth);
    const size_t common = CommonLength(rest_a, rest_b);
    if (common < rest_a.size() && common < rest_b.size()) return rest_a[common] < rest_b[common];
    return std::tuple(rest_a.size(), a.row) < std::tuple(rest_b.size(), b.row);
  }

  // How many tokens after its depth the whole group has in common.
  uint64_t CommonAfter(const Group& group) const {
    uint64_t common = 0;
    for (uint64_t piece = kFirstPiece;; piece *= 2) {
      const auto piece_of = [&](uint64_t i) {
        const auto tokens = rows_.TokensAfterHead(entries_[i].row).subspan(group.depth + common);
        return tokens.first(std::min<size_t>(piece, tokens.size()));
      };
      const std::span<const int32_t> first = piece_of(group.begin);
      uint64_t in_common = first.size();
      for (uint64_t i = group.begin + 1; i < group.end && in_common > 0; ++i) {
        in_common = CommonLength(first.first(in_common), piece_of(i));
      }
      common += in_common;
      if (in_common < piece) return common;
    }
  }

  const RowTable& rows_;
  MappedArray<SortEntry>& entries_;
  MappedArray<Group> pending_;  // a stack
};

}  // namespace

void SortByTokens(const RowTable& rows, MappedArray<SortEntry>& entries,
                  const std::string& folder) {
  Sorter(rows, entries, folder).Sort();
}

}  // namespace rowmill
