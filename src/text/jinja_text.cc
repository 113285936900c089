#include "text/jinja_text.h"

#include <algorithm>

#include "base/check.h"

namespace rowmill {

size_t JinjaText::RunIndexAt(size_t position) const {
  const auto found = std::upper_bound(runs_.begin(), runs_.end(), position,
                                      [](size_t value, const Run& run) { return value < run.end; });
  return static_cast<size_t>(found - runs_.begin());
}

PromptSpan::Origin JinjaText::OriginAt(size_t position) const {
  DCHECK(position < text_.size());
  return runs_[RunIndexAt(position)].origin;
}

void JinjaText::Append(std::string_view text, Origin origin) {
  if (text.empty()) return;
  text_ += text;
  if (!runs_.empty() && runs_.back().origin == origin) {
    runs_.back().end = text_.size();
  } else {
    runs_.push_back({text_.size(), origin});
  }
}

void JinjaText::AppendRange(const JinjaText& other, size_t begin, size_t end) {
  DCHECK(this != &other && begin <= end && end <= other.size());
  if (begin == end) return;
  const std::string_view source = other.text_;
  for (size_t run = other.RunIndexAt(begin); begin < end; ++run) {
    const size_t run_end = std::min(end, other.runs_[run].end);
    Append(source.substr(begin, run_end - begin), other.runs_[run].origin);
    begin = run_end;
  }
}

JinjaText JinjaText::Range(size_t begin, size_t end) const {
  JinjaText out;
  out.AppendRange(*this, begin, end);
  return out;
}

std::vector<PromptSpan> JinjaText::Spans() const {
  std::vector<PromptSpan> out;
  out.reserve(runs_.size());
  size_t begin = 0;
  for (const Run& run : runs_) {
    out.push_back({text_.substr(begin, run.end - begin), run.origin});
    begin = run.end;
  }
  return out;
}

}  // namespace rowmill
