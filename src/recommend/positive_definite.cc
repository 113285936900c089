#include "recommend/positive_definite.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"
#include "base/error.h"

namespace rowmill {
namespace {

using kernels::kGroupChannels;

constexpr size_t kBlock = 64;
static_assert(kBlock % kGroupChannels == 0);
constexpr size_t kGroupsPerBlock = kBlock / kGroupChannels;

// Rows [row_begin, row_end) of a matrix as weights of the kernels: groups of 16 rows,
// [group][k][16], zeros beyond the last.
void PackRows(const float* rows, size_t num_rows, size_t lda, size_t k, float* out) {
  for (size_t first = 0; first < num_rows; first += kGroupChannels) {
    const size_t count = std::min(kGroupChannels, num_rows - first);
    for (size_t i = 0; i < k; ++i, out += kGroupChannels) {
      for (size_t c = 0; c < kGroupChannels; ++c) {
        out[c] = c < count ? rows[(first + c) * lda + i] : 0.0f;
      }
    }
  }
}

struct Product {
  const float* x;  // [m, k], row stride ldx
  size_t ldx;
  const float* packed;  // a group's weights, [k, 16]
  size_t m, n, k;       // n <= 16
  float* y;             // [m, n], row stride ldy
  size_t ldy;
  kernels::Store store;
};

void Multiply(const kernels::KernelTable& kernels, const Product& p) {
  const kernels::PackedFloats weights = {kernels::FloatType::kF32, p.n, p.k,
                                         reinterpret_cast<const std::byte*>(p.packed)};
  kernels.gemm_floats({&weights, p.x, p.ldx, p.m, 0, 1, p.y, p.ldy, p.store});
}

class Inversion {
 public:
  Inversion(AlignedBuffer<float>& a, size_t n, const kernels::KernelTable& kernels,
            ThreadTeam& team)
      : kernels_(kernels),
        team_(team),
        n_(n),
        num_blocks_((n + kBlock - 1) / kBlock),
        a_(a.data()),
        t_(n * n),
        packed_(num_blocks_ * kBlock * n),
        inverses_(num_blocks_ * kBlock * kBlock) {}

  void Run() {
    for (size_t block = 0; block < num_blocks_; ++block) EliminateBlock(block);
    for (size_t block = 0; block < num_blocks_; ++block) InvertColumns(block);
    MultiplyByTranspose();
  }

 private:
  size_t Begin(size_t block) const { return block * kBlock; }
  size_t Rows(size_t block) const { return std::min(kBlock, n_ - Begin(block)); }
  float* A(size_t row, size_t column) { return a_ + row * n_ + column; }
  float* T(size_t row, size_t column) { return t_.data() + row * n_ + column; }
  // Of a block: inverse of its lower triangle, packed with k = rows.
  float* Inverse(size_t block) { return inverses_.data() + block * kBlock * kBlock; }

