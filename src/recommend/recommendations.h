// What is recommended to one user, and why.
//
// The reasons are the items of the history that added most to the score, each with its share of all
// that added to it, and, where the texts of items are known, the rarest words that both have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/recommender.h"

namespace rowmill {

struct RecommendationOptions {
  size_t count = 10;
  // Of these places the last so many go to items that nobody has taken, by their content.
  size_t num_new = 0;
  // More than `count` where what is not by content alone will be looked at again (rerank.h): the
  // list has so many places.
  size_t num_candidates = 0;
  enum class Seen : uint8_t { kLeaveOut, kKeep } seen = Seen::kLeaveOut;
};

struct Reason {
  uint32_t item = 0;
  float share = 0.0f;
  std::vector<std::string> words;
};

// What a recommendation rests on.
enum class Basis : uint8_t {
  kHistory,     // what the user took
  kContent,     // the same, by what is said of the item alone: nobody has taken it
  kPopularity,  // how many took it; the user has no history
};
// "history", "content", "popularity".
std::string_view BasisName(Basis basis);

struct Recommendation {
  uint32_t item = 0;
  float score = 0.0f;  // of kPopularity the number of users; else comparable within a user's list
  Basis basis = Basis::kHistory;
  std::vector<Reason> reasons;  // strongest first; none for kPopularity
};

// Of one thread.
struct RecommendScratch {
  ScoreScratch parts;
  std::vector<float> scores;
};

struct RecommendationSource {
  const Recommender* recommender = nullptr;
  const ItemContent* content = nullptr;  // texts and, where it was fitted with them, vectors
  size_t num_taken = 0;                  // items that somebody has taken
};

// Best first; fewer than asked for where there are no more items.
std::vector<Recommendation> Recommend(const RecommendationSource& source, size_t user,
                                      std::span<const uint32_t> history,
                                      const RecommendationOptions& options,
                                      RecommendScratch& scratch);

// Brings the first `title_scores.size()` of a list into their new order (rerank.h).
void Rerank(std::span<const double> title_scores, double weight, std::vector<Recommendation>& list);

// How many places at a list's end are for items that nobody has taken.
size_t NumNewPlaces(const RecommendationOptions& options, size_t num_taken,
                    std::span<const Recommendation> list);

// Leaves `count` places: those for items that nobody has taken stay the last ones.
void KeepBest(const RecommendationOptions& options, size_t num_taken,
              std::vector<Recommendation>& list);

}  // namespace rowmill
