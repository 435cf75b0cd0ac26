#include "report/training.h"

#include <algorithm>

#include "core/text.h"
#include "report/page.h"

namespace verge {
namespace {

constexpr int kWidth = 560, kHeight = 220, kLeft = 48, kBottom = 24;

struct Curve {
  std::string name, css;
  std::vector<double> values;
};

std::vector<double> values_of(const Json& history, const char* key) {
  std::vector<double> out;
  for (const Json& h : history)
    if (h.contains(key)) out.push_back(h[key].get<double>());
  return out;
}

std::string path_of(const Curve& c, double low, double high) {
  std::string points;
  for (size_t i = 0; i < c.values.size(); ++i) {
    const double x = kLeft + (c.values.size() > 1 ? static_cast<double>(i) / static_cast<double>(c.values.size() - 1) : 0.5) * (kWidth - kLeft - 8);
    const double y = 8 + (high - c.values[i]) / (high - low) * (kHeight - kBottom - 8);
    points += format("%.1f,%.1f ", x, y);
  }
  return "<polyline fill=none stroke-width=2 style='stroke:var(" + c.css + ")' points='" + points + "'/>";
}

// One diagram; curves of one unit. `scale` multiplies the numbers that are written.
std::string diagram(const std::string& title, std::vector<Curve> curves, double scale, const char* unit) {
  curves.erase(std::remove_if(curves.begin(), curves.end(), [](const Curve& c) { return c.values.empty(); }), curves.end());
  if (curves.empty()) return "";
  double low = curves[0].values[0], high = low;
  for (const Curve& c : curves)
    for (double v : c.values) low = std::min(low, v), high = std::max(high, v);
  if (high - low < 1e-9) high = low + 1e-9;
  std::string out = "<h2>" + title + "</h2>\n<p class=note>";
  for (const Curve& c : curves) out += "<span style='color:var(" + c.css + ")'>&#9632;</span> " + c.name + " &nbsp; ";
  out += "</p><div class=wide><svg role=img width=" + std::to_string(kWidth) + " height=" + std::to_string(kHeight) + ">";
  out += format("<text x=0 y=18>%.4g%s</text><text x=0 y=%d>%.4g%s</text>", high * scale, unit, kHeight - kBottom, low * scale, unit);
  out += format("<text x=%d y=%d>epoch 1</text><text x=%d y=%d text-anchor=end>%zu</text>", kLeft, kHeight - 4, kWidth - 8, kHeight - 4, curves[0].values.size());
  for (const Curve& c : curves) out += path_of(c, low, high);
  return out + "</svg></div>\n";
}

std::string table(const Json& history) {
  std::string out = "<h2>Epochs</h2><div class=wide><table><tr><th>epoch</th><th>loss</th><th>training top-1</th><th>validation</th><th>rate</th><th>samples/s (measured)</th></tr>\n";
  const auto percent = [](const Json& h, const char* key) { return h.contains(key) ? format("%.2f %%", h[key].get<double>() * 100) : std::string("-"); };
  for (const Json& h : history)
    out += format("<tr><td>%lld</td><td>%.4f</td>", static_cast<long long>(h["epoch"].get<int64_t>()), h["loss"].get<double>()) + "<td>" + percent(h, "train_top1") + "</td><td>" +
           (h.contains("mse") ? format("%.5g", h["mse"].get<double>()) : percent(h, "top1")) +
           format("</td><td>%.5g</td><td>%s</td></tr>\n", h["rate"].get<double>(), with_commas(static_cast<int64_t>(h["samples_per_second"].get<double>())).c_str());
  return out + "</table></div>\n";
}

}  // namespace

std::string training_report(const Json& report, const std::string& command) {
  const Json& history = report["history"];
  const std::string model = report["recipe"]["model"].get<std::string>();
  std::string body = "<h1>Training of " + page::escape(model) + "</h1>\n<p class=soft>" + with_commas(report["samples"].get<int64_t>()) + " samples, " +
                     with_commas(report["validation_samples"].get<int64_t>()) + " others judge; " + with_commas(report["parameters"].get<int64_t>()) + " parameters, " +
                     human_bytes(report["training_memory_bytes"].get<double>()) + " planned for a step, " + format("%.1f s on %d thread(s), measured</p>\n", report["seconds"].get<double>(), report["threads"].get<int>());
  body += diagram("Loss", {{"training", "--bar", values_of(history, "loss")}}, 1, "");
  body += diagram("Top-1", {{"validation", "--good", values_of(history, "top1")}, {"training, while it goes on", "--old", values_of(history, "train_top1")}}, 100, " %");
  body += diagram("Mean square error", {{"validation", "--good", values_of(history, "mse")}}, 1, "");
  body += diagram("Rate", {{"rate", "--bad", values_of(history, "rate")}}, 1, "");
  body += table(history);
  body += "<h2>Recipe</h2><pre>" + page::escape(report["recipe"].dump(2)) + "</pre>\n<h2>Repeat</h2><pre>" + page::escape(command) + "</pre>\n";
  return page::html("Training of " + model, body);
}

}  // namespace verge
