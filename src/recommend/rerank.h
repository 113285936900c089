// A second look at the best of a user's list by something that reads titles: a language model that
// has read what the user liked says how likely each candidate's title comes next.
//
//   value(i) = z_r(i) + weight * z_t(i)
//
// where z_r and z_t are the recommender's scores and the titles' scores of the candidates, less
// their mean, over their standard deviation; a candidate without a title's score has z_t 0. The
// candidates are sorted by it, and take the scores of the places that they come to, so that a list
// stays in descending order of scores, and above all that was not looked at.
//
// The weight is chosen on held-out interactions, as those of a Mixture are (recommender.h).
//
// What it is not: the language model (engine/title_reranker.h), which is behind ScoreTitles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "recommend/recommender.h"

namespace rowmill {

inline constexpr size_t kRerankDepth = 50;    // candidates of a user
inline constexpr size_t kRerankHistory = 12;  // liked items that are read
// Users on whom the weight is chosen, unless it is said otherwise.
inline constexpr size_t kRerankUsers = 100;

struct RerankQuestion {
  std::vector<uint32_t> liked;       // oldest first
  std::vector<uint32_t> candidates;  // best first
};

// For each question a score for each of its candidates, the higher the likelier; NaN: none.
using ScoreTitles =
    std::function<std::vector<std::vector<double>>(std::span<const RerankQuestion>)>;

// The last kRerankHistory items of those that were rated no lower than the user's mean.
std::vector<uint32_t> LikedItems(std::span<const uint32_t> history, std::span<const float> ratings);

// The candidates' positions in their new order; equal values keep their order.
std::vector<size_t> RerankOrder(std::span<const float> scores, std::span<const double> title_scores,
                                double weight);

// What the search and the evaluation look at: a fitted recommender, and what was held out.
struct RerankData {
  const Recommender* recommender = nullptr;
  const LastOut* held_out = nullptr;
  ThreadTeam* team = nullptr;
  const ScoreTitles* score_titles = nullptr;
};

// The lists of some users as the recommender has them, and how the titles score.
struct RerankLists {
  std::vector<RerankQuestion> questions;          // one for each user, in their order
  std::vector<std::vector<float>> scores;         // by the recommender
  std::vector<std::vector<double>> title_scores;  // empty where they can make no difference
};
// Titles are scored for users whose held-out item is among the candidates: elsewhere its rank is
// what it is.
RerankLists MakeRerankLists(const RerankData& data, std::span<const uint32_t> users);

// At most `count` users who have an item held out, evenly spread.
std::vector<uint32_t> SpreadUsers(const LastOut& held_out, size_t count);

// The weight that finds what was held out best among all items, of a small fixed grid; of equals
// the smallest. 0, by which the order stays, where the gain over it is within two standard errors:
// what a few users gain by chance would cost all users a worse list and the time to make it.
float ChooseRerankWeight(const RecommenderData& data, const Mixture& mixture,
                         const ScoreTitles& score_titles, size_t max_users);

// How the weight comes about.
struct RerankOptions {
  size_t users = kRerankUsers;  // on whom it is chosen, and for whom it is judged
  std::optional<float> weight;  // given: it is not chosen
};
float RerankWeight(const RecommenderData& data, const Mixture& mixture,
                   const ScoreTitles& score_titles, const RerankOptions& options);

// Puts the candidates' scores in `scores` [items] into the new order.
void ApplyRerank(const RerankLists& lists, size_t place, double weight, std::span<float> scores);

}  // namespace rowmill
