#include "recommend/evaluation.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "base/error.h"
#include "metrics/ranking.h"
#include "recommend/random_bits.h"

namespace rowmill {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr size_t kSvdRank = 64;
constexpr double kPlainLambda = 300.0;  // of EASE alone, by its paper's search on such data

// Writes the scores of all taken items for a user.
using ScoreUser = std::function<void(size_t user, std::span<const uint32_t> history,
                                     ScoreScratch& scratch, std::span<float> scores)>;

ScoreUser ByFactors(const MatrixFactors& factors) {
  return
      [&factors](size_t user, std::span<const uint32_t>, ScoreScratch&, std::span<float> scores) {
        for (size_t item = 0; item < factors.num_items(); ++item) {
          scores[item] = factors.Score(user, item);
        }
      };
}

ScoreUser ByWeights(const ItemWeights& weights) {
  return [&weights](size_t, std::span<const uint32_t> history, ScoreScratch&,
                    std::span<float> scores) {
    std::fill_n(scores.begin(), weights.num_items(), 0.0f);
    for (const uint32_t item : history) weights.AddRow(item, 1.0f, scores);
  };
}

class Judge {
 public:
  Judge(const RecommenderData& data, const Interactions& all, const LastOut& held_out,
        const EvaluationOptions& options)
      : data_(data), all_(all), held_out_(held_out), options_(options) {}

  ModelFigures Run(const std::string& name, const ScoreUser& score) const {
    const size_t num_users = all_.num_users();
    std::vector<uint64_t> full(num_users, 0);
    std::vector<uint64_t> sampled(num_users * options_.num_draws, 0);
    std::vector<ScoreScratch> scratch(data_.team->num_threads());
    data_.team->ParallelFor(num_users, [&](size_t user, size_t worker) {
      if (held_out_.items[user] == kNoItem) return;
      JudgeUser(user, score, scratch[worker], full[user],
                std::span(sampled).subspan(user * options_.num_draws, options_.num_draws));
    });
    if (data_.stop_requested && data_.stop_requested()) {
      throw StoppedError("stopped while evaluating; nothing was written");
    }
    ModelFigures figures;
    figures.model = name;
    figures.full = Mean(full);
    figures.sampled = Mean(sampled);
    return figures;
  }

 private:
  void JudgeUser(size_t user, const ScoreUser& score, ScoreScratch& scratch, uint64_t& full,
                 std::span<uint64_t> sampled) const {
    std::vector<float> scores(data_.num_items());
    const std::span<const uint32_t> history = held_out_.rest.ItemsOf(user);
    const uint32_t wanted = held_out_.items[user];
    score(user, history, scratch, scores);
    const std::span<float> taken = std::span(scores).first(all_.num_items);
    for (const uint32_t item : history) taken[item] = kNever;
    full = RankOf(taken, wanted);
    std::vector<uint32_t> pool;
    pool.reserve(taken.size());
    for (size_t item = 0; item < taken.size(); ++item) {
      if (taken[item] > kNever && item != wanted) pool.push_back(static_cast<uint32_t>(item));
    }
    std::vector<uint32_t> negatives;
    for (size_t draw = 0; draw < sampled.size(); ++draw) {
      DrawNegatives(pool, user, draw, options_, negatives);
      sampled[draw] = 1;
      for (const uint32_t item : negatives) sampled[draw] += scores[item] >= scores[wanted] ? 1 : 0;
    }
  }

  // Ranks of 0 are users without anything to look for.
  RankingFigures Mean(std::span<const uint64_t> ranks) const {
    RankingSum sum(options_.k);
    for (const uint64_t rank : ranks) {
      if (rank > 0) sum.Add(rank);
    }
    return {sum.hit_rate(), sum.ndcg(), sum.mrr()};
  }

