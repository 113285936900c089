// Kernels that are bound to no recipe: the fastest way that this CPU has, whatever bits come out of
// it. What they gain over the table that is bound is what the promise of the same bytes costs.
//
// What it is not: part of the program. Another CPU gives other numbers, and so may another batch.
#pragma once

#include "kernels/kernels.h"

namespace rowmill::kernels {

// `base` (a table for AVX-512 VNNI) with these functions in place of its own; the CPU needs AVX-512
// BF16 as well:
//   store_kv, attend  keys and values as bf16 in pairs, VDPBF16PS for both products: twice the
//                     multiplications of an FMA, sums of pairs in an order of its own, denormals as
//                     zero. All keys of a block at a time, whichever a row sees
//   swiglu, sum_exp   Exp of degree five with VSCALEFPS, reciprocals by VRCP14PS and one step of
//                     Newton's
//   rms_norm          VRSQRT14PS and one step of Newton's
//   quantize_rows     VRCP14PS and one step of Newton's
// The products stay as they are: integer sums are exact in any order, so the recipe forbids nothing
// but another order of the additions of whole blocks, which are one in twelve operations of a tile.
KernelTable FreeTable(const KernelTable& base);

}  // namespace rowmill::kernels
