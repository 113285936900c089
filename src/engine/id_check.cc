#include "engine/id_check.h"

#include <utility>

#include "base/error.h"

namespace rowmill {
namespace {

constexpr uint64_t kFirstSlots = uint64_t{1} << 12;
// Sets digests of ids apart from those of anything else: "rowmilid".
constexpr uint64_t kIdSeed = 0x726f776d696c6964;

}  // namespace

IdCheck::IdCheck(std::string column, const std::string& folder)
    : column_(std::move(column)), folder_(folder), slots_(MappedArray<Slot>::InFolder(folder)) {
  slots_.Resize(kFirstSlots);
}

void IdCheck::Add(const Record& record) {
  if (!record.problem.empty()) return;  // an invalid row; what its id would be is not known
  // Lines count in each file anew; of several files only the number of the row says which it is.
  const bool is_one_file = record.file == nullptr;
  const std::string where = is_one_file ? "--id: line " + std::to_string(record.line)
                                        : "--id: '" + *record.file + "', line " +
                                              std::to_string(record.line) + " (row " +
                                              std::to_string(record.index) + ")";
  const std::optional<FieldValue> value = record.Field(column_);
  if (!value || value->kind == FieldKind::kNull || value->text.empty()) {
    throw DataError(where + " has no '" + column_ + "'; give each row one, or leave --id out");
  }
  const Digest128 id = ComputeDigest128(AsBytes(value->text), kIdSeed);
  Slot& slot = Find(id);
  if (slot.place_plus_one != 0) {
    throw DataError(where + " has the same '" + column_ + "' as " +
                    (is_one_file ? "line " : "row ") + std::to_string(slot.place_plus_one - 1) +
                    "; give each row its own, or leave --id out");
  }
  slot = {id, (is_one_file ? record.line : record.index) + 1};
  if (2 * ++num_ids_ > slots_.size()) Grow();
}

IdCheck::Slot& IdCheck::Find(const Digest128& id) {
  const uint64_t mask = slots_.size() - 1;
  for (uint64_t i = id.hi & mask;; i = (i + 1) & mask) {
    if (slots_[i].place_plus_one == 0 || slots_[i].id == id) return slots_[i];
  }
}

void IdCheck::Grow() {
  MappedArray<Slot> old = std::exchange(slots_, MappedArray<Slot>::InFolder(folder_));
  slots_.Resize(2 * old.size());
  for (const Slot& slot : old) {
    if (slot.place_plus_one != 0) Find(slot.id) = slot;
  }
}

}  // namespace rowmill
