#include "report/page.h"

#include <fmt/format.h>

#include "report/escape.h"

namespace rowmill {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--paper:#fdfdfb;--card:#fff;--ink:#1c2126;--soft:#5b6570;--line:#dcdfe3;
--track:#eef0f2;--bar:#2f6f9f;--point:#b3541e;--good:#27703a;--bad:#a8321f;--heat:47,111,159;
--c0:#2f6f9f;--c1:#d18b2c;--c2:#4c8c5a;--c3:#8a5a9e;--c4:#b3541e;--c5:#4aa3a3;--c6:#8a7a4a;--c7:#7a828a}
@media(prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1c2024;--ink:#e6e8ea;--soft:#9aa4ae;
--line:#333a41;--track:#262b30;--bar:#6fb1e0;--point:#f0a070;--good:#7cc690;--bad:#f0897a;--heat:111,177,224;
--c0:#6fb1e0;--c1:#e5b062;--c2:#85c394;--c3:#c39ad6;--c4:#f0a070;--c5:#7fd0d0;--c6:#c9b87e;--c7:#a8b0b8}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:64rem;margin:0 auto;padding:1.25rem 1rem 4rem}
h1{font-size:1.5rem;line-height:1.25;margin:.25rem 0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:0 0 .75rem}
h3{font-size:.95rem;margin:1.25rem 0 .5rem}
p{margin:.25rem 0 .75rem}
.soft,figcaption{color:var(--soft);font-size:.875rem}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:1rem 0}
.card,section{background:var(--card);border:1px solid var(--line);border-radius:.5rem}
.card{padding:.7rem .9rem}
.card b{display:block;font-size:1.35rem;font-weight:600;font-variant-numeric:tabular-nums;line-height:1.3}
.card span{color:var(--soft);font-size:.8rem}
section{padding:1rem;margin:1rem 0}
.wide{overflow-x:auto}
svg{display:block;width:100%;height:auto;overflow:visible}
figure{margin:.5rem 0}
.square{max-width:20rem}
.axis{fill:var(--soft);font-size:12px}
.rule{stroke:var(--soft);stroke-width:1}
.track{fill:var(--track)}
.bar{fill:var(--bar)}
.point{fill:var(--point);fill-opacity:.75}
.c0{fill:var(--c0);--k:var(--c0)}.c1{fill:var(--c1);--k:var(--c1)}.c2{fill:var(--c2);--k:var(--c2)}
.c3{fill:var(--c3);--k:var(--c3)}.c4{fill:var(--c4);--k:var(--c4)}.c5{fill:var(--c5);--k:var(--c5)}
.c6{fill:var(--c6);--k:var(--c6)}.c7{fill:var(--c7);--k:var(--c7)}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.6rem 0 0;padding:0;font-size:.875rem}
.legend i{display:inline-block;width:.75em;height:.75em;border-radius:2px;margin-right:.4em;background:var(--k)}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:break-word}
thead th{color:var(--soft);font-weight:500;white-space:nowrap}
tbody th{font-weight:500}
.numeric td,.numeric thead th+th{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.heat td,.heat thead th+th{text-align:center;min-width:3.5rem}
.rows td:last-child{min-width:14rem;overflow-wrap:anywhere}
.good{color:var(--good)}.bad{color:var(--bad)}
dl{display:grid;grid-template-columns:minmax(7rem,16rem) 1fr;gap:.25rem 1rem;margin:0;font-size:.9rem}
dt{color:var(--soft);overflow-wrap:anywhere}dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
@media(max-width:30rem){.rows thead,.rows tbody{display:block}.rows tr{display:flex;flex-wrap:wrap;border-bottom:1px solid var(--line)}
.rows th,.rows td{flex:1 0 20%;min-width:0;padding:.3rem .2rem;border:0}.rows tr>:last-child{flex:1 0 100%;min-width:0}}
@media(max-width:30rem){.numeric th,.numeric td{padding:.3rem .25rem;font-size:.85em}}
@media(max-width:30rem){main{padding:.75rem .6rem 3rem}section{padding:.75rem}dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:.5rem}figure:not(.square) .axis{font-size:20px}}
@media print{body{background:#fff}section,.card{break-inside:avoid}}
)css";

}  // namespace

std::string HtmlPage(std::string_view title, std::string_view body) {
  // The policy lets the browser fetch nothing and run nothing, whatever a mistake of ours let in.
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<title>{}</title><style>{}</style></head>\n<body><main>\n{}</main></body></html>\n",
      HtmlText(title), kStyle, body);
}

std::string HtmlSection(std::string_view heading, std::string_view content) {
  if (content.empty()) return "";
  return fmt::format("<section><h2>{}</h2>\n{}</section>\n", HtmlText(heading), content);
}

std::string HtmlTable(const std::vector<std::string>& heads,
                      const std::vector<std::vector<std::string>>& rows, TableKind kind) {
  std::string table = fmt::format("<div class=\"wide\"><table{}><thead><tr>",
                                  kind == TableKind::kNumeric ? " class=\"numeric\"" : "");
  for (const std::string& head : heads) {
    table += "<th scope=\"col\">" + HtmlText(head) + "</th>";
  }
  table += "</tr></thead><tbody>\n";
  for (const std::vector<std::string>& row : rows) {
    table += "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      table += i == 0 ? "<th scope=\"row\">" + row[i] + "</th>" : "<td>" + row[i] + "</td>";
    }
    table += "</tr>\n";
  }
  return table + "</tbody></table></div>\n";
}

std::string HtmlPairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  if (pairs.empty()) return "";
  std::string list = "<dl>";
  for (const auto& [name, value] : pairs) {
    list += "<dt>" + HtmlText(name) + "</dt><dd>" + HtmlText(value) + "</dd>";
  }
  return list + "</dl>\n";
}

}  // namespace rowmill
