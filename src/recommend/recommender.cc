#include "recommend/recommender.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/error.h"
#include "metrics/ranking.h"

namespace rowmill {
namespace {

// What is further back than this weight leaves no trace in a single-precision score.
constexpr float kSmallestWeight = 1e-4f;
constexpr float kNever = -std::numeric_limits<float>::infinity();

constexpr double kLambdas[] = {300.0, 1000.0, 3000.0};
constexpr float kDecays[] = {1.0f, 0.95f, 0.9f, 0.8f};
constexpr float kFactorWeights[] = {0.0f, 0.2f, 0.4f, 0.8f};
constexpr float kRatingWeights[] = {0.0f, 0.1f, 0.2f};
constexpr float kPopularityWeights[] = {0.0f, 0.05f, 0.1f, 0.2f};
constexpr float kContentWeights[] = {0.0f, 0.05f, 0.1f, 0.2f};
// Users that decide, evenly spread: more would change the choice less than a year's new ratings do.
constexpr size_t kMostJudges = 2000;

void ThrowIfStopped(const RecommenderData& data) {
  if (data.stop_requested && data.stop_requested()) {
    throw StoppedError("stopped while fitting; nothing was written");
  }
}

// 1 / the root of the mean square; 0 where all are zero.
float InverseRms(std::span<const float> scores) {
  double sum = 0.0;
  for (const float s : scores) sum += static_cast<double>(s) * static_cast<double>(s);
  if (!(sum > 0.0)) return 0.0f;
  return static_cast<float>(1.0 / std::sqrt(sum / static_cast<double>(scores.size())));
}

void AddScaled(std::span<const float> part, float weight, std::span<float> scores) {
  for (size_t i = 0; i < part.size(); ++i) scores[i] += weight * part[i];
}

// scores[i] = biases and dot products of a user, over all items.
void ScoreFactors(const MatrixFactors& factors, size_t user, std::span<float> scores) {
  for (size_t item = 0; item < factors.num_items(); ++item) {
    scores[item] = factors.Score(user, item);
  }
}

bool HasRatings(const Interactions& interactions) {
  return std::any_of(interactions.ratings.begin(), interactions.ratings.end(),
                     [&](float rating) { return rating != interactions.ratings.front(); });
}

ItemWeights FitItems(const RecommenderData& data, const Mixture& mixture) {
  return mixture.item_model == ItemModel::kEase
             ? ItemWeights::Ease(*data.interactions, mixture.lambda, *data.kernels, *data.team)
             : ItemWeights::Neighbours(*data.interactions, *data.team);
}

std::vector<float> CountUsers(const Interactions& interactions) {
  std::vector<float> counts(interactions.num_items, 0.0f);
  for (const uint32_t item : interactions.items) counts[item] += 1.0f;
  return counts;
}

}  // namespace

std::vector<std::pair<std::string, double>> MixtureEntries(const Mixture& mixture) {
  std::vector<std::pair<std::string, double>> entries;
  if (mixture.item_model == ItemModel::kEase) entries.emplace_back("lambda", mixture.lambda);
  const std::pair<const char*, float> weights[] = {{"decay", mixture.decay},
                                                   {"factors", mixture.factors},
                                                   {"ratings", mixture.ratings},
                                                   {"popularity", mixture.popularity},
                                                   {"content", mixture.content}};
  // As the grids have them, not as their nearest float: 0.9, not 0.8999999761581421.
  for (const auto& [name, weight] : weights) {
    entries.emplace_back(name, std::round(static_cast<double>(weight) * 1e4) / 1e4);
  }
  if (mixture.rerank) {
    entries.emplace_back("rerank", std::round(static_cast<double>(*mixture.rerank) * 1e4) / 1e4);
  }
  return entries;
}

float HistoryWeight(float decay, size_t steps) {
  float weight = 1.0f;
  for (size_t i = 0; i < steps && weight >= kSmallestWeight; ++i) {
    if (decay == 1.0f) return 1.0f;
    weight *= decay;
  }
  return weight < kSmallestWeight ? 0.0f : weight;
}

Recommender Recommender::Fit(const RecommenderData& data, const Mixture& mixture) {
  Recommender out;
  out.mixture_ = mixture;
  out.num_items_ = data.num_items();
  out.num_taken_ = data.interactions->num_items;
  out.content_ = data.content;
  out.popularity_ = CountUsers(*data.interactions);
  out.items_ = FitItems(data, mixture);
  ThrowIfStopped(data);
  if (mixture.factors > 0.0f) out.factors_ = FitImplicit(*data.interactions, {}, *data.team);
  ThrowIfStopped(data);
  if (mixture.ratings > 0.0f) out.ratings_ = FitRatings(*data.interactions, {}, *data.team);
  ThrowIfStopped(data);
  return out;
}

void Recommender::ScoreContent(std::span<const uint32_t> history, ScoreScratch& scratch) const {
  CHECK(content_ != nullptr);
  scratch.profile.assign(content_->dim(), 0.0f);
  for (size_t steps = 0; steps < history.size(); ++steps) {
    const float weight = HistoryWeight(mixture_.decay, steps);
    if (weight == 0.0f) break;
    content_->AddVector(history[history.size() - 1 - steps], weight, scratch.profile);
  }
  scratch.content.resize(num_items_);
  content_->Score(scratch.profile, scratch.content);
  scratch.content_scale = InverseRms(scratch.content);
}

void Recommender::ScoreParts(size_t user, std::span<const uint32_t> history, float decay,
                             ScoreScratch& scratch) const {
  scratch.items.assign(num_taken_, 0.0f);
  float weight = 1.0f;
  for (size_t i = history.size(); i-- > 0 && weight >= kSmallestWeight; weight *= decay) {
    items_.AddRow(history[i], weight, scratch.items);
  }
  scratch.item_scale = InverseRms(scratch.items);
  if (factors_) {
    scratch.factors.resize(num_taken_);
    ScoreFactors(*factors_, user, scratch.factors);
  }
  if (ratings_) {
    scratch.ratings.resize(num_taken_);
    ScoreFactors(*ratings_, user, scratch.ratings);
    // What tells ratings apart is their distance from the user's mean.
    double sum = 0.0;
    for (const float s : scratch.ratings) sum += static_cast<double>(s);
    const auto mean = static_cast<float>(sum / static_cast<double>(num_taken_));
    for (float& s : scratch.ratings) s -= mean;
  }
}

void Recommender::Mix(const Mixture& mixture, ScoreScratch& scratch,
                      std::span<float> scores) const {
  std::fill_n(scores.begin(), num_items_, 0.0f);
  AddScaled(scratch.items, scratch.item_scale, scores);
  if (mixture.factors > 0.0f) {
    AddScaled(scratch.factors, mixture.factors * InverseRms(scratch.factors), scores);
  }
  if (mixture.ratings > 0.0f) {
    AddScaled(scratch.ratings, mixture.ratings * InverseRms(scratch.ratings), scores);
  }
  if (mixture.popularity > 0.0f) {
    AddScaled(popularity_, mixture.popularity * InverseRms(popularity_), scores);
  }
  if (mixture.content > 0.0f) {
    AddScaled(scratch.content, mixture.content * scratch.content_scale, scores);
  }
}

void Recommender::Score(size_t user, std::span<const uint32_t> history, ScoreScratch& scratch,
                        std::span<float> scores) const {
  CHECK(scores.size() >= num_items_);
  ScoreParts(user, history, mixture_.decay, scratch);
  if (mixture_.content > 0.0f) ScoreContent(history, scratch);
  Mix(mixture_, scratch, scores);
}

float Recommender::Contribution(std::span<const uint32_t> history, size_t place, size_t item,
                                const ScoreScratch& scratch) const {
  const float weight = HistoryWeight(mixture_.decay, history.size() - 1 - place);
  if (weight == 0.0f) return 0.0f;
  const bool is_taken = item < num_taken_;
  float sum = is_taken ? scratch.item_scale * items_.At(history[place], item) : 0.0f;
  const float content = is_taken ? mixture_.content : 1.0f;
  if (content > 0.0f) {
    sum += content * scratch.content_scale * content_->Cosine(history[place], item);
  }
  return weight * sum;
}

// The search of ChooseMixture: the parts at hand, and what mixtures of them would give.
class MixtureSearch {
 public:
  explicit MixtureSearch(const RecommenderData& data)
      : data_(data), held_out_(TakeLastOut(*data.interactions)) {
    data_.interactions = &held_out_.rest;
    std::vector<uint32_t> able;
    for (size_t user = 0; user < held_out_.items.size(); ++user) {
      if (held_out_.items[user] != kNoItem) able.push_back(static_cast<uint32_t>(user));
    }
    const size_t count = std::min(able.size(), kMostJudges);
    for (size_t i = 0; i < count; ++i) judges_.push_back(able[i * able.size() / count]);
    parts_.num_items_ = data_.num_items();
    parts_.num_taken_ = held_out_.rest.num_items;
    parts_.content_ = data_.content;
    parts_.popularity_ = CountUsers(held_out_.rest);
    best_.item_model = parts_.num_taken_ <= ItemWeights::kMostDenseItems ? ItemModel::kEase
                                                                         : ItemModel::kNeighbours;
  }

