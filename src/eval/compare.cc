#include "eval/compare.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <unordered_map>

#include "eval/score.h"

namespace verge {
namespace {

constexpr double kFloatTolerance = 1e-3;
constexpr double kQuantisedTolerance = 0.15;

// Where a name is written: the last instruction with that output, since a fused node writes only its final value.
struct Site {
  uint32_t instruction = 0;
  uint32_t tensor = 0;
};
using Sites = std::unordered_map<std::string, Site>;

Sites named_sites(const rt::Model& model) {
  Sites out;
  for (uint32_t i = 0; i < model.instruction_count(); ++i) {
    const rt::InstructionRecord& r = model.instruction(i);
    for (int o = 0; o < r.out_count; ++o) {
      const uint32_t tensor = model.args(i)[r.in_count + o];
      const char* name = tensor < model.tensor_count() ? model.tensor_name(tensor) : "";
      if (*name) out[name] = {i, tensor};
    }
  }
  return out;
}

// Hands each named value to `take` right after its instruction, before the arena is reused.
class Tap {
 public:
  using Take = std::function<void(const std::string& name, const Tensor& value)>;
  Tap(Executable& executable, const std::vector<std::string>& names, const Sites& sites, Take take) : executable_(executable), take_(std::move(take)) {
    for (const std::string& name : names) by_instruction_[sites.at(name).instruction].emplace_back(name, sites.at(name).tensor);
    executable_.session().set_trace({[](void* self, uint32_t i, bool begin) {
                                       if (!begin) static_cast<Tap*>(self)->step(i);
                                     },
                                     this});
  }
  ~Tap() { executable_.session().set_trace({}); }
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

 private:
  void step(uint32_t i) {
    const auto found = by_instruction_.find(i);
    if (found == by_instruction_.end()) return;
    for (const auto& [name, tensor] : found->second) take_(name, executable_.tensor(tensor));
  }
  Executable& executable_;
  Take take_;
  std::unordered_map<uint32_t, std::vector<std::pair<std::string, uint32_t>>> by_instruction_;
};

struct Sums {
  double difference = 0, reference = 0, max_abs = 0;
  void add(const std::vector<float>& a, const std::vector<float>& b) {
    for (size_t i = 0; i < a.size(); ++i) {
      const double d = static_cast<double>(a[i]) - b[i];
      difference += d * d;
      reference += static_cast<double>(b[i]) * b[i];
      max_abs = std::max(max_abs, std::fabs(d));
    }
  }
  double relative() const {
    if (difference == 0) return 0;
    return reference > 0 ? std::sqrt(difference / reference) : std::numeric_limits<double>::infinity();
  }
};

std::vector<std::string> shared_names(const rt::Model& a, const rt::Model& b, const Sites& in_a, const Sites& in_b) {
  std::vector<std::string> out;
  for (const auto& [name, site] : in_a)
    if (const auto other = in_b.find(name); other != in_b.end() && a.describe(site.tensor).shape.count() == b.describe(other->second.tensor).shape.count())
      out.push_back(name);
  std::sort(out.begin(), out.end(), [&](const std::string& x, const std::string& y) { return in_a.at(x).instruction < in_a.at(y).instruction; });
  return out;
}

}  // namespace

Result<std::vector<TensorDifference>> compare_tensors(Executable& a, Executable& b, const Dataset& data_a, const Dataset& data_b, size_t samples) {
  const Sites in_a = named_sites(a.model()), in_b = named_sites(b.model());
  const std::vector<std::string> names = shared_names(a.model(), b.model(), in_a, in_b);
  std::unordered_map<std::string, std::vector<float>> reference;
  std::unordered_map<std::string, Sums> sums;
  const Tap tap_b(b, names, in_b, [&](const std::string& name, const Tensor& value) { reference[name] = real_values(value); });
  const Tap tap_a(a, names, in_a, [&](const std::string& name, const Tensor& value) { sums[name].add(real_values(value), reference[name]); });
  for (size_t i = 0; i < std::min({samples, data_a.size(), data_b.size()}); ++i) {
    VERGE_TRY(const Sample for_b, data_b.get(i));
    VERGE_TRY(auto ignored_b, b.run(for_b.inputs), for_b.name);
    VERGE_TRY(const Sample for_a, data_a.get(i));
    VERGE_TRY(auto ignored_a, a.run(for_a.inputs), for_a.name);
  }
  std::vector<TensorDifference> out;
  for (const std::string& name : names) {
    const Sums& s = sums[name];
    const bool quantised = a.model().describe(in_a.at(name).tensor).quant.count > 0 || b.model().describe(in_b.at(name).tensor).quant.count > 0;
    const size_t instruction = in_a.at(name).instruction;
    out.push_back({name, instruction, a.model().operator_name(instruction), s.relative(), s.max_abs, quantised});
  }
  return out;
}

const TensorDifference* first_diverging(const std::vector<TensorDifference>& differences) {
  for (const TensorDifference& d : differences)
    if (!(d.relative <= (d.quantised ? kQuantisedTolerance : kFloatTolerance))) return &d;
  return nullptr;
}

}  // namespace verge
