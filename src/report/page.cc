#include "report/page.h"

namespace verge::page {
namespace {

const char* const kStyle = R"(
:root { --ink: #1b1f24; --soft: #59636e; --line: #d1d9e0; --paper: #ffffff; --card: #f6f8fa; --good: #1a7f37; --bad: #b35900; --bar: #0969da; --old: #8c959f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --paper: #0d1117; --card: #151b23; --good: #3fb950; --bad: #d29922; --bar: #4493f8; --old: #656c76; } }
* { box-sizing: border-box } body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem }
h1 { font-size: 1.6rem; margin: 0 0 .2rem } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem } p.note, .soft { color: var(--soft) } p.note { margin: .2rem 0 .8rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: right; padding: .35rem .6rem; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums }
th { color: var(--soft); font-weight: 600; font-size: .85rem } th:first-child, td:first-child { text-align: left } tr.chosen td { font-weight: 600 }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .8rem; margin: 1.2rem 0 } .card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem }
.card b { display: block; font-size: 1.55rem; line-height: 1.2 } .good { color: var(--good) } .bad { color: var(--bad) } code, pre { font: 13px/1.5 ui-monospace, monospace; background: var(--card); border-radius: 6px }
pre { padding: .8rem 1rem; overflow-x: auto } code { padding: .1rem .3rem } .bar { fill: var(--bar) } .old { fill: var(--old) } svg text { fill: var(--ink); font: 13px system-ui, sans-serif } .wide { overflow-x: auto }
)";

}  // namespace

std::string escape(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

std::string html(const std::string& title, const std::string& body) {
  return "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'><title>" + escape(title) + "</title><style>" + kStyle +
         "</style>\n" + body + "</html>\n";
}

}  // namespace verge::page
