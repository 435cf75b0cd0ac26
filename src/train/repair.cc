#include "train/repair.h"

#include <algorithm>
#include <map>

#include "core/text.h"
#include "engine/correctable.h"
#include "engine/load.h"
#include "passes/pipelines.h"
#include "train/model_source.h"

namespace verge::train {
namespace {

bool same(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() && std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin());
}

// Constants by name; several may share one.
std::multimap<std::string, const Tensor*> constants(const Graph& g) {
  std::multimap<std::string, const Tensor*> out;
  for (uint32_t i = 0; i < g.value_count(); ++i)
    if (const Tensor* t = g.constant(ValueId{i}); t && !g.value(ValueId{i}).name.empty()) out.emplace(g.value(ValueId{i}).name, t);
  return out;
}

// Gives what has `name` and the value `before` in the deployed graph the value `after`; false where nothing has.
bool replace(Graph& deployed, const std::string& name, const Tensor& before, const Tensor& after) {
  bool found = false;
  for (uint32_t i = 0; i < deployed.value_count(); ++i) {
    const Tensor* t = deployed.constant(ValueId{i});
    if (!t || deployed.value(ValueId{i}).name != name || !same(*t, before)) continue;
    deployed.value(ValueId{i}).constant = std::make_shared<const Tensor>(after);
    found = true;
  }
  return found;
}

// What learnt, from the network as it was trained into the graph as it is deployed.
Result<void> carry_over(const Graph& before, const Graph& after, Graph& deployed) {
  const auto was = constants(before);
  for (const auto& [name, now] : constants(after)) {
    const auto [first, last] = was.equal_range(name);
    const auto shaped = std::find_if(first, last, [now = now](const auto& old) { return old.second->shape() == now->shape(); });
    if (shaped == last || same(*shaped->second, *now)) continue;
    if (!replace(deployed, name, *shaped->second, *now))
      return unsupported("'" + name +
                         "' learnt, but lies otherwise in the deployed model; a recipe with \"trained: [biases]\", or \"fold: true\" where the file has batch "
                         "normalisation, keeps to what can be replaced");
  }
  return done();
}

// What bytes become on their way into the network: normalised as the recipe says, then corrected. Both are one product and one sum.
InputOptions corrected(const InputOptions& input, const InputCorrection& correction) {
  const auto at = [](const std::vector<float>& v, size_t c) { return v[std::min(c, v.size() - 1)]; };
  InputOptions out = input;
  out.mean.clear(), out.std.clear();
  for (size_t c = 0; c < correction.gain.size(); ++c) {
    const float std = at(input.std, c) / correction.gain[c];
    out.std.push_back(std);
    out.mean.push_back(at(input.mean, c) - correction.offset[c] * std);
  }
  return out;
}

}  // namespace

Result<Repaired> repair(FitOptions options, const InputCorrection& correction, const std::function<void(const FitProgress&)>& progress) {
  Recipe& recipe = options.recipe;
  if (is_architecture(recipe.model))
    return invalid("a repair wants the file that the deployed model was made of as the recipe's \"model\", not '" + recipe.model + "'");
  if (recipe.rescale != 1) return invalid("\"input.rescale\" changes first weights; a repair keeps them");
  VERGE_TRY(Graph deployed, import_file(recipe.model));
  VERGE_CHECK(passes::prepare(deployed), "'" + recipe.model + "'");
  Repaired out;
  if (!options.data.path.empty()) {
    VERGE_TRY(const Graph before, network_of(recipe));
    recipe.training.input = corrected(recipe.training.input, correction);
    VERGE_TRY(FitOutcome fitted, fit(options, progress));
    VERGE_CHECK(carry_over(before, fitted.network, deployed), "'" + recipe.model + "'");
    out.report = std::move(fitted.report);
  }
  VERGE_CHECK(add_correction(deployed, correction), "'" + recipe.model + "'");
  out.graph = std::move(deployed);
  return out;
}

}  // namespace verge::train
