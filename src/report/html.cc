#include "report/html.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/text.h"
#include "report/page.h"

namespace verge {
namespace {

using page::escape;

std::string percent(const Json& v) { return v.is_number() ? format("%.2f %%", v.get<double>() * 100) : "-"; }
std::string bytes(const Json& v) { return human_bytes(v.get<double>()); }
double p50(const Json& candidate) { return candidate["latency"].is_object() ? candidate["latency"]["p50_ms"].get<double>() : 0; }

std::string card(const std::string& value, const std::string& label, const char* tone = "") {
  return "<div class=card><b class='" + std::string(tone) + "'>" + value + "</b><span class=soft>" + label + "</span></div>\n";
}

const Json& chosen_of(const Json& report) {
  for (const Json& c : report["candidates"])
    if (c["chosen"].get<bool>()) return c;
  return report["candidates"][0];
}

std::string cards(const Json& report) {
  const Json &before = report["candidates"][0], &after = chosen_of(report);
  std::string out = "<div class=cards>";
  if (p50(before) > 0 && p50(after) > 0) out += card(format("%.2fx", p50(before) / p50(after)), "faster than fp32, measured here", "good");
  out += card(format("%.2fx", before["package_bytes"].get<double>() / after["package_bytes"].get<double>()), "smaller than fp32", "good");
  const double drop = after["drop_points"].get<double>();
  out += card(format("%.2f", drop), after["top1"].is_null() ? "points of agreement lost" : "points of top-1 lost", drop <= 1 ? "good" : "bad");
  out += card(percent(after["agreement"]), "agreement with the original");
  return out + "</div>\n";
}

std::string candidate_table(const Json& report) {
  std::string out = "<div class=wide><table><tr><th>candidate<th>top-1<th>agreement<th>drop, points<th>int8 MACs<th>package<th>arena<th>p50<th>p99</tr>\n";
  for (const Json& c : report["candidates"]) {
    const Json& l = c["latency"];
    out += std::string("<tr") + (c["chosen"].get<bool>() ? " class=chosen" : "") + "><td>" + escape(c["name"]) + (c["chosen"].get<bool>() ? " &#10003;" : "") + "<td>" + percent(c["top1"]) +
           "<td>" + percent(c["agreement"]) + "<td>" + format("%.2f", c["drop_points"].get<double>()) + "<td>" + percent(c["int8_mac_share"]) + "<td>" + bytes(c["package_bytes"]) + "<td>" +
           bytes(c["arena_bytes"]) + "<td>" + (l.is_object() ? format("%.4f ms", l["p50_ms"].get<double>()) : "-") + "<td>" + (l.is_object() ? format("%.4f ms", l["p99_ms"].get<double>()) : "-") + "</tr>\n";
  }
  return out + "</table></div>\n";
}

// One row a candidate: latency against size, so that the trade shows at a glance.
std::string candidate_chart(const Json& report) {
  double slowest = 0, largest = 0;
  for (const Json& c : report["candidates"]) {
    slowest = std::max(slowest, p50(c));
    largest = std::max(largest, c["package_bytes"].get<double>());
  }
  std::string out;
  int y = 0;
  for (const Json& c : report["candidates"]) {
    const char* tone = c["chosen"].get<bool>() ? "bar" : "old";
    out += format("<text x=0 y=%d>%s</text>", y + 15, escape(c["name"]).c_str());
    if (slowest > 0) out += format("<rect class=%s x=270 y=%d width=%.1f height=16 rx=3></rect><text x=%.1f y=%d>%.3f ms</text>", tone, y + 3, 160 * p50(c) / slowest, 276 + 160 * p50(c) / slowest, y + 15, p50(c));
    const double size = c["package_bytes"].get<double>();
    out += format("<rect class=%s x=540 y=%d width=%.1f height=16 rx=3></rect><text x=%.1f y=%d>%s</text>", tone, y + 3, 160 * size / largest, 546 + 160 * size / largest, y + 15, human_bytes(size).c_str());
    y += 28;
  }
  return format("<div class=wide><svg viewBox='0 0 820 %d' width=820 height=%d role=img aria-label='latency and size of each candidate'>", y, y) + out + "</svg></div>\n";
}

std::string budget_table(const Json& lines) {
  std::string out = "<h2>Budgets</h2><table><tr><th>budget<th>is<th>at most<th>known by<th></tr>\n";
  for (const Json& l : lines) {
    const std::string unit = " " + l["unit"].get<std::string>();
    out += "<tr><td>" + escape(l["budget"]) + "<td>" + format("%.6g", l["is"].get<double>()) + unit + "<td>" + format("%.6g", l["limit"].get<double>()) + unit + "<td>" + escape(l["label"]) +
           (l["met"].get<bool>() ? "<td class=good>pass" : "<td class=bad>fail") + "</tr>\n";
  }
  return out + "</table>\n";
}

// Every candidate by size and points lost; those that nothing beats are filled.
std::string pareto_chart(const Json& tried) {
  double largest = 1, least = 0, most = 0.1;
  for (const Json& c : tried) {
    largest = std::max(largest, c["package_bytes"].get<double>());
    least = std::min(least, c["drop_points"].get<double>());
    most = std::max(most, c["drop_points"].get<double>());
  }
  std::string out = "<text x=0 y=14>points lost</text><text x=330 y=258>package size, from 0</text><line x1=20 y1=240 x2=620 y2=240 stroke=currentColor></line><line x1=20 y1=20 x2=20 y2=240 stroke=currentColor></line>";
  for (const Json& c : tried) {
    const double x = 20 + 560 * c["package_bytes"].get<double>() / largest, y = 225 - 190 * (c["drop_points"].get<double>() - least) / (most - least);
    const bool front = c["pareto"].get<bool>();
    out += format("<circle cx=%.1f cy=%.1f r=6 fill=%s stroke=currentColor></circle><text x=%.1f y=%.1f text-anchor=%s>%s, %s, %.2f</text>", x, y, front ? "currentColor" : "none", x > 350 ? x - 12 : x + 12, y - 10,
                  x > 350 ? "end" : "start", escape(c["name"]).c_str(), human_bytes(c["package_bytes"].get<double>()).c_str(), c["drop_points"].get<double>());
  }
  return "<h2>Size against accuracy</h2><p class=note>Filled: no other candidate beats it in points lost, size and latency at once.</p>\n<div class=wide><svg viewBox='0 0 660 264' width=660 height=264 role=img "
         "aria-label='size and points lost of each candidate'>" + out + "</svg></div>\n";
}

std::string blame_chart(const Json& blame) {
  std::vector<Json> rows(blame.begin(), blame.end());
  std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) { return a["sqnr_db"] < b["sqnr_db"]; });
  const size_t shown = std::min<size_t>(rows.size(), 25);
  std::string out;
  for (size_t i = 0; i < shown; ++i) {
    const Json& r = rows[i];
    const double db = r["sqnr_db"].get<double>(), width = 300 * std::clamp(db / 50, 0.02, 1.0);
    const int y = static_cast<int>(i) * 24;
    out += format("<text x=0 y=%d>%s</text><rect class=bar x=270 y=%d width=%.1f height=14 rx=3></rect><text x=%.1f y=%d>%.1f dB, cosine %.4f%s</text>", y + 14,
                  escape(r["name"].get<std::string>().substr(0, 36)).c_str(), y + 3, width, 276 + width, y + 14, db, r["cosine"].get<double>(),
                  r["alone_agreement"].is_number() ? format(", alone %.1f %%", r["alone_agreement"].get<double>() * 100).c_str() : "");
  }
  const int height = static_cast<int>(shown) * 24;
  return format("<div class=wide><svg viewBox='0 0 860 %d' width=860 height=%d role=img aria-label='signal to noise of each layer'>", height, height) + out + "</svg></div>\n";
}

