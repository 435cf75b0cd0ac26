#include "recipe/budgets.h"

#include <algorithm>

#include "core/text.h"

namespace verge {
namespace {

struct Preset {
  const char* name;
  Budgets budgets;
};
constexpr Preset kPresets[] = {{"realtime", {50, 0, 0, 0}}, {"interactive", {200, 0, 0, 0}}, {"mobile", {0, 20e6, 0, 0}}, {"embedded", {0, 5e6, 0, 0}}};

void add(Json& lines, const char* name, double limit, double is, const char* unit, const char* label) {
  if (limit > 0) lines.push_back({{"budget", name}, {"limit", limit}, {"is", is}, {"unit", unit}, {"met", is <= limit}, {"label", label}});
}

}  // namespace

Result<Budgets> with_preset(Budgets budgets, const std::string& name) {
  for (const Preset& p : kPresets) {
    if (name != p.name) continue;
    const auto fill = [](double& bound, double preset) { bound = bound > 0 ? bound : preset; };
    fill(budgets.latency_ms, p.budgets.latency_ms);
    fill(budgets.size_bytes, p.budgets.size_bytes);
    return budgets;
  }
  return invalid("--preset " + name + ": wants realtime, interactive, mobile or embedded");
}

Result<Json> judge(const Budgets& b, const Json& candidate) {
  Json lines = Json::array();
  const bool estimated = candidate.contains("estimate");
  if (b.latency_ms > 0 && !estimated && !candidate["latency"].is_object())
    return invalid("--max-latency wants timing: leave --no-timing away, or name a --target");
  if (b.energy_mj > 0 && (!estimated || !candidate["estimate"]["energy_mj"].is_number()))
    return invalid("--max-energy wants a --target whose profile knows its power (`verge targets`): this machine's energy is not measured");
  if (b.latency_ms > 0)
    add(lines, "latency", b.latency_ms, (estimated ? candidate["estimate"]["latency_ms"] : candidate["latency"]["p50_ms"]).get<double>(), "ms",
        estimated ? "estimated" : "measured");
  add(lines, "size", b.size_bytes, candidate["package_bytes"].get<double>(), "bytes", "measured");
  add(lines, "ram", b.ram_bytes, candidate["arena_bytes"].get<double>(), "bytes", "planned");
  if (b.energy_mj > 0) add(lines, "energy", b.energy_mj, candidate["estimate"]["energy_mj"].get<double>(), "mJ", "estimated");
  return lines;
}

bool all_met(const Json& lines) {
  return std::all_of(lines.begin(), lines.end(), [](const Json& l) { return l["met"].get<bool>(); });
}

std::string misses(const Json& lines) {
  std::vector<std::string> out;
  for (const Json& l : lines) {
    const double is = l["is"].get<double>(), limit = l["limit"].get<double>();
    if (!l["met"].get<bool>())
      out.push_back(format("%s %.6g %s, at most %.6g asked for (%.0f %% over)", l["budget"].get<std::string>().c_str(), is,
                           l["unit"].get<std::string>().c_str(), limit, 100 * (is / limit - 1)));
  }
  return join(out, "; ");
}

}  // namespace verge
