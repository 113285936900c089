#include "recommend/recommendations.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "recommend/rerank.h"

namespace rowmill {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr size_t kReasons = 3;
constexpr size_t kWordsPerReason = 3;

// To three digits: what a reader wants, and no more text than that.
float RoundShare(float share) { return std::round(share * 1000.0f) / 1000.0f; }

std::vector<Reason> FindReasons(const RecommendationSource& source,
                                std::span<const uint32_t> history, uint32_t item,
                                const ScoreScratch& scratch) {
  std::vector<Reason> reasons;
  float sum = 0.0f;
  // From the last on, so that of equals the latest comes first.
  for (size_t place = history.size(); place-- > 0;) {
    const float part = source.recommender->Contribution(history, place, item, scratch);
    if (!(part > 0.0f) || history[place] == item) continue;
    sum += part;
    const auto behind = std::find_if(reasons.begin(), reasons.end(),
                                     [&](const Reason& r) { return r.share < part; });
    reasons.insert(behind, {history[place], part, {}});
    if (reasons.size() > kReasons) reasons.pop_back();
  }
  for (Reason& reason : reasons) {
    reason.share = RoundShare(reason.share / sum);
    if (source.content != nullptr) {
      reason.words = source.content->SharedWords(item, reason.item, kWordsPerReason);
    }
  }
  return reasons;
}

std::vector<Recommendation> RecommendPopular(const RecommendationSource& source, size_t count) {
  std::vector<Recommendation> out;
  const std::vector<float>& popularity = source.recommender->popularity();
  for (const uint32_t item : BestItems(popularity, count)) {
    out.push_back({item, popularity[item], Basis::kPopularity, {}});
  }
  return out;
}

}  // namespace

std::string_view BasisName(Basis basis) {
  constexpr std::string_view kNames[] = {"history", "content", "popularity"};
  return kNames[static_cast<size_t>(basis)];
}

std::vector<Recommendation> Recommend(const RecommendationSource& source, size_t user,
                                      std::span<const uint32_t> history,
                                      const RecommendationOptions& options,
                                      RecommendScratch& scratch) {
  if (history.empty()) return RecommendPopular(source, options.count);
  const Recommender& recommender = *source.recommender;
  const size_t num_items = recommender.num_items();
  std::vector<float>& scores = scratch.scores;
  scores.resize(num_items);
  recommender.Score(user, history, scratch.parts, scores);
  if (options.seen == RecommendationOptions::Seen::kLeaveOut) {
    for (const uint32_t item : history) scores[item] = kNever;
  }
  std::vector<Recommendation> fresh;
  if (options.num_new > 0 && num_items > source.num_taken) {
    if (recommender.mixture().content == 0.0f) recommender.ScoreContent(history, scratch.parts);
    const std::span<float> content = std::span(scratch.parts.content).first(num_items);
    std::vector<float> of_new(num_items, kNever);
    for (size_t item = source.num_taken; item < num_items; ++item) {
      if (source.content->Has(item)) of_new[item] = content[item] * scratch.parts.content_scale;
    }
    for (const uint32_t item : BestItems(of_new, std::min(options.num_new, options.count))) {
      fresh.push_back({item, of_new[item], Basis::kContent, {}});
      scores[item] = kNever;  // once is enough
    }
  }
  // Without a weight of content all of these have the score 0, which says nothing.
  if (recommender.mixture().content == 0.0f) {
    std::fill(scores.begin() + static_cast<ptrdiff_t>(source.num_taken), scores.end(), kNever);
  }
  std::vector<Recommendation> out;
  const size_t count = std::max(options.count, options.num_candidates);
  for (const uint32_t item : BestItems(scores, count - fresh.size())) {
    const Basis basis = item < source.num_taken ? Basis::kHistory : Basis::kContent;
    out.push_back({item, scores[item], basis, {}});
  }
  out.insert(out.end(), fresh.begin(), fresh.end());
  for (Recommendation& one : out) {
    one.reasons = FindReasons(source, history, one.item, scratch.parts);
  }
  return out;
}

void Rerank(std::span<const double> title_scores, double weight,
            std::vector<Recommendation>& list) {
  CHECK(title_scores.size() <= list.size());
  std::vector<float> scores;
  for (size_t i = 0; i < title_scores.size(); ++i) scores.push_back(list[i].score);
  const std::vector<size_t> order = RerankOrder(scores, title_scores, weight);
  std::vector<Recommendation> sorted;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    sorted.push_back(std::move(list[order[rank]]));
    sorted.back().score = scores[rank];
  }
  std::move(sorted.begin(), sorted.end(), list.begin());
}

size_t NumNewPlaces(const RecommendationOptions& options, size_t num_taken,
                    std::span<const Recommendation> list) {
  size_t num_new = 0;
  while (num_new < std::min(options.num_new, list.size()) &&
         list[list.size() - 1 - num_new].item >= num_taken) {
    ++num_new;
  }
  return num_new;
}

void KeepBest(const RecommendationOptions& options, size_t num_taken,
              std::vector<Recommendation>& list) {
  if (list.size() <= options.count) return;
  const size_t num_new = NumNewPlaces(options, num_taken, list);
  list.erase(list.begin() + static_cast<ptrdiff_t>(options.count - num_new),
             list.end() - static_cast<ptrdiff_t>(num_new));
}

}  // namespace rowmill
