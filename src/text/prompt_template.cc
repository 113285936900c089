#include "text/prompt_template.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/error.h"

namespace rowmill {
namespace {

constexpr size_t kColumnsListed = 20;

// "line 2, column 5", counted in characters from 1.
std::string Position(std::string_view source, size_t offset) {
  size_t line = 1;
  size_t column = 1;
  for (const char c : source.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string_view TrimSpaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Levenshtein distance in bytes, without regard to the case of ASCII letters.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (LowerAscii(a[i]) == LowerAscii(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

// The column whose name is nearest, empty where none is near enough to be a slip of the keyboard.
std::string_view Nearest(std::string_view name, std::span<const std::string> available) {
  constexpr size_t kLongestName = 200;  // the distance costs the product of the lengths
  if (name.size() > kLongestName) return {};
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  std::string_view best;
  for (const std::string& candidate : available) {
    if (candidate.size() > kLongestName) continue;
    const size_t distance = EditDistance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

PromptTemplate PromptTemplate::Parse(std::string_view source, std::string_view option) {
  PromptTemplate out;
  out.option_ = option;
  out.source_ = source;
  std::string constant;
  size_t at = 0;
  while (at < source.size()) {
    const std::string_view rest = source.substr(at);
    if (rest.starts_with("{{{{") || rest.starts_with("}}}}")) {
      constant.append(rest.substr(0, 2));
      at += 4;
      continue;
    }
    if (!rest.starts_with("{{") || rest.starts_with("{{{")) {
      constant += source[at];
      ++at;
      continue;
    }
    const size_t end = source.find('}', at);
    if (end == std::string_view::npos || source.substr(end, 2) != "}}") {
      throw UsageError(out.option_ + ": the `{{` at " + Position(source, at) +
                       " is not closed; write {{column}}, or {{{{ for literal braces");
    }
    const std::string_view name = TrimSpaces(source.substr(at + 2, end - at - 2));
    if (name.empty()) {
      throw UsageError(out.option_ + ": the `{{` at " + Position(source, at) +
                       " names no column; write {{column}}, or {{{{ for literal braces");
    }
    if (!constant.empty()) out.parts_.push_back({std::move(constant), kConstant, at});
    constant.clear();
    out.AddColumn(name, at);
    at = end + 2;
  }
  if (!constant.empty()) out.parts_.push_back({std::move(constant), kConstant, at});
  return out;
}

void PromptTemplate::AddColumn(std::string_view name, size_t offset) {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  const size_t column = static_cast<size_t>(found - columns_.begin());
  if (found == columns_.end()) columns_.emplace_back(name);
  parts_.push_back({{}, column, offset});
}

void PromptTemplate::CheckColumns(std::span<const std::string> available) const {
  for (const Part& part : parts_) {
    if (part.column == kConstant) continue;
    const std::string& name = columns_[part.column];
    if (std::find(available.begin(), available.end(), name) != available.end()) continue;
    std::string message = option_ + ": there is no column `" + name + "` (used at " +
                          Position(source_, part.offset) + ")";
    const std::string_view nearest = Nearest(name, available);
    if (!nearest.empty()) message += "; did you mean `" + std::string(nearest) + "`?";
    message += available.empty() ? "; the input has no columns" : "; the columns are: ";
    for (size_t i = 0; i < available.size() && i < kColumnsListed; ++i) {
      message += (i == 0 ? "" : ", ") + available[i];
    }
    if (available.size() > kColumnsListed) {
      message += " and " + std::to_string(available.size() - kColumnsListed) + " more";
    }
    throw UsageError(message);
  }
}

std::vector<PromptSpan> PromptTemplate::Render(std::span<const std::string_view> values) const {
  CHECK(values.size() == columns_.size());
  std::vector<PromptSpan> out;
  for (const Part& part : parts_) {
    if (part.column == kConstant) {
      AppendSpan(out, part.text, PromptSpan::Origin::kPrompt);
    } else {
      AppendSpan(out, values[part.column], PromptSpan::Origin::kRow);
    }
  }
  return out;
}

}  // namespace rowmill
