// OUTPUT.run.json of `rowmill recommend`: what all runs have, and a group of its own.
#include <nlohmann/json.hpp>

#include "engine/recommend_job.h"

namespace rowmill {
namespace {

using Json = nlohmann::ordered_json;

Json ProblemJson(const std::optional<RowProblem>& problem) {
  if (!problem) return {};
  return {{"row", problem->row}, {"line", problem->line}, {"error", problem->what}};
}

Json FiguresJson(const RankingFigures& figures, uint64_t k) {
  const std::string at = "@" + std::to_string(k);
  return {{"hr" + at, figures.hit_rate}, {"ndcg" + at, figures.ndcg}, {"mrr" + at, figures.mrr}};
}

Json MixtureJson(const Mixture& mixture) {
  Json json;
  json["items"] = mixture.item_model == ItemModel::kEase ? "EASE" : "neighbours";
  for (const auto& [name, value] : MixtureEntries(mixture)) json[name] = value;
  return json;
}

Json EvaluationJson(const Evaluation& evaluation) {
  Json json;
  json["protocol"] = "leave last out";
  json["users"] = evaluation.num_judged;
  json["negatives"] = evaluation.options.num_negatives;
  json["draws"] = evaluation.options.num_draws;
  json["seed"] = evaluation.options.seed;
  json["mixture"] = MixtureJson(evaluation.mixture);
  if (evaluation.num_reranked > 0) json["rerank_users"] = evaluation.num_reranked;
  for (const ModelFigures& model : evaluation.models) {
    json["models"].push_back({{"model", model.model},
                              {"sampled", FiguresJson(model.sampled, evaluation.options.k)},
                              {"full", FiguresJson(model.full, evaluation.options.k)}});
  }
  if (evaluation.mean_rmse > 0.0) {
    json["rating_rmse"] = {{"factors", evaluation.rating_rmse}, {"mean", evaluation.mean_rmse}};
  }
  return json;
}

}  // namespace

std::string RecommendReport::ToJson() const {
  Json json = Json::parse(run.ToJson());
  json["recommend"]["ratings"] = {{"rows", rating_rows},
                                  {"used", ratings},
                                  {"invalid", invalid_ratings},
                                  {"repeated", repeated_ratings},
                                  {"first_invalid", ProblemJson(first_invalid_rating)}};
  json["recommend"]["users"] = {{"total", users}, {"cold", cold_users}};
  json["recommend"]["items"] = {{"rated", items},
                                {"unrated", unrated_items},
                                {"invalid", invalid_items},
                                {"repeated", repeated_items},
                                {"first_invalid", ProblemJson(first_invalid_item)}};
  json["recommend"]["seconds"] = {
      {"read", read_seconds}, {"fit", fit_seconds}, {"score", score_seconds}};
  if (mixture) json["recommend"]["mixture"] = MixtureJson(*mixture);
  if (evaluation) json["recommend"]["evaluation"] = EvaluationJson(*evaluation);
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace rowmill
