// What a detector finds in a text, as "NAME value" in the order of the text.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "prep/redact/detectors.h"
#include "prep/redact/folded_text.h"

namespace rowmill {

inline std::vector<std::string> Finds(void (*find)(std::string_view, SpanList&),
                                      std::string_view text) {
  const FoldedText folded(text);
  SpanList found;
  find(folded.view(), found);
  std::vector<RedactSpan> spans = found.spans();
  std::sort(spans.begin(), spans.end(),
            [](const RedactSpan& a, const RedactSpan& b) { return a.begin < b.begin; });
  std::vector<std::string> finds;
  for (const RedactSpan& span : spans) {
    const size_t begin = folded.SourceBegin(span.begin);
    finds.push_back(std::string(EntityName(static_cast<Entity>(span.kind))) + " " +
                    std::string(text.substr(begin, folded.SourceEnd(span.end) - begin)));
  }
  return finds;
}

}  // namespace rowmill
