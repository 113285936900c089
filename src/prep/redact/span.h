// A stretch of text that says something about a person, in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "prep/redact/entity.h"

namespace rowmill {

struct RedactSpan {
  size_t begin = 0;
  size_t end = 0;
  // Below kNumEntities an Entity; above it a custom pattern, in their order.
  uint32_t kind = 0;
  // A word near it says what it is: of two finds of one length this one is right.
  bool has_word = false;

  size_t size() const { return end - begin; }
  bool operator==(const RedactSpan&) const = default;
};

// What detectors append to. Spans are of a FoldedText's view until the redactor maps them back.
class SpanList {
 public:
  void Add(size_t begin, size_t end, Entity entity) {
    spans_.push_back({begin, end, static_cast<uint32_t>(entity), false});
  }
  std::vector<RedactSpan>& spans() { return spans_; }
  const std::vector<RedactSpan>& spans() const { return spans_; }

 private:
  std::vector<RedactSpan> spans_;
};

}  // namespace rowmill