// A bar an instruction, in the order of execution; the fullest is named.
std::string memory_chart(const Json& memory) {
  double most = 1;
  size_t fullest = 0;
  for (size_t i = 0; i < memory.size(); ++i)
    if (memory[i]["bytes"].get<double>() > most) most = memory[i]["bytes"].get<double>(), fullest = i;
  const double step = 800.0 / static_cast<double>(memory.size());
  std::string out;
  for (size_t i = 0; i < memory.size(); ++i) {
    const double height = 130 * memory[i]["bytes"].get<double>() / most;
    out += format("<rect class=%s x=%.1f y=%.1f width=%.1f height=%.1f><title>%s: %s</title></rect>", i == fullest ? "bar" : "old", step * static_cast<double>(i), 150 - height, std::max(0.5, step - 1.5), height,
                  escape(memory[i]["name"]).c_str(), bytes(memory[i]["bytes"]).c_str());
  }
  const double x = step * (static_cast<double>(fullest) + 0.5);
  out += format("<text x=%.1f y=12 text-anchor=%s>%s at %s</text>", x, x < 250 ? "start" : x > 550 ? "end" : "middle", bytes(memory[fullest]["bytes"]).c_str(), escape(memory[fullest]["name"]).c_str());
  return "<h2>Memory from layer to layer</h2><p class=note>Bytes of the arena that hold a value while each instruction of the chosen network runs, from the first to the last.</p>\n"
         "<div class=wide><svg viewBox='0 0 810 152' width=810 height=152 role=img aria-label='memory while each instruction runs'>" + out + "</svg></div>\n";
}

