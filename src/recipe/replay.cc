#include "recipe/replay.h"

#include <algorithm>
#include <map>

#include "core/text.h"

namespace verge {
namespace {

constexpr int kRecipeVersion = 1;

const std::map<std::string, Effort>& efforts() {
  static const std::map<std::string, Effort> kNames = {{"low", Effort::kLow}, {"normal", Effort::kNormal}, {"high", Effort::kHigh}};
  return kNames;
}

std::string effort_name(Effort effort) {
  for (const auto& [name, value] : efforts())
    if (value == effort) return name;
  return "";
}

Json plan_json(const PlanOptions& p) {
  return {{"effort", effort_name(p.effort)}, {"weight_bits", p.weight_bits}, {"activation_bits", p.activation_bits}, {"equalise", p.equalise}, {"onnx_rounding", p.onnx_rounding},
          {"float_scores", p.float_scores}, {"per_tensor_weights", p.per_tensor_weights}, {"float_layers", p.float_layers}};
}

PlanOptions plan_of(const Json& j) {
  PlanOptions out;
  out.effort = efforts().at(j.at("effort").get<std::string>());
  j.at("weight_bits").get_to(out.weight_bits), j.at("activation_bits").get_to(out.activation_bits);
  j.at("equalise").get_to(out.equalise), j.at("onnx_rounding").get_to(out.onnx_rounding);
  j.at("float_scores").get_to(out.float_scores), j.at("per_tensor_weights").get_to(out.per_tensor_weights);
  j.at("float_layers").get_to(out.float_layers);
  return out;
}

Json data_json(const DataOptions& d) {
  return {{"path", d.path}, {"labels", d.labels_file}, {"label_regex", d.label_regex}, {"limit", d.limit}, {"bytes_scale", d.bytes_scale}, {"bytes_zero_point", d.bytes_zero_point}};
}

DataOptions data_of(const Json& j) {
  DataOptions out;
  j.at("path").get_to(out.path), j.at("labels").get_to(out.labels_file), j.at("label_regex").get_to(out.label_regex);
  j.at("limit").get_to(out.limit), j.at("bytes_scale").get_to(out.bytes_scale), j.at("bytes_zero_point").get_to(out.bytes_zero_point);
  return out;
}

Json candidate_json(const OptimizeOptions& form, const Json& report, const Json& c) {
  return {{"name", c["name"]}, {"chosen", false}, {"plan", plan_json(form.plan)}, {"compress", form.compress}, {"slower_in_int8", report["slower_in_int8"]},
          {"package_bytes", c["package_bytes"]}, {"package_sha256", c["package_sha256"]}};
}

OptimizeOptions options_of(const Json& r, const Json& c) {
  OptimizeOptions out;
  out.model = r.at("model").at("path").get<std::string>();
  out.source_sha256 = r.at("model").at("sha256").get<std::string>();
  out.data = data_of(r.at("data"));
  out.pipeline = r.at("pipeline").dump();
  r.at("target").get_to(out.target), r.at("max_drop_points").get_to(out.max_drop_points);
  r.at("calibration").get_to(out.calibration), r.at("check").get_to(out.check), r.at("seed").get_to(out.seed);
  r.at("dims").get_to(out.load.dims), r.at("skip_passes").get_to(out.load.skip_passes), r.at("threads").get_to(out.load.threads);
  out.plan = plan_of(c.at("plan"));
  c.at("compress").get_to(out.compress);
  out.time = false;
  out.decided = Decisions{c.at("name").get<std::string>(), c.at("slower_in_int8").get<std::vector<std::string>>()};
  return out;
}

Result<const Json*> candidate_named(const Json& recipe, const std::string& name) {
  std::vector<std::string> known;
  for (const Json& c : recipe.at("candidates")) {
    const bool meant = c.at("name") == name || (name.size() >= 8 && starts_with(c.at("package_sha256").get<std::string>(), name));
    if (name.empty() ? c.at("chosen").get<bool>() : meant) return &c;
    known.push_back("'" + c.at("name").get<std::string>() + "'");
  }
  return invalid("the recipe has no candidate '" + name + "'; it has " + join(known, ", "));
}

}  // namespace

Json recipe_json(std::span<const OptimizeOptions> forms, std::span<const Json> reports, const std::string& chosen_sha256) {
  const OptimizeOptions& o = forms[0];
  const Json& report = reports[0];
  Json out = {{"verge_recipe", kRecipeVersion}, {"model", {{"path", o.model}, {"sha256", report["model"]["sha256"]}}}, {"data", data_json(o.data)}, {"pipeline", report["pipeline"]["declaration"]},
              {"target", o.target}, {"max_drop_points", o.max_drop_points}, {"calibration", o.calibration}, {"check", o.check}, {"seed", o.seed},
              {"dims", o.load.dims}, {"skip_passes", o.load.skip_passes}, {"threads", o.load.threads}, {"candidates", Json::array()}};
  Json& candidates = out["candidates"];
  for (size_t i = 0; i < reports.size(); ++i)
    for (const Json& c : reports[i]["candidates"]) {
      if (std::any_of(candidates.begin(), candidates.end(), [&](const Json& known) { return known["package_sha256"] == c["package_sha256"]; })) continue;
      candidates.push_back(candidate_json(forms[i], reports[i], c));
      candidates.back()["chosen"] = c["package_sha256"] == chosen_sha256;
    }
  return out;
}

Result<Replay> replay_of(const Json& recipe, const std::string& candidate) {
  try {
    if (recipe.at("verge_recipe").get<int>() != kRecipeVersion) return unsupported("a recipe of version " + recipe["verge_recipe"].dump() + "; this is version " + std::to_string(kRecipeVersion));
    VERGE_TRY(const Json* found, candidate_named(recipe, candidate));
    return Replay{options_of(recipe, *found), found->at("package_sha256").get<std::string>()};
  } catch (const std::exception& e) {
    return invalid(std::string("is no recipe of verge optimize: ") + e.what());
  }
}

}  // namespace verge
