#include "recommend/rerank.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/check.h"
#include "base/error.h"
#include "metrics/ranking.h"

namespace rowmill {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr double kWeights[] = {0.1, 0.2, 0.4, 0.8, 1.6};  // besides 0

// Less their mean, over their standard deviation; 0 for what is not finite, and for all where they
// are equal.
std::vector<double> Standardised(std::span<const double> values) {
  double sum = 0.0;
  size_t count = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    ++count;
  }
  std::vector<double> out(values.size(), 0.0);
  if (count == 0) return out;
  const double mean = sum / static_cast<double>(count);
  double squares = 0.0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    out[i] = values[i] - mean;
    squares += out[i] * out[i];
  }
  if (!(squares > 0.0)) {
    std::fill(out.begin(), out.end(), 0.0);
    return out;
  }
  const double deviation = std::sqrt(squares / static_cast<double>(count));
  for (double& value : out) value /= deviation;
  return out;
}

// What each user whose titles were scored gains of their held-out item's place.
std::vector<double> GainsAt(double weight, const RerankLists& lists,
                            std::span<const uint32_t> users, const LastOut& held_out) {
  std::vector<double> gains;
  for (size_t i = 0; i < users.size(); ++i) {
    if (lists.title_scores[i].empty()) continue;  // no weight changes its rank
    const std::vector<size_t> order = RerankOrder(lists.scores[i], lists.title_scores[i], weight);
    const std::vector<uint32_t>& candidates = lists.questions[i].candidates;
    for (size_t rank = 0; rank < order.size(); ++rank) {
      if (candidates[order[rank]] == held_out.items[users[i]]) gains.push_back(RankGain(rank + 1));
    }
  }
  return gains;
}

// Whether `gains` are more than `before`, user by user, by more than two standard errors.
bool IsClearGain(std::span<const double> gains, std::span<const double> before) {
  const auto count = static_cast<double>(gains.size());
  if (count < 2.0) return false;
  double sum = 0.0;
  for (size_t i = 0; i < gains.size(); ++i) sum += gains[i] - before[i];
  double squares = 0.0;
  for (size_t i = 0; i < gains.size(); ++i) {
    const double off = gains[i] - before[i] - sum / count;
    squares += off * off;
  }
  return sum > 2.0 * std::sqrt(squares * count / (count - 1.0));
}

}  // namespace

std::vector<uint32_t> LikedItems(std::span<const uint32_t> history,
                                 std::span<const float> ratings) {
  CHECK(history.size() == ratings.size());
  double sum = 0.0;
  for (const float rating : ratings) sum += static_cast<double>(rating);
  const double mean = sum / static_cast<double>(std::max<size_t>(ratings.size(), 1));
  std::vector<uint32_t> liked;
  for (size_t i = history.size(); i-- > 0 && liked.size() < kRerankHistory;) {
    if (static_cast<double>(ratings[i]) >= mean) liked.push_back(history[i]);
  }
  std::reverse(liked.begin(), liked.end());
  return liked;
}

std::vector<size_t> RerankOrder(std::span<const float> scores, std::span<const double> title_scores,
                                double weight) {
  CHECK(scores.size() == title_scores.size());
  std::vector<double> values = Standardised(std::vector<double>(scores.begin(), scores.end()));
  const std::vector<double> titles = Standardised(title_scores);
  for (size_t i = 0; i < values.size(); ++i) values[i] += weight * titles[i];
  return LargestScores(values, values.size());
}

std::vector<uint32_t> SpreadUsers(const LastOut& held_out, size_t count) {
  std::vector<uint32_t> able;
  for (size_t user = 0; user < held_out.items.size(); ++user) {
    if (held_out.items[user] != kNoItem) able.push_back(static_cast<uint32_t>(user));
  }
  count = std::min(count, able.size());
  std::vector<uint32_t> users;
  for (size_t i = 0; i < count; ++i) users.push_back(able[i * able.size() / count]);
  return users;
}

RerankLists MakeRerankLists(const RerankData& data, std::span<const uint32_t> users) {
  const Interactions& rest = data.held_out->rest;
  RerankLists lists;
  lists.questions.resize(users.size());
  lists.scores.resize(users.size());
  lists.title_scores.resize(users.size());
  std::vector<ScoreScratch> scratch(data.team->num_threads());
  data.team->ParallelFor(users.size(), [&](size_t i, size_t worker) {
    const std::span<const uint32_t> history = rest.ItemsOf(users[i]);
    std::vector<float> scores(data.recommender->num_items());
    data.recommender->Score(users[i], history, scratch[worker], scores);
    const std::span<float> taken = std::span(scores).first(rest.num_items);
    for (const uint32_t item : history) taken[item] = kNever;
    RerankQuestion& question = lists.questions[i];
    question.liked = LikedItems(history, rest.RatingsOf(users[i]));
    question.candidates = BestItems(taken, kRerankDepth);
    for (const uint32_t item : question.candidates) lists.scores[i].push_back(taken[item]);
  });
  std::vector<RerankQuestion> asked;
  std::vector<size_t> places;
  for (size_t i = 0; i < users.size(); ++i) {
    const std::vector<uint32_t>& candidates = lists.questions[i].candidates;
    const uint32_t wanted = data.held_out->items[users[i]];
    if (std::find(candidates.begin(), candidates.end(), wanted) == candidates.end()) continue;
    asked.push_back(lists.questions[i]);
    places.push_back(i);
  }
  std::vector<std::vector<double>> answers = (*data.score_titles)(asked);
  CHECK(answers.size() == asked.size());
  for (size_t i = 0; i < places.size(); ++i) {
    lists.title_scores[places[i]] = std::move(answers[i]);
  }
  return lists;
}

void ApplyRerank(const RerankLists& lists, size_t place, double weight, std::span<float> scores) {
  const std::vector<double>& titles = lists.title_scores[place];
  if (titles.empty()) return;
  const std::vector<float>& own = lists.scores[place];
  const std::vector<size_t> order = RerankOrder(own, titles, weight);
  for (size_t rank = 0; rank < order.size(); ++rank) {
    scores[lists.questions[place].candidates[order[rank]]] = own[rank];
  }
}

float ChooseRerankWeight(const RecommenderData& data, const Mixture& mixture,
                         const ScoreTitles& score_titles, size_t max_users) {
  const LastOut held_out = TakeLastOut(*data.interactions);
  const std::vector<uint32_t> users = SpreadUsers(held_out, max_users);
  if (users.empty()) return 0.0f;
  RecommenderData rest = data;
  rest.interactions = &held_out.rest;
  const Recommender recommender = Recommender::Fit(rest, mixture);
  const RerankLists lists =
      MakeRerankLists({&recommender, &held_out, data.team, &score_titles}, users);
  const std::vector<double> unchanged = GainsAt(0.0, lists, users, held_out);
  double best = 0.0;
  double best_sum = std::accumulate(unchanged.begin(), unchanged.end(), 0.0);
  for (const double weight : kWeights) {
    const std::vector<double> gains = GainsAt(weight, lists, users, held_out);
    const double sum = std::accumulate(gains.begin(), gains.end(), 0.0);
    if (sum <= best_sum || !IsClearGain(gains, unchanged)) continue;
    best_sum = sum;
    best = weight;
  }
  return static_cast<float>(best);
}

float RerankWeight(const RecommenderData& data, const Mixture& mixture,
                   const ScoreTitles& score_titles, const RerankOptions& options) {
  if (options.weight) return *options.weight;
  return ChooseRerankWeight(data, mixture, score_titles, options.users);
}

}  // namespace rowmill
