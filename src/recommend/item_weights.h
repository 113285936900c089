// How much having taken one item speaks for another: a matrix of items by items. A user's scores
// are the sum of the rows of what the user took, so that each score says which items it comes from.
//
//   EASE^R (Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019): the linear
//   item-item model with the least squared error on the interactions under a zero diagonal, in
//   closed form: B = I - P diag(1 / P_jj), P = (X^T X + lambda I)^-1, X binary. Dense.
//
//   Neighbours: the cosine of two items' sets of users, the largest kNeighbours of each item. For
//   more items than a dense matrix is worth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "parallel/thread_team.h"
#include "recommend/interactions.h"

namespace rowmill {

class ItemWeights {
 public:
  static constexpr size_t kNeighbours = 200;
  // Of EASE: 256 MiB of weights, 768 MiB while they are computed.
  static constexpr size_t kMostDenseItems = 8192;

  static ItemWeights Ease(const Interactions& interactions, double lambda,
                          const kernels::KernelTable& kernels, ThreadTeam& team);
  static ItemWeights Neighbours(const Interactions& interactions, ThreadTeam& team);

  size_t num_items() const { return num_items_; }
  // scores[to] += weight * W[from, to] for all items `to`.
  void AddRow(size_t from, float weight, std::span<float> scores) const;
  float At(size_t from, size_t to) const;

 private:
  size_t num_items_ = 0;
  AlignedBuffer<float> dense_;  // [items, items]; empty for neighbours
  // Rows of neighbours, items ascending.
  std::vector<uint64_t> begin_;
  std::vector<uint32_t> items_;
  std::vector<float> values_;
};

}  // namespace rowmill