  const RecommenderData& data_;
  const Interactions& all_;
  const LastOut& held_out_;
  const EvaluationOptions& options_;
};

// The mixture without and with re-ranking, on some of the users.
void JudgeRerank(const RecommenderData& data, const LastOut& held_out,
                 const Recommender& recommender, const ScoreTitles& score_titles,
                 Evaluation& evaluation) {
  const std::vector<uint32_t> users = SpreadUsers(held_out, evaluation.options.rerank.users);
  LastOut some = held_out;
  std::fill(some.items.begin(), some.items.end(), kNoItem);
  std::vector<size_t> place_of(held_out.items.size(), 0);
  for (size_t i = 0; i < users.size(); ++i) {
    some.items[users[i]] = held_out.items[users[i]];
    place_of[users[i]] = i;
  }
  const auto weight = static_cast<double>(*evaluation.mixture.rerank);
  RerankLists lists;  // empty: with a weight of 0 no title is read, since no place changes
  if (weight > 0.0) {
    lists = MakeRerankLists({&recommender, &held_out, data.team, &score_titles}, users);
  }
  const Judge judge(data, *data.interactions, some, evaluation.options);
  evaluation.num_reranked = users.size();
  evaluation.models.push_back(judge.Run(
      "rowmill *",
      [&](size_t user, std::span<const uint32_t> history, ScoreScratch& scratch,
          std::span<float> scores) { recommender.Score(user, history, scratch, scores); }));
  evaluation.models.push_back(
      judge.Run("re-ranked *", [&](size_t user, std::span<const uint32_t> history,
                                   ScoreScratch& scratch, std::span<float> scores) {
        recommender.Score(user, history, scratch, scores);
        if (weight > 0.0) ApplyRerank(lists, place_of[user], weight, scores);
      }));
}

void JudgeRatings(const LastOut& held_out, ThreadTeam& team, Evaluation& evaluation) {
  const std::vector<float>& ratings = held_out.rest.ratings;
  if (std::all_of(ratings.begin(), ratings.end(), [&](float r) { return r == ratings.front(); })) {
    return;
  }
  const MatrixFactors factors = FitRatings(held_out.rest, {}, team);
  const auto [low, high] = std::minmax_element(ratings.begin(), ratings.end());
  double by_factors = 0.0;
  double by_mean = 0.0;
  uint64_t count = 0;
  for (size_t user = 0; user < held_out.items.size(); ++user) {
    if (held_out.items[user] == kNoItem) continue;
    const auto truth = static_cast<double>(held_out.ratings[user]);
    const float score = std::clamp(factors.Score(user, held_out.items[user]), *low, *high);
    const double miss = static_cast<double>(score) - truth;
    const double mean_miss = static_cast<double>(factors.mean) - truth;
    by_factors += miss * miss;
    by_mean += mean_miss * mean_miss;
    ++count;
  }
  evaluation.rating_rmse = std::sqrt(by_factors / static_cast<double>(count));
  evaluation.mean_rmse = std::sqrt(by_mean / static_cast<double>(count));
}

}  // namespace

void DrawNegatives(std::vector<uint32_t>& pool, uint64_t user, uint64_t draw,
                   const EvaluationOptions& options, std::vector<uint32_t>& negatives) {
  const size_t count = std::min(options.num_negatives, pool.size());
  const uint64_t key = RandomBits(options.seed + draw, user);
  std::vector<size_t> picks(count);
  for (size_t j = 0; j < count; ++j) {
    picks[j] = j + static_cast<size_t>(RandomBits(key, j) % (pool.size() - j));
    std::swap(pool[j], pool[picks[j]]);
  }
  negatives.assign(pool.begin(), pool.begin() + static_cast<ptrdiff_t>(count));
  for (size_t j = count; j-- > 0;) std::swap(pool[j], pool[picks[j]]);
}

Evaluation Evaluate(const RecommenderData& data, const EvaluationOptions& options,
                    const ScoreTitles* score_titles) {
  const LastOut held_out = TakeLastOut(*data.interactions);
  Evaluation out;
  out.options = options;
  for (const uint32_t item : held_out.items) out.num_judged += item != kNoItem ? 1 : 0;
  if (out.num_judged == 0) {
    throw DataError("--evaluate needs users with at least two interactions, and there is none");
  }
  RecommenderData rest = data;
  rest.interactions = &held_out.rest;
  const Judge judge(data, *data.interactions, held_out, options);

  std::vector<float> popularity(held_out.rest.num_items, 0.0f);
  for (const uint32_t item : held_out.rest.items) popularity[item] += 1.0f;
  out.models.push_back(judge.Run(
      "popularity", [&](size_t, std::span<const uint32_t>, ScoreScratch&, std::span<float> scores) {
        std::copy(popularity.begin(), popularity.end(), scores.begin());
      }));
  {
    const ItemWeights weights = ItemWeights::Neighbours(held_out.rest, *data.team);
    out.models.push_back(judge.Run("item-kNN", ByWeights(weights)));
  }
  {
    const MatrixFactors factors = FitPureSvd(held_out.rest, kSvdRank, *data.team);
    out.models.push_back(judge.Run("PureSVD-64", ByFactors(factors)));
  }
  {
    const MatrixFactors factors = FitImplicit(held_out.rest, {}, *data.team);
    out.models.push_back(judge.Run("implicit ALS", ByFactors(factors)));
  }
  if (held_out.rest.num_items <= ItemWeights::kMostDenseItems) {
    const ItemWeights weights =
        ItemWeights::Ease(held_out.rest, kPlainLambda, *data.kernels, *data.team);
    out.models.push_back(judge.Run("EASE", ByWeights(weights)));
  }
  out.mixture = ChooseMixture(rest);
  const Recommender recommender = Recommender::Fit(rest, out.mixture);
  out.models.push_back(judge.Run("rowmill", [&](size_t user, std::span<const uint32_t> history,
                                                ScoreScratch& scratch, std::span<float> scores) {
    recommender.Score(user, history, scratch, scores);
  }));
  if (score_titles != nullptr) {
    out.mixture.rerank = RerankWeight(rest, out.mixture, *score_titles, options.rerank);
    JudgeRerank(data, held_out, recommender, *score_titles, out);
  }
  JudgeRatings(held_out, *data.team, out);
  return out;
}

}  // namespace rowmill