  Mixture Run() {
    ChooseItems();
    if (judges_.empty()) return best_;
    parts_.factors_ = FitImplicit(held_out_.rest, {}, *data_.team);
    Choose(kFactorWeights, &Mixture::factors);
    if (best_.factors == 0.0f) parts_.factors_.reset();
    if (HasRatings(held_out_.rest)) {
      parts_.ratings_ = FitRatings(held_out_.rest, {}, *data_.team);
      Choose(kRatingWeights, &Mixture::ratings);
      if (best_.ratings == 0.0f) parts_.ratings_.reset();
    }
    Choose(kPopularityWeights, &Mixture::popularity);
    if (data_.content != nullptr) Choose(kContentWeights, &Mixture::content);
    return best_;
  }

 private:
  // Strength and decay of the item-item part.
  void ChooseItems() {
    if (judges_.empty()) return;
    ItemWeights best_items;
    double best_gain = -1.0;
    const size_t num_lambdas = best_.item_model == ItemModel::kEase ? std::size(kLambdas) : 1;
    Mixture at = best_;
    for (size_t i = 0; i < num_lambdas; ++i) {
      if (best_.item_model == ItemModel::kEase) at.lambda = kLambdas[i];
      parts_.items_ = FitItems(data_, at);
      bool is_best = false;
      for (const float decay : kDecays) {
        at.decay = decay;
        const double gain = Gains({&at, 1}).front();
        if (gain <= best_gain) continue;
        best_gain = gain;
        best_ = at;
        is_best = true;
      }
      if (is_best) best_items = std::move(parts_.items_);
      ThrowIfStopped(data_);
    }
    parts_.items_ = std::move(best_items);
  }

