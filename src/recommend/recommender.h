// Scores of all items for a user: a mixture of item-item weights over the user's history, in which
// what is long ago counts less, of matrix factors, of popularity, and of content.
//
//   score(i) = sum over parts c of weight_c * s_c(i) / rms_c,   rms over all items, per user
//
// so that a weight says how loud a part is whatever its units. The item-item part has weight 1. The
// j-th last item of a history counts decay^j.
//
// Items [0, interactions.num_items) have been taken by somebody. Those behind them are known by
// their content alone, and have a score of that part only.
//
// ChooseMixture finds strength, decay and weights on held-out interactions: each user's last one is
// taken off, the parts are fitted on the rest, and the mean of 1 / log2(rank + 1) of what was taken
// off, among all items that the user has not had, decides. One after the other over small fixed
// grids; of equals the first, which has the fewest parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernels.h"
#include "parallel/thread_team.h"
#include "recommend/interactions.h"
#include "recommend/item_content.h"
#include "recommend/item_weights.h"
#include "recommend/matrix_factors.h"

namespace rowmill {

enum class ItemModel : uint8_t { kEase, kNeighbours };

struct Mixture {
  ItemModel item_model = ItemModel::kEase;
  double lambda = 1000.0;  // of EASE
  float decay = 1.0f;      // of the history, per step back
  float factors = 0.0f;    // weights beside the item-item part's 1
  float ratings = 0.0f;
  float popularity = 0.0f;
  float content = 0.0f;
  std::optional<float> rerank;  // of titles (rerank.h); nothing where no model reads them
};
// As names and values, for reports.
std::vector<std::pair<std::string, double>> MixtureEntries(const Mixture& mixture);

// What the parts are fitted on.
struct RecommenderData {
  const Interactions* interactions = nullptr;
  const ItemContent* content = nullptr;  // may be null
  const kernels::KernelTable* kernels = nullptr;
  ThreadTeam* team = nullptr;
  std::function<bool()> stop_requested;  // may be empty

  size_t num_items() const {
    return content != nullptr ? content->num_items() : interactions->num_items;
  }
};

// Of one thread.
struct ScoreScratch {
  std::vector<float> items, factors, ratings, content;  // [items]: the parts' scores
  std::vector<float> profile;                           // [content dim]
  // 1 / rms of the parts that a mixture has used last: of the item-item part and of content.
  float item_scale = 0.0f;
  float content_scale = 0.0f;
};

class Recommender {
 public:
  // Fits the parts that have a weight. Throws StoppedError.
  static Recommender Fit(const RecommenderData& data, const Mixture& mixture);

  const Mixture& mixture() const { return mixture_; }
  const std::vector<float>& popularity() const { return popularity_; }  // users of each taken item
  size_t num_items() const { return num_items_; }

  // `history`: the user's items, oldest first; `user` is that of the data it was fitted on.
  void Score(size_t user, std::span<const uint32_t> history, ScoreScratch& scratch,
             std::span<float> scores) const;
  // By content alone: [num_items].
  void ScoreContent(std::span<const uint32_t> history, ScoreScratch& scratch) const;
  // How much the item at `place` of the history added to the score of `item` in the last Score.
  float Contribution(std::span<const uint32_t> history, size_t place, size_t item,
                     const ScoreScratch& scratch) const;

 private:
  friend class MixtureSearch;
  Recommender() = default;

  void ScoreParts(size_t user, std::span<const uint32_t> history, float decay,
                  ScoreScratch& scratch) const;
  void Mix(const Mixture& mixture, ScoreScratch& scratch, std::span<float> scores) const;

  Mixture mixture_;
  size_t num_items_ = 0;
  size_t num_taken_ = 0;
  const ItemContent* content_ = nullptr;
  ItemWeights items_;
  std::optional<MatrixFactors> factors_;
  std::optional<MatrixFactors> ratings_;
  std::vector<float> popularity_;
};

// The weight of what is `steps` before the last, by which histories are added up; 0 where it is too
// small to matter.
float HistoryWeight(float decay, size_t steps);

Mixture ChooseMixture(const RecommenderData& data);

// The positions of the `count` largest scores, best first, equal ones in ascending position.
// Positions whose score is -infinity are none.
std::vector<uint32_t> BestItems(std::span<const float> scores, size_t count);

// How many scores are at least that of `item`, itself included: its rank, ties against it.
// -infinity is left out.
uint64_t RankOf(std::span<const float> scores, size_t item);

}  // namespace rowmill
