// Checks that the column which --id names is there and differs in every row, so that answers can be
// joined to other data by it. Found out in the plan pass, before the first row is run.
//
// What it is not: a way to name rows. The engine knows rows by their place in the input; ids pass
// through like every other column.
#pragma once

#include <cstdint>
#include <string>

#include "base/hash.h"
#include "base/mapped_array.h"
#include "data/record.h"

namespace rowmill {

class IdCheck {
 public:
  // `folder`: for a scratch file of 48 bytes a row at most.
  IdCheck(std::string column, const std::string& folder);

  // Throws DataError, which says where both rows stand, for an id that came before or is missing.
  // Two ids that differ are taken for equal with a probability of 2^-128 a pair.
  void Add(const Record& record);

 private:
  struct Slot {
    Digest128 id;
    uint64_t place_plus_one = 0;  // line, or row where there are several files; 0: empty
  };

  // The slot of this id, or the empty one where it belongs.
  Slot& Find(const Digest128& id);
  void Grow();

  std::string column_;
  std::string folder_;
  MappedArray<Slot> slots_;  // open addressing, at most half full
  uint64_t num_ids_ = 0;
};

}  // namespace rowmill
