#include "recommend/matrix_factors.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "recommend/positive_definite.h"
#include "recommend/random_bits.h"

namespace rowmill {
namespace {

constexpr size_t kVectorsPerTask = 64;

// Numbers in (-1/2, 1/2) by place, times `scale`.
std::vector<float> RandomVectors(size_t count, size_t rank, float scale) {
  std::vector<float> out(count * rank);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto bits = static_cast<float>(RandomBits(0, i) >> 40);
    out[i] = scale * (bits * 0x1p-24f - 0.5f);
  }
  return out;
}

void ForVectors(size_t count, ThreadTeam& team, FunctionRef<void(size_t, size_t)> work) {
  team.ParallelFor((count + kVectorsPerTask - 1) / kVectorsPerTask,
                   [&](size_t task, size_t worker) {
                     const size_t begin = task * kVectorsPerTask;
                     const size_t end = std::min(begin + kVectorsPerTask, count);
                     for (size_t i = begin; i < end; ++i) work(i, worker);
                   });
}

// matrix += weight * v v^T, lower triangle.
void AddOuter(std::span<const double> v, double weight, std::span<double> matrix) {
  const size_t n = v.size();
  for (size_t i = 0; i < n; ++i) {
    const double factor = weight * v[i];
    double* row = matrix.data() + i * n;
    for (size_t j = 0; j <= i; ++j) row[j] += factor * v[j];
  }
}

// V^T V, lower triangle: each row by one thread, vectors in order.
std::vector<double> Gram(std::span<const float> vectors, size_t rank, ThreadTeam& team) {
  std::vector<double> gram(rank * rank, 0.0);
  team.ParallelFor(rank, [&](size_t i, size_t) {
    double* row = gram.data() + i * rank;
    for (size_t v = 0; v < vectors.size(); v += rank) {
      const double factor = static_cast<double>(vectors[v + i]);
      for (size_t j = 0; j <= i; ++j) row[j] += factor * static_cast<double>(vectors[v + j]);
    }
  });
  return gram;
}

// Of one thread: a system of normal equations.
struct System {
  std::vector<double> matrix;
  std::vector<double> right;
  std::vector<double> vector;

  explicit System(size_t n) : matrix(n * n), right(n), vector(n) {}
};

// Whose vectors are solved for, and what each of them has: users or items.
struct Side {
  std::span<const uint64_t> begin;
  std::span<const uint32_t> others;
  std::span<const float> ratings;