std::string placement_table(const Json& kinds) {
  double ms = 0;
  for (const Json& k : kinds) ms += k["ms"].is_number() ? k["ms"].get<double>() : 0;
  std::string out = "<h2>What runs where</h2><p class=note>Instructions of the chosen network by kind; time: sum of their medians here.</p><div class=wide><table><tr><th>instruction<th>reads<th>how many<th>MACs<th>time<th>share</tr>\n";
  for (const Json& k : kinds) {
    const bool timed = k["ms"].is_number() && ms > 0;
    out += "<tr><td>" + escape(k["op"]) + "<td>" + (k["integer"].get<bool>() ? "integers" : "floats") + format("<td>%d<td>", k["count"].get<int>()) + with_commas(static_cast<int64_t>(k["macs"].get<double>())) + "<td>" +
           (timed ? format("%.4f ms", k["ms"].get<double>()) : "-") + "<td>" + (timed ? format("%.1f %%", 100 * k["ms"].get<double>() / ms) : "-") + "</tr>\n";
  }
  return out + "</table></div>\n";
}

// Heights go with the logarithm of the counts, so that outliers show.
std::string histogram(const Json& h) {
  const double low = h["low"].get<double>(), high = h["high"].get<double>(), width = 250;
  double most = 1;
  for (const Json& count : h["counts"]) most = std::max(most, count.get<double>());
  const double step = width / static_cast<double>(h["counts"].size());
  std::string out;
  for (size_t i = 0; i < h["counts"].size(); ++i) {
    const double height = 90 * std::log1p(h["counts"][i].get<double>()) / std::log1p(most);
    out += format("<rect class=old x=%.1f y=%.1f width=%.1f height=%.1f></rect>", step * static_cast<double>(i), 115 - height, step - 0.8, height);
  }
  for (const Json& end : h["range"]) {
    const double x = std::clamp(width * (end.get<double>() - low) / (high - low), 1.0, width - 1);
    out += format("<line x1=%.1f y1=22 x2=%.1f y2=115 stroke='var(--bad)' stroke-width=2></line>", x, x);
  }
  out += "<text x=0 y=14>" + escape(h["name"].get<std::string>().substr(0, 34)) + "</text>";
  out += format("<text x=0 y=131>%.3g</text><text x=%.0f y=131 text-anchor=end>%.3g</text>", low, width, high);
  return "<svg viewBox='0 0 256 136' width=256 height=136 role=img aria-label='spread of a layer&#39;s values'>" + out + "</svg>\n";
}

std::string histograms(const Json& layers) {
  std::string out = "<h2>Values of the worst layers</h2><p class=note>What the float network has at the outputs of the layers with the least signal to noise, on up to 32 calibration samples; heights are logarithms of counts. "
                    "Lines: the range that the integers stand for, or the edge where it reaches further.</p>\n<div class=wide>";
  for (const Json& layer : layers) out += histogram(layer);
  return out + "</div>\n";
}

