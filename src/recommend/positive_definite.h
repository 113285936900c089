// Symmetric positive definite matrices: the inverse of a large one on the matrix kernels and a team
// of threads, and the solution of a small system.
//
// The inverse goes by blocks of 64 (Golub and Van Loan, Matrix Computations, sections 4.2 and 3.1):
// A = L L^T, T = L^-T, A^-1 = T T^T. Every step is a product X W^T, what the kernels do. Each
// element is one chain of fused multiply-adds whose order the blocks alone decide, so the bits are
// the same for any number of threads and every instruction set. In f32: the matrices that come here
// have lambda on their diagonal, which bounds their condition.
#pragma once

#include <cstddef>
#include <span>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"
#include "parallel/thread_team.h"

namespace rowmill {

// Replaces `a`, [n, n] of which only the lower triangle is read, by its inverse, both triangles.
// Takes twice its memory besides. Throws DataError where `a` is not positive definite.
void InvertPositiveDefinite(AlignedBuffer<float>& a, size_t n, const kernels::KernelTable& kernels,
                            ThreadTeam& team);

// Solves A x = b by Cholesky: `a` [n, n], of which the lower triangle is read and overwritten; `b`
// [n] becomes x. False where A is not positive definite.
bool SolvePositiveDefinite(std::span<double> a, std::span<double> b);

}  // namespace rowmill
