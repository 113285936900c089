// The frame of all pages: head, style sheet, main.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rowmill {

// `title` is plain text, `body` is HTML.
std::string HtmlPage(std::string_view title, std::string_view body);

// <section> with a heading; nothing where `content` (HTML) is empty.
std::string HtmlSection(std::string_view heading, std::string_view content);

// A table: heads are plain text, cells are HTML; the first cell of a row is its head. `numeric`
// tables align the other cells to the right.
enum class TableKind : uint8_t { kText, kNumeric };
std::string HtmlTable(const std::vector<std::string>& heads,
                      const std::vector<std::vector<std::string>>& rows, TableKind kind);

// Names and values, both plain text.
std::string HtmlPairs(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace rowmill
