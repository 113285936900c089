#include "text/bpe_pair_table.h"

#include <algorithm>
#include <bit>

namespace rowmill {

BpePairTable::BpePairTable(const Vocabulary& vocabulary) {
  const size_t num_slots = std::bit_ceil(std::max<size_t>(2 * vocabulary.merges.size(), 2));
  slots_.resize(num_slots);
  mask_ = num_slots - 1;
  shift_ = 64 - std::countr_zero(num_slots);
  for (size_t rank = 0; rank < vocabulary.merges.size(); ++rank) {
    const MergeRule& rule = vocabulary.merges[rank];
    if (vocabulary.IsControl(rule.result)) continue;
    const uint64_t key = Key(rule.left, rule.right);
    size_t i = Start(key);
    while (slots_[i].key != kEmpty && slots_[i].key != key) i = (i + 1) & mask_;
    // The first of two equal rules has the lower rank and stays.
    if (slots_[i].key == kEmpty) slots_[i] = {key, static_cast<uint32_t>(rank), rule.result};
  }
}

}  // namespace rowmill
