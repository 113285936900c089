// Users and items as vectors of a few numbers whose dot product is the score. Three ways to fit
// them:
//
//   implicit  Hu, Koren, Volinsky, Collaborative Filtering for Implicit Feedback Datasets, ICDM
//             2008: what was taken is 1 with confidence 1 + alpha, all else 0 with confidence 1;
//             alternating least squares.
//   ratings   Zhou, Wilkinson, Schreiber, Pan, Large-Scale Parallel Collaborative Filtering for the
//             Netflix Prize, AAIM 2008: the ratings that were given, with a bias of each user and
//             item, the penalty weighted by the number of ratings; alternating least squares.
//   PureSVD   Cremonesi, Koren, Turrin, Performance of Recommender Algorithms on Top-N
//             Recommendation Tasks, RecSys 2010: the best approximation of the binary matrix, by
//             subspace iteration. The reference of --evaluate.
//
// Deterministic for any number of threads: each vector is solved by one thread from what stands
// fixed, and sums over all vectors are taken in order.
#pragma once

#include <cstddef>
#include <vector>

#include "parallel/thread_team.h"
#include "recommend/interactions.h"

namespace rowmill {

struct MatrixFactors {
  size_t rank = 0;
  std::vector<float> users;        // [users, rank]
  std::vector<float> items;        // [items, rank]
  float mean = 0.0f;               // of the ratings; 0 but for ratings, as are the biases
  std::vector<float> user_biases;  // [users]
  std::vector<float> item_biases;  // [items]

  size_t num_items() const { return item_biases.size(); }
  float Score(size_t user, size_t item) const;
};

struct ImplicitOptions {
  size_t rank = 32;
  double alpha = 5.0;
  double lambda = 10.0;
  int rounds = 8;
};
MatrixFactors FitImplicit(const Interactions& interactions, const ImplicitOptions& options,
                          ThreadTeam& team);

struct RatingOptions {
  size_t rank = 16;
  double lambda = 0.08;  // times the number of ratings of the user or item
  int rounds = 8;
};
MatrixFactors FitRatings(const Interactions& interactions, const RatingOptions& options,
                         ThreadTeam& team);

MatrixFactors FitPureSvd(const Interactions& interactions, size_t rank, ThreadTeam& team);

// The eigenvalues of a symmetric matrix [n, n], largest first, and its eigenvectors as rows of
// `vectors` in that order: cyclic Jacobi rotations (Golub and Van Loan, section 8.5). Overwrites
// `matrix`.
std::vector<double> SymmetricEigenvectors(std::vector<double>& matrix, size_t n,
                                          std::vector<double>& vectors);

}  // namespace rowmill
