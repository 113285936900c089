#include "tasks/explanation_page.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "base/real_math.h"
#include "report/escape.h"

namespace rowmill {
namespace {

// Colours are the row's own: a hue for each sign, told apart by those who see no red or green, and
// by the line under what speaks against.
constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--page:#fff;--ink:#1c1c1c;--dim:#666;--line:#ddd;--for:0,114,178;--against:213,94,0}
@media(prefers-color-scheme:dark){:root{--page:#161616;--ink:#e6e6e6;--dim:#999;--line:#333;--for:86,180,233;--against:230,120,40}}
body{background:var(--page);color:var(--ink);font:16px/1.9 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem}
section{border-top:1px solid var(--line);padding:.7rem 0}
h1{font-size:1.3rem}
h2{font-size:.9rem;font-weight:400;color:var(--dim);margin:0}
h2 b{color:var(--ink)}
p{margin:.3rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
.f,.a{border-radius:.2rem;padding:.1rem 0}
.f{background:rgba(var(--for),var(--w))}
.a{background:rgba(var(--against),var(--w));text-decoration:underline dotted}
)";

void AppendFixed(double value, int digits, std::string& html) {
  std::array<char, 400> buffer;  // the longest double in fixed notation has 309 digits
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, digits);
  CHECK(end.ec == std::errc());
  html.append(buffer.data(), end.ptr);
}

void AppendPart(std::string_view text, double contribution, double largest, std::string& html) {
  if (!IsFinite(contribution)) {
    html += HtmlText(text);
    return;
  }
  // Less than the whole of a colour, so that the ink stays readable on it.
  constexpr double kStrongest = 0.6;
  const double magnitude = contribution < 0.0 ? -contribution : contribution;
  html += contribution < 0.0 ? "<span class=a style=\"--w:" : "<span class=f style=\"--w:";
  AppendFixed(largest > 0.0 ? kStrongest * magnitude / largest : 0.0, 3, html);
  html += "\" title=\"";
  if (contribution >= 0.0) html += '+';
  AppendFixed(contribution, 3, html);
  html += "\">";
  html += HtmlText(text);
  html += "</span>";
}

}  // namespace

void AppendPageBegin(std::string_view title, std::string& html) {
  html += "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n";
  html += "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n<title>";
  html += HtmlText(title);
  html += "</title>\n<style>";
  html += kStyle;
  html += "</style>\n<h1>";
  html += HtmlText(title);
  html +=
      "</h1>\n<p>What each word contributes to the label: the log-odds of the label, in nats, less "
      "those without the word. <span class=f style=\"--w:.5\">for the label</span> <span class=a "
      "style=\"--w:.5\">against it</span>. Point at a word for its number.</p>\n";
}

void AppendPageRow(const ExplainedRow& row, const Explanation& explanation, std::string& html) {
  html += "<section>\n<h2>row " + std::to_string(row.row) + " ";
  if (row.label.empty()) {
    html += "<b>no answer</b> ";
    html += HtmlText(row.error);
    html += "</h2>\n</section>\n";
    return;
  }
  html += "<b>";
  html += HtmlText(row.label);
  html += "</b> ";
  AppendFixed(row.probability, 3, html);
  html += "</h2>\n";
  double largest = 0.0;
  for (const ExplainedPart& part : explanation.parts) {
    if (IsFinite(part.contribution)) {
      largest = std::max({largest, part.contribution, -part.contribution});
    }
  }
  auto part = explanation.parts.begin();
  for (size_t value = 0; value < explanation.values.size(); ++value) {
    const std::string_view text = explanation.values[value];
    size_t at = 0;
    html += "<p>";
    for (; part != explanation.parts.end() && part->value == value; ++part) {
      html += HtmlText(text.substr(at, part->span.begin - at));
      AppendPart(text.substr(part->span.begin, part->span.end - part->span.begin),
                 part->contribution, largest, html);
      at = part->span.end;
    }
    html += HtmlText(text.substr(at));
    html += "</p>\n";
  }
  html += "</section>\n";
}

void AppendPageEnd(uint64_t num_shown, uint64_t num_rows, std::string& html) {
  if (num_shown < num_rows) {
    html += "<p>The first " + std::to_string(num_shown) + " of " + std::to_string(num_rows) +
            " rows.</p>\n";
  }
  html += "</html>\n";
}

}  // namespace rowmill
