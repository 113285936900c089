// Finds rows with the same prompt, so that each prompt runs once and its answer is copied: the same
// tokens and options give the same answer (design, section 4.1), so this changes no byte.
//
// What it is not: fuzzy. Rows are duplicates where all their token ids are equal. Two rows whose
// texts differ but whose ids do not (cleaning, truncation) are duplicates, too; each keeps its own
// status.
//
// An open-addressing table with linear probing, in a scratch file, at most half full. The digest
// only finds the candidate; the ids are compared before a row is declared a duplicate, so not even
// forged digests can give a row another's answer.
#pragma once

#include <cstdint>
#include <string>

#include "engine/row_table.h"

namespace rowmill {

struct DeduplicationSummary {
  uint64_t num_duplicates = 0;    // unfinished rows with a prompt that another row answers for
  uint64_t duplicate_tokens = 0;  // prompt tokens of those rows
};

// Sets the representative of each row that has a prompt: the first finished row with the same ids
// if there is one (its result is in the journal and has only to be copied), else the first row.
// Also links each representative to the rows that wait for it (RowTable::ForEachDuplicate).
// `folder`: for the scratch file.
DeduplicationSummary Deduplicate(RowTable& rows, const std::string& folder);

}  // namespace rowmill
