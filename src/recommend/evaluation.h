// How good recommendations are, by the protocol that papers use: each user's last interaction is
// taken off, everything (weights, strengths, decay) is fitted on the rest, and what was taken off
// is looked for in the ranked list,
//
//   full     among all items that somebody has taken and the user had not before,
//   sampled  among it and 100 items that the user never took (He et al., Neural Collaborative
//            Filtering, WWW 2017), the mean over 20 draws. Draw s of user u permutes the items that
//            u never took, ascending, by Fisher and Yates with RandomBits(RandomBits(seed + s, u),
//            j) modulo what is left, and takes the first 100.
//
// Ties count against what is looked for. Sampled figures are kind to popularity and may order
// systems otherwise than full ones do (Krichene and Rendle, KDD 2020), so both are given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "recommend/recommender.h"
#include "recommend/rerank.h"

namespace rowmill {

struct EvaluationOptions {
  uint64_t k = 10;
  size_t num_negatives = 100;
  size_t num_draws = 20;
  uint64_t seed = 0;
  RerankOptions rerank;
};

struct RankingFigures {
  double hit_rate = 0.0;
  double ndcg = 0.0;
  double mrr = 0.0;
};

struct ModelFigures {
  std::string model;
  RankingFigures sampled;
  RankingFigures full;
};

struct Evaluation {
  EvaluationOptions options;
  uint64_t num_judged = 0;  // users with something to take off
  Mixture mixture;          // chosen without what is looked for
  std::vector<ModelFigures> models;
  uint64_t num_reranked = 0;  // users that the last two of `models` are of; 0: none are
  // Of the ratings taken off, predicted by matrix factors and by the mean rating; 0 where all
  // ratings are equal.
  double rating_rmse = 0.0;
  double mean_rmse = 0.0;
};

// Popularity, neighbours, PureSVD, implicit factors, EASE without decay, the mixture; with
// `score_titles`, which may be null, also the mixture without and with re-ranking, on
// `rerank.users` of the users. Throws StoppedError; DataError where no user has two interactions.
Evaluation Evaluate(const RecommenderData& data, const EvaluationOptions& options,
                    const ScoreTitles* score_titles = nullptr);

// The items of draw `draw`, at most `num_negatives`, out of `pool`, which comes back as it was.
void DrawNegatives(std::vector<uint32_t>& pool, uint64_t user, uint64_t draw,
                   const EvaluationOptions& options, std::vector<uint32_t>& negatives);

}  // namespace rowmill
