#include "data/csv_text.h"

#include "base/check.h"

namespace rowmill {

void AppendCsvUnquoted(std::string_view quoted, std::string& out) {
  CHECK(quoted.size() >= 2 && quoted.front() == '"' && quoted.back() == '"');
  std::string_view inside = quoted.substr(1, quoted.size() - 2);
  while (!inside.empty()) {
    const size_t quote = inside.find('"');
    if (quote == std::string_view::npos) {
      out.append(inside);
      return;
    }
    out.append(inside.substr(0, quote + 1));
    inside.remove_prefix(quote + 1);
    if (!inside.empty() && inside.front() == '"') inside.remove_prefix(1);
  }
}

void AppendCsvField(std::string_view text, char delimiter, std::string& out) {
  bool plain = true;
  for (const char c : text) {
    plain = plain && c != delimiter && c != '"' && c != '\n' && c != '\r';
  }
  if (plain) {
    out.append(text);
    return;
  }
  out.push_back('"');
  while (true) {
    const size_t quote = text.find('"');
    out.append(text.substr(0, quote));
    if (quote == std::string_view::npos) break;
    out += "\"\"";
    text.remove_prefix(quote + 1);
  }
  out.push_back('"');
}

}  // namespace rowmill