  // A_bb = L L^T, in double; its inverse packed for the products to come.
  void FactorDiagonal(size_t block) {
    const size_t begin = Begin(block);
    const size_t rows = Rows(block);
    std::array<double, kBlock * kBlock> l{};
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j <= i; ++j) {
        double sum = static_cast<double>(*A(begin + i, begin + j));
        for (size_t k = 0; k < j; ++k) sum -= l[i * kBlock + k] * l[j * kBlock + k];
        if (i == j && !(sum > 0.0)) {
          throw DataError(
              "the matrix of common users is not positive definite in single precision");
        }
        l[i * kBlock + j] = i == j ? std::sqrt(sum) : sum / l[j * kBlock + j];
      }
    }
    std::array<float, kBlock * kBlock> inverse{};
    std::array<double, kBlock> column;
    for (size_t j = 0; j < rows; ++j) {
      for (size_t i = j; i < rows; ++i) {
        double sum = i == j ? 1.0 : 0.0;
        for (size_t k = j; k < i; ++k) sum -= l[i * kBlock + k] * column[k];
        column[i] = sum / l[i * kBlock + i];
        inverse[i * kBlock + j] = static_cast<float>(column[i]);
      }
    }
    PackRows(inverse.data(), rows, kBlock, rows, Inverse(block));
    // T_bb = L_bb^-T, zeros below.
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j < rows; ++j) *T(begin + i, begin + j) = inverse[j * kBlock + i];
    }
  }

  // `rows` rows at x, [rows, Rows(block)], times L_bb^-T, in place.
  void DivideByDiagonal(size_t block, float* x, size_t rows) {
    const size_t k = Rows(block);
    std::array<float, kBlock * kBlock> copy;
    for (size_t r = 0; r < rows; ++r) std::copy_n(x + r * n_, k, copy.data() + r * kBlock);
    for (size_t group = 0; group * kGroupChannels < k; ++group) {
      const size_t column = group * kGroupChannels;
      Multiply(kernels_,
               {copy.data(), kBlock, Inverse(block) + column * k, rows,
                std::min(kGroupChannels, k - column), k, x + column, n_, kernels::Store::kAssign});
    }
  }

  // Cholesky, right-looking: the block's column of L, then what it takes off the rest.
  void EliminateBlock(size_t block) {
    FactorDiagonal(block);
    const size_t begin = Begin(block);
    const size_t k = Rows(block);
    const size_t rest = num_blocks_ - block - 1;
    // The rest of the column packed with its sign turned: y += X (-W)^T.
    team_.ParallelFor(rest, [&](size_t task, size_t) {
      const size_t other = block + 1 + task;
      DivideByDiagonal(block, A(Begin(other), begin), Rows(other));
      float* packed = packed_.data() + Begin(other) * k;
      PackRows(A(Begin(other), begin), Rows(other), n_, k, packed);
      for (size_t i = 0; i < kBlock * k; ++i) packed[i] = -packed[i];
    });
    team_.ParallelFor(rest, [&](size_t task, size_t) {
      const size_t other = block + 1 + task;  // its rows, columns up to its own
      const size_t end = Begin(other) + Rows(other);
      for (size_t column = Begin(block + 1); column < end; column += kGroupChannels) {
        Multiply(kernels_, {A(Begin(other), begin), n_, packed_.data() + column * k, Rows(other),
                            std::min(kGroupChannels, end - column), k, A(Begin(other), column), n_,
                            kernels::Store::kAdd});
      }
    });
  }

  // T = L^-T: the columns of `block`, whose rows above the diagonal are
  // T_kb = -(sum over k <= j < b of T_kj L_bj^T) L_bb^-T.
  void InvertColumns(size_t block) {
    const size_t begin = Begin(block);
    const size_t columns = Rows(block);
    if (block == 0) return;
    PackRows(A(begin, 0), columns, n_, begin, packed_.data());
    for (size_t i = 0; i < kGroupsPerBlock * kGroupChannels * begin; ++i) packed_[i] = -packed_[i];
    team_.ParallelFor(block, [&](size_t row_block, size_t) {
      const size_t first = Begin(row_block);
      for (size_t column = 0; column < columns; column += kGroupChannels) {
        const float* packed = packed_.data() + column * begin + first * kGroupChannels;
        Multiply(kernels_,
                 {T(first, first), n_, packed, kBlock, std::min(kGroupChannels, columns - column),
                  begin - first, T(first, begin + column), n_, kernels::Store::kAssign});
      }
      DivideByDiagonal(block, T(first, begin), kBlock);
    });
  }

  // A = T T^T, T upper triangular: the lower triangle, mirrored.
  void MultiplyByTranspose() {
    team_.ParallelFor(num_blocks_, [&](size_t block, size_t) {
      PackRows(T(Begin(block), 0), Rows(block), n_, n_, packed_.data() + Begin(block) * n_);
    });
    team_.ParallelFor(num_blocks_, [&](size_t block, size_t) {
      const size_t begin = Begin(block);
      const size_t end = begin + Rows(block);
      for (size_t column = 0; column < end; column += kGroupChannels) {
        const float* packed = packed_.data() + column * n_ + begin * kGroupChannels;
        Multiply(kernels_,
                 {T(begin, begin), n_, packed, Rows(block), std::min(kGroupChannels, end - column),
                  n_ - begin, A(begin, column), n_, kernels::Store::kAssign});
      }
    });
    team_.ParallelFor(num_blocks_, [&](size_t block, size_t) {
      for (size_t row = Begin(block); row < Begin(block) + Rows(block); ++row) {
        for (size_t column = row + 1; column < n_; ++column) *A(row, column) = *A(column, row);
      }
    });
  }

  const kernels::KernelTable& kernels_;
  ThreadTeam& team_;
  size_t n_;
  size_t num_blocks_;
  float* a_;
  AlignedBuffer<float> t_;         // [n, n]
  AlignedBuffer<float> packed_;    // [n rounded up, n]
  AlignedBuffer<float> inverses_;  // [blocks, 64, 64]
};

}  // namespace

void InvertPositiveDefinite(AlignedBuffer<float>& a, size_t n, const kernels::KernelTable& kernels,
                            ThreadTeam& team) {
  CHECK(n > 0 && a.size() >= n * n);
  Inversion(a, n, kernels, team).Run();
}

bool SolvePositiveDefinite(std::span<double> a, std::span<double> b) {
  const size_t n = b.size();
  CHECK(a.size() >= n * n);
  for (size_t i = 0; i < n; ++i) {
    double* row = a.data() + i * n;
    for (size_t j = 0; j <= i; ++j) {
      const double* other = a.data() + j * n;
      double sum = row[j];
      for (size_t k = 0; k < j; ++k) sum -= row[k] * other[k];
      if (i == j) {
        if (!(sum > 0.0)) return false;
        row[i] = std::sqrt(sum);
      } else {
        row[j] = sum / other[j];
      }
    }
  }
  for (size_t i = 0; i < n; ++i) {
    double sum = b[i];
    for (size_t k = 0; k < i; ++k) sum -= a[i * n + k] * b[k];
    b[i] = sum / a[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    double sum = b[i];
    for (size_t k = i + 1; k < n; ++k) sum -= a[k * n + i] * b[k];
    b[i] = sum / a[i * n + i];
  }
  return true;
}

}  // namespace rowmill