std::string rows_of(const Json& report) {
  const Json& d = report["data"];
  std::string out = "<table>";
  const auto row = [&](const std::string& key, const std::string& value) { out += "<tr><td>" + key + "<td style='text-align:left'>" + value + "</tr>\n"; };
  row("model", escape(report["model"]["file"]) + ", " + bytes(report["model"]["bytes"]) + ", " + with_commas(report["model"]["macs"].get<int64_t>()) + " MACs");
  row("SHA-256", "<code>" + escape(report["model"]["sha256"]) + "</code>");
  row("target", escape(report["target"]));
  row("pre-processing", escape(report["pipeline"]["text"]) + (report["pipeline"]["declared"].get<bool>() ? " (declared)" : " (not declared; chosen by score)"));
  row("data", format("%zu samples: %zu calibrate, %zu others check; split by hash of the name, seed %llu", d["samples"].get<size_t>(), d["calibration"].get<size_t>(), d["check"].get<size_t>(),
                     static_cast<unsigned long long>(d["seed"].get<uint64_t>())));
  for (const auto& [name, why] : report["kept_float"].items()) row("stays float", escape(name) + ": " + escape(why));
  return out + "</table>\n";
}

std::string scored_table(const Json& scored) {
  if (scored.empty()) return "";
  std::string out = "<h2>Pre-processing that was tried</h2><p class=note>Top-1 of the float model on 64 samples, measured.</p><table><tr><th>declaration<th>top-1</tr>\n";
  for (const Json& s : scored) out += "<tr><td>" + escape(s["pipeline"]) + "<td>" + percent(s["top1"]) + "</tr>\n";
  return out + "</table>\n";
}

std::string estimate_text(const Json& report) {
  const Json& c = chosen_of(report);
  if (!c.contains("estimate")) return "";
  return "<p>On <b>" + escape(c["estimate"]["target"]) + "</b>: " + format("%.2f ms", c["estimate"]["latency_ms"].get<double>()) +
         " <b>estimated</b> from the target's profile (arithmetic and memory traffic at half of their peaks), not measured.</p>\n";
}

}  // namespace

std::string html_report(const Json& r, const std::string& command) {
  std::string out = "<h1>" + escape(r["model"]["file"]) + "</h1>\n";
  out += "<p class=note>Chosen: <b>" + escape(r["chosen"]) + "</b>, " + escape(r["reason"]) + ". Every figure is measured on the machine that ran the command, through the runtime that ships, unless it says estimated.</p>\n";
  out += cards(r) + estimate_text(r) + "<h2>Candidates</h2><p class=note>Left: median latency of interleaved rounds. Right: size of the package.</p>\n" + candidate_chart(r) + candidate_table(r);
  if (r.contains("budgets") && !r["budgets"].empty()) out += budget_table(r["budgets"]);
  if (r.contains("tried")) out += pareto_chart(r["tried"]);
  if (r.contains("blame") && !r["blame"].empty())
    out += "<h2>What each layer costs</h2><p class=note>Signal to quantisation noise at the layer's output in the whole int8 network, worst first; cosine with float; agreement of the network when only this layer is int8. "
           "Measured on up to 64 calibration samples.</p>\n" + blame_chart(r["blame"]);
  if (r.contains("histograms") && !r["histograms"].empty()) out += histograms(r["histograms"]);
  if (r.contains("memory") && !r["memory"].empty()) out += memory_chart(r["memory"]);
  if (r.contains("placement") && !r["placement"].empty()) out += placement_table(r["placement"]);
  if (r.contains("calibration")) {
    out += "<h2>Calibration</h2><p class=note>Signal to noise of the network's output on the calibration samples; the best method is kept.</p><table><tr><th>method<th>output SQNR, dB</tr>\n";
    for (const Json& c : r["calibration"]) out += "<tr><td>" + escape(c["method"]) + "<td>" + (c["output_sqnr_db"].is_number() ? format("%.2f", c["output_sqnr_db"].get<double>()) : std::string("does not run")) + "</tr>\n";
    out += "</table>\n";
  }
  out += scored_table(r["pipeline"]["scored"]) + "<h2>How it was made</h2>" + rows_of(r);
  out += "<p>Repeat it:</p><pre>" + escape(command) + "</pre>";
  return page::html(r["model"]["file"].get<std::string>() + ": optimisation report", out);
}

}  // namespace verge