  size_t size() const { return begin.size() - 1; }
};

Side UserSide(const Interactions& interactions) {
  return {interactions.begin, interactions.items, interactions.ratings};
}
Side ItemSide(const UsersByItem& by_item) {
  return {by_item.begin, by_item.users, by_item.ratings};
}

void SolveImplicit(const Side& side, std::span<const float> fixed, const ImplicitOptions& options,
                   ThreadTeam& team, std::vector<float>& solved) {
  const size_t rank = options.rank;
  std::vector<double> gram = Gram(fixed, rank, team);
  for (size_t i = 0; i < rank; ++i) gram[i * rank + i] += options.lambda;
  std::vector<System> systems(team.num_threads(), System(rank));
  ForVectors(side.size(), team, [&](size_t row, size_t worker) {
    System& s = systems[worker];
    std::copy(gram.begin(), gram.end(), s.matrix.begin());
    std::fill(s.right.begin(), s.right.end(), 0.0);
    for (uint64_t i = side.begin[row]; i < side.begin[row + 1]; ++i) {
      const float* other = fixed.data() + side.others[i] * rank;
      std::copy_n(other, rank, s.vector.begin());
      AddOuter(s.vector, options.alpha, s.matrix);
      for (size_t f = 0; f < rank; ++f) s.right[f] += (1.0 + options.alpha) * s.vector[f];
    }
    CHECK(SolvePositiveDefinite(s.matrix, s.right));
    for (size_t f = 0; f < rank; ++f) solved[row * rank + f] = static_cast<float>(s.right[f]);
  });
}

struct RatingSide {
  std::vector<float>& vectors;  // [n, rank]
  std::vector<float>& biases;   // [n]
};

// Bias and vector of each row of `side` together: the bias is the weight of a constant 1.
void SolveRatings(const Side& side, const RatingSide& fixed, const RatingOptions& options,
                  float mean, ThreadTeam& team, const RatingSide& solved) {
  const size_t rank = options.rank;
  std::vector<System> systems(team.num_threads(), System(rank + 1));
  ForVectors(side.size(), team, [&](size_t row, size_t worker) {
    System& s = systems[worker];
    const uint64_t count = side.begin[row + 1] - side.begin[row];
    std::fill(s.matrix.begin(), s.matrix.end(), 0.0);
    std::fill(s.right.begin(), s.right.end(), 0.0);
    const double penalty = options.lambda * static_cast<double>(std::max<uint64_t>(count, 1));
    for (size_t f = 0; f <= rank; ++f) s.matrix[f * (rank + 1) + f] = penalty;
    s.vector[0] = 1.0;
    for (uint64_t i = side.begin[row]; i < side.begin[row + 1]; ++i) {
      const size_t other = side.others[i];
      std::copy_n(fixed.vectors.data() + other * rank, rank, s.vector.begin() + 1);
      AddOuter(s.vector, 1.0, s.matrix);
      const double rest = static_cast<double>(side.ratings[i]) - static_cast<double>(mean) -
                          static_cast<double>(fixed.biases[other]);
      for (size_t f = 0; f <= rank; ++f) s.right[f] += rest * s.vector[f];
    }
    CHECK(SolvePositiveDefinite(s.matrix, s.right));
    solved.biases[row] = static_cast<float>(s.right[0]);
    for (size_t f = 0; f < rank; ++f) {
      solved.vectors[row * rank + f] = static_cast<float>(s.right[f + 1]);
    }
  });
}

MatrixFactors EmptyFactors(const Interactions& interactions, size_t rank) {
  MatrixFactors out;
  out.rank = rank;
  out.users.assign(interactions.num_users() * rank, 0.0f);
  out.user_biases.assign(interactions.num_users(), 0.0f);
  out.item_biases.assign(interactions.num_items, 0.0f);
  return out;
}

// out[row] = the sum of `vectors` over the others of the row.
void SumOthers(const Side& side, std::span<const float> vectors, size_t width, ThreadTeam& team,
               std::vector<float>& out) {
  out.resize(side.size() * width);
  ForVectors(side.size(), team, [&](size_t row, size_t) {
    float* sum = out.data() + row * width;
    std::fill_n(sum, width, 0.0f);
    for (uint64_t i = side.begin[row]; i < side.begin[row + 1]; ++i) {
      const float* other = vectors.data() + side.others[i] * width;
      for (size_t f = 0; f < width; ++f) sum[f] += other[f];
    }
  });
}

// Columns of `vectors` [n, width] become orthonormal (Gram-Schmidt, twice), in double.
void Orthonormalize(std::vector<float>& vectors, size_t width, ThreadTeam& team) {
  const size_t n = vectors.size() / width;
  std::vector<double> columns(vectors.size());  // [width, n]
  for (size_t i = 0; i < n; ++i) {
    for (size_t f = 0; f < width; ++f) {
      columns[f * n + i] = static_cast<double>(vectors[i * width + f]);
    }
  }
  std::vector<double> dots(width);
  for (size_t f = 0; f < width; ++f) {
    double* column = columns.data() + f * n;
    for (int pass = 0; pass < 2; ++pass) {
      team.ParallelFor(f, [&](size_t other, size_t) {
        dots[other] = std::inner_product(column, column + n, columns.data() + other * n, 0.0);
      });
      for (size_t other = 0; other < f; ++other) {
        const double* done = columns.data() + other * n;
        for (size_t i = 0; i < n; ++i) column[i] -= dots[other] * done[i];
      }
    }
    const double norm = std::sqrt(std::inner_product(column, column + n, column, 0.0));
    // A column that the others span is of no use: zeros.
    const double scale = norm > 1e-12 ? 1.0 / norm : 0.0;
    for (size_t i = 0; i < n; ++i) column[i] *= scale;
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t f = 0; f < width; ++f)
      vectors[i * width + f] = static_cast<float>(columns[f * n + i]);
  }
}

}  // namespace

float MatrixFactors::Score(size_t user, size_t item) const {
  float sum = mean + user_biases[user] + item_biases[item];
  const float* x = users.data() + user * rank;
  const float* y = items.data() + item * rank;
  for (size_t f = 0; f < rank; ++f) sum += x[f] * y[f];
  return sum;
}

MatrixFactors FitImplicit(const Interactions& interactions, const ImplicitOptions& options,
                          ThreadTeam& team) {
  MatrixFactors out = EmptyFactors(interactions, options.rank);
  out.items = RandomVectors(interactions.num_items, options.rank, 0.3f);
  const UsersByItem by_item(interactions);
  for (int round = 0; round < options.rounds; ++round) {
    SolveImplicit(UserSide(interactions), out.items, options, team, out.users);
    SolveImplicit(ItemSide(by_item), out.users, options, team, out.items);
  }
  return out;
}