  void Choose(std::span<const float> weights, float Mixture::* weight) {
    std::vector<Mixture> candidates(weights.size(), best_);
    for (size_t i = 0; i < weights.size(); ++i) candidates[i].*weight = weights[i];
    const std::vector<double> gains = Gains(candidates);
    best_ = candidates[static_cast<size_t>(std::max_element(gains.begin(), gains.end()) -
                                           gains.begin())];
    ThrowIfStopped(data_);
  }

  // The mean gain over the judges of each candidate; all have the same decay.
  std::vector<double> Gains(std::span<const Mixture> candidates) {
    const size_t count = candidates.size();
    std::vector<double> gains(judges_.size() * count);
    std::vector<ScoreScratch> scratch(data_.team->num_threads());
    std::vector<std::vector<float>> scores(data_.team->num_threads());
    parts_.mixture_.decay = candidates.front().decay;  // content follows it too
    const bool has_content =
        std::any_of(candidates.begin(), candidates.end(),
                    [](const Mixture& mixture) { return mixture.content > 0.0f; });
    data_.team->ParallelFor(judges_.size(), [&](size_t judge, size_t worker) {
      const size_t user = judges_[judge];
      const std::span<const uint32_t> history = held_out_.rest.ItemsOf(user);
      ScoreScratch& s = scratch[worker];
      scores[worker].resize(parts_.num_items_);
      parts_.ScoreParts(user, history, candidates.front().decay, s);
      if (has_content) parts_.ScoreContent(history, s);
      for (size_t i = 0; i < count; ++i) {
        parts_.Mix(candidates[i], s, scores[worker]);
        // Among what somebody has taken: what nobody has cannot have been held out.
        const std::span<float> taken = std::span(scores[worker]).first(parts_.num_taken_);
        for (const uint32_t item : history) taken[item] = kNever;
        gains[judge * count + i] = RankGain(RankOf(taken, held_out_.items[user]));
      }
    });
    std::vector<double> means(count, 0.0);
    for (size_t judge = 0; judge < judges_.size(); ++judge) {
      for (size_t i = 0; i < count; ++i) means[i] += gains[judge * count + i];
    }
    for (double& mean : means) mean /= static_cast<double>(judges_.size());
    return means;
  }

  RecommenderData data_;
  LastOut held_out_;
  std::vector<uint32_t> judges_;
  Recommender parts_;
  Mixture best_;
};

Mixture ChooseMixture(const RecommenderData& data) { return MixtureSearch(data).Run(); }

std::vector<uint32_t> BestItems(std::span<const float> scores, size_t count) {
  std::vector<uint32_t> items;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > kNever) items.push_back(static_cast<uint32_t>(i));
  }
  count = std::min(count, items.size());
  std::partial_sort(items.begin(), items.begin() + static_cast<ptrdiff_t>(count), items.end(),
                    [&](uint32_t a, uint32_t b) {
                      return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
                    });
  items.resize(count);
  return items;
}

uint64_t RankOf(std::span<const float> scores, size_t item) {
  const float own = scores[item];
  uint64_t rank = 0;
  for (const float s : scores) rank += s >= own && s > kNever ? 1 : 0;
  return rank;
}

}  // namespace rowmill
