// What --clean asks for. Nothing is on by default except that text is made valid UTF-8, which is no
// choice: tokenisers read nothing else.
#pragma once

#include <string>
#include <string_view>

namespace rowmill {

struct CleanOptions {
  bool html = false;     // tags and character references become text (html_text.h)
  bool control = false;  // control characters go (clean_text.h)
  bool nfc = false;      // Unicode Normalization Form C
  bool space = false;    // one space for each run of white space, none at the ends

  bool any() const { return html || control || nfc || space; }
  bool operator==(const CleanOptions&) const = default;
};

// "html,space", "all", "none" or "". Spaces around the words do not matter. Throws UsageError with
// "did you mean" for a word it does not know.
CleanOptions ParseCleanOptions(std::string_view value);

// The words in their fixed order, "none" where nothing is on: for fingerprints and reports.
std::string CleanOptionsText(const CleanOptions& options);

}  // namespace rowmill