MatrixFactors FitRatings(const Interactions& interactions, const RatingOptions& options,
                         ThreadTeam& team) {
  MatrixFactors out = EmptyFactors(interactions, options.rank);
  out.items = RandomVectors(interactions.num_items, options.rank, 0.3f);
  double sum = 0.0;
  for (const float rating : interactions.ratings) sum += static_cast<double>(rating);
  out.mean =
      static_cast<float>(sum / static_cast<double>(std::max<size_t>(1, interactions.size())));
  const UsersByItem by_item(interactions);
  const RatingSide users = {out.users, out.user_biases};
  const RatingSide items = {out.items, out.item_biases};
  for (int round = 0; round < options.rounds; ++round) {
    SolveRatings(UserSide(interactions), items, options, out.mean, team, users);
    SolveRatings(ItemSide(by_item), users, options, out.mean, team, items);
  }
  return out;
}

MatrixFactors FitPureSvd(const Interactions& interactions, size_t rank, ThreadTeam& team) {
  rank = std::min({rank, interactions.num_items, interactions.num_users()});
  // Some vectors more than are wanted, and the best within their span in the end: the last wanted
  // one converges by the ratio of its singular value to the first that is left out.
  const size_t width = std::min({rank + 32, interactions.num_items, interactions.num_users()});
  constexpr int kRounds = 12;
  MatrixFactors out = EmptyFactors(interactions, rank);
  const UsersByItem by_item(interactions);
  std::vector<float> basis = RandomVectors(interactions.num_items, width, 1.0f);
  std::vector<float> projected;
  Orthonormalize(basis, width, team);
  for (int round = 0; round < kRounds; ++round) {
    SumOthers(UserSide(interactions), basis, width, team, projected);
    SumOthers(ItemSide(by_item), projected, width, team, basis);
    Orthonormalize(basis, width, team);
  }
  SumOthers(UserSide(interactions), basis, width, team, projected);
  std::vector<double> inner = Gram(projected, width, team);
  for (size_t i = 0; i < width; ++i) {
    for (size_t j = i + 1; j < width; ++j) inner[i * width + j] = inner[j * width + i];
  }
  std::vector<double> vectors;
  SymmetricEigenvectors(inner, width, vectors);
  out.items.assign(interactions.num_items * rank, 0.0f);
  for (size_t item = 0; item < interactions.num_items; ++item) {
    for (size_t f = 0; f < rank; ++f) {
      double sum = 0.0;
      for (size_t i = 0; i < width; ++i) {
        sum += vectors[f * width + i] * static_cast<double>(basis[item * width + i]);
      }
      out.items[item * rank + f] = static_cast<float>(sum);
    }
  }
  SumOthers(UserSide(interactions), out.items, rank, team, out.users);
  return out;
}

std::vector<double> SymmetricEigenvectors(std::vector<double>& matrix, size_t n,
                                          std::vector<double>& vectors) {
  std::vector<double> rotated(n * n, 0.0);
  for (size_t i = 0; i < n; ++i) rotated[i * n + i] = 1.0;
  constexpr int kMostSweeps = 30;
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double off = 0.0;
    double all = 0.0;
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        const double square = matrix[i * n + j] * matrix[i * n + j];
        all += square;
        if (i != j) off += square;
      }
    }
    if (off <= 1e-24 * all) break;
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        const double apq = matrix[p * n + q];
        if (apq == 0.0) continue;
        const double theta = (matrix[q * n + q] - matrix[p * n + p]) / (2.0 * apq);
        const double t =
            (theta < 0.0 ? -1.0 : 1.0) / (std::abs(theta) + std::sqrt(theta * theta + 1.0));
        const double c = 1.0 / std::sqrt(t * t + 1.0);
        const double s = t * c;
        for (size_t k = 0; k < n; ++k) {
          const double akp = matrix[k * n + p];
          const double akq = matrix[k * n + q];
          matrix[k * n + p] = c * akp - s * akq;
          matrix[k * n + q] = s * akp + c * akq;
        }
        for (size_t k = 0; k < n; ++k) {
          const double apk = matrix[p * n + k];
          const double aqk = matrix[q * n + k];
          matrix[p * n + k] = c * apk - s * aqk;
          matrix[q * n + k] = s * apk + c * aqk;
          const double vp = rotated[p * n + k];
          const double vq = rotated[q * n + k];
          rotated[p * n + k] = c * vp - s * vq;
          rotated[q * n + k] = s * vp + c * vq;
        }
      }
    }
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const double at_a = matrix[a * n + a];
    const double at_b = matrix[b * n + b];
    return at_a != at_b ? at_a > at_b : a < b;
  });
  std::vector<double> values(n);
  vectors.resize(n * n);
  for (size_t i = 0; i < n; ++i) {
    values[i] = matrix[order[i] * n + order[i]];
    std::copy_n(rotated.begin() + static_cast<ptrdiff_t>(order[i] * n), n,
                vectors.begin() + static_cast<ptrdiff_t>(i * n));
  }
  return values;
}

}  // namespace rowmill
