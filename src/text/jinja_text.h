// A string value of a chat template: UTF-8 text in which every byte knows where it came from. All
// string operations of the interpreter keep the origins, so that the rendered prompt can be cut
// into what the template wrote and what a row wrote.
//
// What it is not: a rope. Prompts are kilobytes; text and runs are flat.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/prompt_span.h"

namespace rowmill {

class JinjaText {
 public:
  using Origin = PromptSpan::Origin;
  // A run of bytes of one origin; it begins where the run before it ends. Neighbours differ in
  // origin.
  struct Run {
    size_t end;
    Origin origin;
  };

  JinjaText() = default;
  JinjaText(std::string_view text, Origin origin) { Append(text, origin); }

  const std::string& text() const { return text_; }
  std::string_view view() const { return text_; }
  size_t size() const { return text_.size(); }
  bool empty() const { return text_.empty(); }
  const std::vector<Run>& runs() const { return runs_; }

  // The origin of the byte at `position` < size().
  Origin OriginAt(size_t position) const;

  void Append(std::string_view text, Origin origin);
  void Append(const JinjaText& other) { AppendRange(other, 0, other.size()); }
  // Appends bytes [begin, end) of `other`, which is not *this.
  void AppendRange(const JinjaText& other, size_t begin, size_t end);
  // Bytes [begin, end).
  JinjaText Range(size_t begin, size_t end) const;

  std::vector<PromptSpan> Spans() const;

 private:
  size_t RunIndexAt(size_t position) const;

  std::string text_;
  std::vector<Run> runs_;
};

}  // namespace rowmill
