// Who took what, in which order: sparse rows of users, and the same by item.
//
// What it is not: a reader of files (ratings_reader.h). Users and items are numbers here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace rowmill {

inline constexpr uint32_t kNoItem = std::numeric_limits<uint32_t>::max();

// Each pair of user and item once.
struct Interactions {
  size_t num_items = 0;
  std::vector<uint64_t> begin = {0};  // [users + 1] into the two below
  std::vector<uint32_t> items;        // each user's, oldest first
  std::vector<float> ratings;         // 1 where the data set has none

  size_t num_users() const { return begin.size() - 1; }
  size_t size() const { return items.size(); }
  std::span<const uint32_t> ItemsOf(size_t user) const {
    return std::span(items).subspan(begin[user], begin[user + 1] - begin[user]);
  }
  std::span<const float> RatingsOf(size_t user) const {
    return std::span(ratings).subspan(begin[user], begin[user + 1] - begin[user]);
  }
};

// The same pairs by item, users ascending.
struct UsersByItem {
  std::vector<uint64_t> begin;  // [items + 1]
  std::vector<uint32_t> users;
  std::vector<float> ratings;

  explicit UsersByItem(const Interactions& interactions);
  size_t num_items() const { return begin.size() - 1; }
  std::span<const uint32_t> UsersOf(size_t item) const {
    return std::span(users).subspan(begin[item], begin[item + 1] - begin[item]);
  }
  std::span<const float> RatingsOf(size_t item) const {
    return std::span(ratings).subspan(begin[item], begin[item + 1] - begin[item]);
  }
};

// Each user's last interaction taken off, for judging what is fitted on the rest. Users with a
// single one keep it.
struct LastOut {
  Interactions rest;
  std::vector<uint32_t> items;  // [users]; kNoItem: nothing was taken off
  std::vector<float> ratings;   // [users]
};
LastOut TakeLastOut(const Interactions& interactions);

}  // namespace rowmill
