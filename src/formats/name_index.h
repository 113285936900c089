// Finds names out of a file by binary search over a sorted list of positions.
//
// Not a hash table: whoever writes the file chooses the names, and names that all fall into one
// bucket would turn loading 65,536 of them into minutes. Sorting has no such worst case.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace rowmill {

class NameIndex {
 public:
  NameIndex() = default;
  // `names` are views whose bytes outlive the index.
  explicit NameIndex(const std::vector<std::string_view>& names) {
    entries_.reserve(names.size());
    for (size_t i = 0; i < names.size(); ++i) entries_.emplace_back(names[i], i);
    std::sort(entries_.begin(), entries_.end());
  }

  // The position of `name` in the list that the index was made of.
  std::optional<size_t> Find(std::string_view name) const {
    const auto it = std::lower_bound(entries_.begin(), entries_.end(), Entry(name, 0));
    if (it == entries_.end() || it->first != name) return std::nullopt;
    return it->second;
  }
  // A name that occurs more than once, where there is one.
  std::optional<std::string_view> FindDuplicate() const {
    const auto it =
        std::adjacent_find(entries_.begin(), entries_.end(),
                           [](const Entry& a, const Entry& b) { return a.first == b.first; });
    return it == entries_.end() ? std::nullopt : std::optional<std::string_view>(it->first);
  }

 private:
  using Entry = std::pair<std::string_view, size_t>;
  std::vector<Entry> entries_;
};

}  // namespace rowmill
