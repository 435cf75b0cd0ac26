#include "recipe/inside.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "quant/tap.h"

namespace verge {
namespace {

// Of a tensor in the arena: its bytes there, and the first and last instruction that touches them.
struct Stay {
  uint64_t begin = 0, end = 0;
  size_t first = 0, last = 0;
};

class Stays {
 public:
  explicit Stays(const rt::Model& model) : model_(model) {
    for (size_t i = 0; i < model.input_count(); ++i) touch(model.input_tensor(i), 0);
    for (size_t n = 0; n < model.instruction_count(); ++n) {
      const rt::InstructionRecord& r = model.instruction(n);
      for (uint32_t a = 0; a <= static_cast<uint32_t>(r.in_count) + r.out_count; ++a) touch(model.args(n)[a], n);
    }
    for (size_t i = 0; i < model.output_count(); ++i) touch(model.output_tensor(i), model.instruction_count());
  }

  // Renamed values share bytes, which count once.
  uint64_t bytes_at(size_t instruction) const {
    std::vector<std::pair<uint64_t, uint64_t>> held;
    for (const auto& [tensor, s] : stays_)
      if (s.first <= instruction && instruction <= s.last) held.emplace_back(s.begin, s.end);
    std::sort(held.begin(), held.end());
    uint64_t bytes = 0, covered = 0;
    for (const auto& [begin, end] : held) {
      bytes += std::max(end, covered) - std::max(begin, covered);
      covered = std::max(end, covered);
    }
    return bytes;
  }

 private:
  void touch(uint32_t tensor, size_t instruction) {
    if (tensor >= model_.tensor_count() || model_.tensor(tensor).section != static_cast<uint8_t>(rt::Section::kArena)) return;
    const uint64_t begin = uint64_t{model_.tensor(tensor).offset} * rt::kOffsetUnit;
    Stay& s = stays_.try_emplace(tensor, Stay{begin, begin + model_.describe(tensor).bytes(), instruction, instruction}).first->second;
    s.last = std::max(s.last, instruction);
  }

  const rt::Model& model_;
  std::map<uint32_t, Stay> stays_;
};

bool in_integers(const rt::Model& model, size_t n) {
  const rt::InstructionRecord& r = model.instruction(n);
  return r.in_count > 0 && is_integer(model.describe(model.args(n)[0]).dtype);
}

constexpr size_t kBins = 48;

struct Histogram {
  std::vector<float> values;

  Json json() const {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double begin = *low, width = std::max(static_cast<double>(*high) - begin, 1e-30) / kBins;
    std::vector<size_t> counts(kBins);
    for (const float v : values) ++counts[std::min(kBins - 1, static_cast<size_t>((static_cast<double>(v) - begin) / width))];
    return {{"low", begin}, {"high", begin + width * kBins}, {"counts", counts}};
  }
};

// The real numbers of the least and the greatest integer of a plan's value.
Json range_of(const QuantParams& p, int bits) {
  const double least = -std::pow(2.0, bits - 1), scale = static_cast<double>(p.scale[0]), zero = p.zero_point.empty() ? 0 : p.zero_point[0];
  return {scale * (least - zero), scale * (-least - 1 - zero)};
}

std::vector<LayerBlame> worst_of(const QuantPlan& plan, const Graph& graph, std::span<const LayerBlame> blame) {
  constexpr size_t kShown = 3;
  std::vector<LayerBlame> out;
  for (const LayerBlame& layer : blame) {
    const auto known = plan.activations.find(graph.node(NodeId{layer.node}).output().index);
    if (known != plan.activations.end() && !known->second.empty() && !plan.float_nodes.count(layer.node)) out.push_back(layer);
  }
  std::stable_sort(out.begin(), out.end(), [](const LayerBlame& a, const LayerBlame& b) { return a.sqnr_db < b.sqnr_db; });
  out.resize(std::min(out.size(), kShown));
  return out;
}

}  // namespace

Json memory_timeline(const rt::Model& model) {
  const Stays stays(model);
  Json out = Json::array();
  for (size_t n = 0; n < model.instruction_count(); ++n) out.push_back({{"name", model.instruction_name(n)}, {"op", model.operator_name(n)}, {"bytes", stays.bytes_at(n)}});
  return out;
}

Json placement(const rt::Model& model, std::span<const OpProfile> profile) {
  std::map<std::string, double> ms;
  for (const OpProfile& p : profile) ms[p.op] += p.p50_ms;
  std::map<std::string, Json> kinds;
  for (size_t n = 0; n < model.instruction_count(); ++n) {
    const std::string op = model.operator_name(n);
    Json& kind = kinds.try_emplace(op, Json{{"op", op}, {"count", 0}, {"macs", 0.0}, {"integer", in_integers(model, n)}, {"ms", ms.count(op) ? Json(ms[op]) : Json()}}).first->second;
    kind["count"] = kind["count"].get<int>() + 1;
    kind["macs"] = kind["macs"].get<double>() + static_cast<double>(model.instruction(n).macs);
  }
  std::vector<Json> rows;
  for (auto& [op, kind] : kinds) rows.push_back(std::move(kind));
  const auto work = [](const Json& kind) { return std::pair(kind["ms"].is_number() ? kind["ms"].get<double>() : 0.0, kind["macs"].get<double>()); };
  std::stable_sort(rows.begin(), rows.end(), [&](const Json& a, const Json& b) { return work(a) > work(b); });
  return rows;
}

Result<Json> histograms(const Graph& graph, const QuantPlan& plan, std::span<const LayerBlame> blame, const Dataset& data) {
  constexpr size_t kSamples = 32;
  const std::vector<LayerBlame> worst = worst_of(plan, graph, blame);
  Json out = Json::array();
  if (worst.empty()) return out;
  std::vector<ValueId> values;
  for (const LayerBlame& layer : worst) values.push_back(graph.node(NodeId{layer.node}).output());
  VERGE_TRY(Tap tap, Tap::open(graph, values));
  std::vector<Histogram> seen(values.size());
  for (size_t s = 0; s < std::min(kSamples, data.size()); ++s) {
    VERGE_TRY(const Sample sample, data.get(s));
    VERGE_CHECK(tap.run(sample));
    for (size_t i = 0; i < values.size(); ++i) std::copy_if(tap.value(i).begin(), tap.value(i).end(), std::back_inserter(seen[i].values), [](float v) { return std::isfinite(v); });
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (seen[i].values.empty()) continue;
    Json one = seen[i].json();
    one["name"] = worst[i].name;
    one["range"] = range_of(plan.activations.at(values[i].index), plan.activation_bits);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace verge
