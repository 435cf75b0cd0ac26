#include "report/graph_page.h"

#include <algorithm>
#include <set>

#include "core/text.h"
#include "report/page.h"

namespace verge {
namespace {

constexpr int kBoxWidth = 250, kBoxHeight = 46, kColumn = 274, kRow = 72, kMargin = 12;

// A node's cell: rows follow the longest path from the inputs, columns keep a chain straight and put branches beside it.
struct Cell {
  int row = 0, column = 0;
};

std::vector<Cell> laid_out(const std::vector<GraphNode>& nodes) {
  std::vector<Cell> out(nodes.size());
  std::set<std::pair<int, int>> taken;
  for (size_t i = 0; i < nodes.size(); ++i) {
    int row = 0, wish = 0;
    for (const size_t from : nodes[i].inputs) {
      if (out[from].row + 1 > row) wish = out[from].column;
      row = std::max(row, out[from].row + 1);
    }
    int column = wish;
    while (taken.count({row, column})) ++column;
    taken.insert({row, column});
    out[i] = {row, column};
  }
  return out;
}

int left_of(const Cell& c) { return kMargin + c.column * kColumn; }
int top_of(const Cell& c) { return kMargin + c.row * kRow; }

std::string edge(const Cell& from, const Cell& to) {
  const int x0 = left_of(from) + kBoxWidth / 2, y0 = top_of(from) + kBoxHeight, x1 = left_of(to) + kBoxWidth / 2, y1 = top_of(to);
  const bool skips = to.row > from.row + 1;  // around the boxes between
  const int bend = skips ? (from.column == to.column ? kColumn / 2 : 0) : 0;
  if (!skips) return format("<path d='M%d %d C%d %d %d %d %d %d'/>", x0, y0, x0, y0 + 18, x1, y1 - 18, x1, y1);
  const int side = std::max(x0, x1) + bend;
  return format("<path d='M%d %d C%d %d %d %d %d %d V%d C%d %d %d %d %d %d'/>", x0, y0, x0, y0 + 14, side, y0 + 4, side, y0 + 24, y1 - 24, side, y1 - 4, x1, y1 - 14, x1, y1);
}

std::string shortened(const std::string& text, size_t most) { return text.size() <= most ? text : "..." + text.substr(text.size() - most + 3); }

std::string tooltip(const GraphNode& n) {
  std::string out = n.op + "  " + n.name + "\n" + n.type + "\nruns in " + (n.place.empty() ? "no engine" : n.place);
  if (!n.note.empty()) out += ": " + n.note;
  if (n.ms) out += format("\n%.4f ms", *n.ms);
  if (n.macs > 0) out += "\n" + with_commas(static_cast<int64_t>(n.macs)) + " MACs";
  if (n.error) out += format("\nrelative error %.3g", *n.error);
  return page::escape(out);
}

std::string box(const GraphNode& n, const Cell& c, double slowest) {
  const int x = left_of(c), y = top_of(c);
  const double heat = n.ms && slowest > 0 ? std::min(1.0, *n.ms / slowest) : 0;
  const char* kind = n.place.empty() ? "nowhere" : n.place == "verge" ? "here" : "away";
  std::string out = "<g class='" + std::string(kind) + (n.diverges ? " diverges" : "") + "'><title>" + tooltip(n) + "</title>";
  out += format("<rect x='%d' y='%d' width='%d' height='%d' rx='6'/>", x, y, kBoxWidth, kBoxHeight);
  if (heat > 0) out += format("<rect class=heat x='%d' y='%d' width='%.1f' height='4' rx='2'/>", x, y + kBoxHeight - 4, heat * kBoxWidth);
  out += format("<text class=op x='%d' y='%d'>", x + 8, y + 17) + page::escape(n.op) + "</text>";
  std::string right = n.ms ? format("%.3g ms", *n.ms) : "";
  if (n.error) right += (right.empty() ? "" : "  ") + format("err %.1e", *n.error);
  if (n.place != "verge") right = (n.place.empty() ? "nowhere" : n.place) + (right.empty() ? "" : "  " + right);
  out += format("<text class=right x='%d' y='%d'>", x + kBoxWidth - 8, y + 17) + page::escape(right) + "</text>";
  out += format("<text class=soft x='%d' y='%d'>", x + 8, y + 34) + page::escape(shortened(n.name.substr(0, n.name.find(';')), 19)) + "</text>";
  out += format("<text class=right x='%d' y='%d'>", x + kBoxWidth - 8, y + 34) + page::escape(shortened(n.type, 20)) + "</text>";
  return out + "</g>";
}

constexpr const char* kStyle =
    "<style>.graph path{fill:none;stroke:var(--soft);stroke-width:1.2;opacity:.6}.graph rect{fill:var(--card);stroke:var(--line)}.graph .away rect{stroke:var(--bar);stroke-width:2}"
    ".graph .nowhere rect{stroke:#cf222e;stroke-width:2;stroke-dasharray:5 3}.graph .diverges rect{fill:#cf222e33}.graph rect.heat{fill:var(--bad);stroke:none}.graph text{font-size:12px}"
    ".graph text.op{font-weight:600}.graph text.right{text-anchor:end}.graph .soft,.graph text.right{fill:var(--soft)}.graph g:hover rect{stroke:var(--ink)}</style>";

std::string svg(const std::vector<GraphNode>& nodes) {
  const std::vector<Cell> cells = laid_out(nodes);
  int rows = 0, columns = 0;
  double slowest = 0;
  for (size_t i = 0; i < nodes.size(); ++i) {
    rows = std::max(rows, cells[i].row + 1);
    columns = std::max(columns, cells[i].column + 1);
    slowest = std::max(slowest, nodes[i].ms.value_or(0));
  }
  const int width = 2 * kMargin + columns * kColumn, height = 2 * kMargin + rows * kRow;
  std::string out = format("<div class=wide><svg class=graph width='%d' height='%d' viewBox='0 0 %d %d' role=img>", width, height, width, height);
  for (size_t i = 0; i < nodes.size(); ++i)
    for (const size_t from : nodes[i].inputs) out += edge(cells[from], cells[i]);
  for (size_t i = 0; i < nodes.size(); ++i) out += box(nodes[i], cells[i], slowest);
  return out + "</svg></div>";
}

}  // namespace

std::string graph_html(const GraphPage& page) {
  std::string body = kStyle;
  body += "<h1>" + page::escape(page.title) + "</h1>";
  for (const std::string& fact : page.facts) body += "<p class=note>" + page::escape(fact) + "</p>";
  body += "<p class=note>An orange bar is the node's share of the slowest one's time; a blue frame another engine, a dashed one no engine; a red box the values that part from the other model's. "
          "Point at a box for the rest.</p>" +
          svg(page.nodes);
  return page::html(page.title, body);
}

}  // namespace verge
