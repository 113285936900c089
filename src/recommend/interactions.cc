#include "recommend/interactions.h"

namespace rowmill {

UsersByItem::UsersByItem(const Interactions& interactions)
    : begin(interactions.num_items + 1, 0),
      users(interactions.size()),
      ratings(interactions.size()) {
  for (const uint32_t item : interactions.items) ++begin[item + 1];
  for (size_t item = 0; item < interactions.num_items; ++item) begin[item + 1] += begin[item];
  std::vector<uint64_t> next(begin.begin(), begin.end() - 1);
  for (size_t user = 0; user < interactions.num_users(); ++user) {
    for (uint64_t i = interactions.begin[user]; i < interactions.begin[user + 1]; ++i) {
      const uint64_t place = next[interactions.items[i]]++;
      users[place] = static_cast<uint32_t>(user);
      ratings[place] = interactions.ratings[i];
    }
  }
}

LastOut TakeLastOut(const Interactions& interactions) {
  LastOut out;
  out.rest.num_items = interactions.num_items;
  out.rest.items.reserve(interactions.size());
  out.rest.ratings.reserve(interactions.size());
  for (size_t user = 0; user < interactions.num_users(); ++user) {
    const std::span<const uint32_t> items = interactions.ItemsOf(user);
    const std::span<const float> ratings = interactions.RatingsOf(user);
    const size_t kept = items.size() < 2 ? items.size() : items.size() - 1;
    out.items.push_back(kept < items.size() ? items.back() : kNoItem);
    out.ratings.push_back(kept < items.size() ? ratings.back() : 0.0f);
    out.rest.items.insert(out.rest.items.end(), items.begin(), items.begin() + kept);
    out.rest.ratings.insert(out.rest.ratings.end(), ratings.begin(), ratings.begin() + kept);
    out.rest.begin.push_back(out.rest.items.size());
  }
  return out;
}

}  // namespace rowmill
