#include "engine/row_table.h"

#include <bit>

#include "tasks/task.h"

namespace rowmill {

static_assert(std::endian::native == std::endian::little, "the digest is of little-endian bytes");

Digest128 DigestOfTokens(std::span<const int32_t> tokens, uint32_t num_scored) {
  // An arbitrary constant that sets digests of tokens apart from those of anything else.
  constexpr uint64_t kSeed = 0x726f77746f6b656e;  // "rowtoken"
  return ComputeDigest128(std::as_bytes(tokens), kSeed + num_scored);
}

RowTable::RowTable(const std::string& folder, uint64_t first_row)
    : first_row_(first_row), store_(folder), entries_(MappedArray<RowEntry>::InFolder(folder)) {}

uint64_t RowTable::Add(RowStatus status, std::span<const int32_t> tokens, uint32_t num_scored) {
  const bool has_prompt = IsFine(status);
  CHECK(!has_prompt || !tokens.empty());
  return Append(status, has_prompt ? tokens : std::span<const int32_t>(), num_scored);
}

uint64_t RowTable::AddFinished(RowStatus status, std::span<const int32_t> tokens,
                               uint32_t num_scored) {
  const bool has_prompt = IsFine(status);
  const uint64_t row = Append(status, has_prompt ? tokens : std::span<const int32_t>(), num_scored);
  SetFinished(row);
  return row;
}

uint64_t RowTable::Append(RowStatus status, std::span<const int32_t> tokens, uint32_t num_scored) {
  const uint64_t row = end_row();
  RowEntry entry;
  entry.status = status;
  entry.representative = row;
  if (!tokens.empty()) {
    CHECK(num_scored < tokens.size() && num_scored <= kMaxScoredTokens);
    entry.num_scored = static_cast<uint16_t>(num_scored);
    entry.digest = DigestOfTokens(tokens, num_scored);
    entry.tokens = store_.Add(tokens);
  }
  entries_.push_back(entry);
  return row;
}

void RowTable::SetRepresentative(uint64_t row, uint64_t representative) {
  DCHECK((*this)[representative].digest == (*this)[row].digest);
  entries_[IndexOf(row)].representative = representative;
}

void RowTable::LinkDuplicates() {
  for (RowEntry& entry : entries_) entry.next_duplicate = kNoRow;
  // From the last row to the first, each put in front: the lists come out in ascending order.
  for (uint64_t row = end_row(); row-- > first_row_;) {
    RowEntry& entry = entries_[IndexOf(row)];
    if (!entry.runnable() || entry.finished || entry.representative == row) continue;
    RowEntry& first = entries_[IndexOf(entry.representative)];
    entry.next_duplicate = first.next_duplicate;
    first.next_duplicate = row;
  }
}

}  // namespace rowmill
