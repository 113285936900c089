// A fitted head as a file (--save-head, --head): labels, weights and what they belong to, as JSON.
// A head is of use with the vectors of one model alone, so that the file names it by its hash.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "decode/linear_head.h"

namespace rowmill {

struct NamedHead {
  std::vector<std::string> labels;
  LinearHead head;
  std::string model_sha256;
};

// Ends with a line break; the same head gives the same text.
std::string FormatHead(const NamedHead& head);
// Throws UsageError naming `name` where the text is no head. Hostile input is expected.
NamedHead ParseHead(std::string_view text, const std::string& name);

}  // namespace rowmill
