#include "verge/bom.h"

#include "core/digest.h"
#include "core/text.h"
#include "os/file.h"

namespace verge::cli {
namespace {

std::string name_of(const LoadedModel& m) { return m.manifest.value("name", m.path.substr(m.path.rfind('/') + 1)); }

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

Json sha256(const std::string& hash) { return Json::array({{{"alg", "SHA-256"}, {"content", hash}}}); }

Json format_of(const char* name, const TensorView& v) {
  return {{"format", std::string(name) + ": " + dtype_name(v.dtype) + bracketed(std::vector<int>(v.shape.dim, v.shape.dim + v.shape.rank))}};
}

Json properties_of(const std::map<std::string, Json>& facts) {
  Json out = Json::array();
  for (const auto& [name, value] : facts)
    if (!value.is_null()) out.push_back({{"name", "verge:" + name}, {"value", text_of(value)}});
  return out;
}

// What was measured and is in the manifest: shares of samples.
Json metrics_of(const Json& manifest) {
  Json out = Json::array();
  const Json validation = manifest.value("validation", Json());
  if (!validation.is_object()) return out;
  for (const char* name : {"top1", "original_top1", "agreement"})
    if (validation.contains(name) && validation[name].is_number()) out.push_back({{"type", name}, {"value", validation[name].dump()}});
  return out;
}

Json card_of(const LoadedModel& m) {
  const rt::Model& model = m.executable.model();
  Json parameters = {{"inputs", Json::array()}, {"outputs", Json::array()}};
  for (size_t i = 0; i < model.input_count(); ++i) parameters["inputs"].push_back(format_of(model.input_name(i), model.input(i)));
  for (size_t i = 0; i < model.output_count(); ++i) parameters["outputs"].push_back(format_of(model.output_name(i), model.output(i)));
  Json card = {{"modelParameters", parameters}};
  if (const Json metrics = metrics_of(m.manifest); !metrics.empty()) card["quantitativeAnalysis"] = {{"performanceMetrics", metrics}};
  return card;
}

Json component_of(const LoadedModel& m, const std::string& hash) {
  const rt::Model& model = m.executable.model();
  const auto fact = [&](const char* name) { return m.manifest.value(name, Json()); };
  Json out = {{"type", "machine-learning-model"}, {"bom-ref", "model"}, {"name", name_of(m)}, {"hashes", sha256(hash)}, {"modelCard", card_of(m)}};
  out["properties"] = properties_of({{"macs", model.macs()},
                                     {"weight_bytes", model.const_bytes()},
                                     {"arena_bytes", model.arena_bytes()},
                                     {"file_bytes", m.file_bytes},
                                     {"target", fact("target")},
                                     {"created_by", fact("created_by")},
                                     {"training", fact("training")},
                                     {"labels", fact("labels")}});
  const Json source = fact("source");
  if (source.is_object() && source.contains("sha256"))
    out["pedigree"] = {
        {"ancestors", Json::array({{{"type", "machine-learning-model"}, {"name", source.value("file", "source")}, {"hashes", sha256(source["sha256"])}}})}};
  return out;
}

// A UUID that follows from the file's hash, so that the same package has the same document.
std::string serial_of(const std::string& hash) {
  return "urn:uuid:" + hash.substr(0, 8) + "-" + hash.substr(8, 4) + "-8" + hash.substr(13, 3) + "-a" + hash.substr(17, 3) + "-" + hash.substr(20, 12);
}

Json bom_of(const LoadedModel& m, const std::string& hash) {
  const Json tool = {{"type", "application"}, {"name", "verge"}, {"version", VERGE_VERSION}};
  return {{"$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json"},
          {"bomFormat", "CycloneDX"},
          {"specVersion", "1.6"},
          {"serialNumber", serial_of(hash)},
          {"version", 1},
          {"metadata", {{"tools", {{"components", Json::array({tool})}}}, {"component", component_of(m, hash)}}}};
}

// The files that the package was made from: its source, the package that it repairs, what it learnt on.
Json dependencies_of(const Json& manifest) {
  Json out = Json::array();
  const auto add = [&](const char* key, const char* hash, const std::string& name) {
    const Json entry = manifest.value(key, Json());
    if (entry.is_object() && entry.contains(hash)) out.push_back({{"name", name.empty() ? entry.value("file", "source") : name}, {"digest", {{"sha256", entry[hash]}}}});
  };
  add("source", "sha256", "");
  add("parent", "sha256", "parent model");
  add("training", "data_sha256", "training data");
  return out;
}

// An in-toto statement with SLSA's provenance: what the package was made from, how, and by what.
Json provenance_of(const LoadedModel& m, const std::string& hash) {
  Json parameters = Json::object();
  const Json from = dependencies_of(m.manifest);
  for (const char* name : {"pipeline", "target", "requant", "training", "correction"})
    if (m.manifest.contains(name)) parameters[name] = m.manifest[name];
  const Json builder = {{"id", "urn:verge:builder"}, {"version", {{"verge", m.manifest.value("created_by", "unknown")}}}};
  return {{"_type", "https://in-toto.io/Statement/v1"},
          {"subject", Json::array({{{"name", name_of(m)}, {"digest", {{"sha256", hash}}}}})},
          {"predicateType", "https://slsa.dev/provenance/v1"},
          {"predicate",
           {{"buildDefinition", {{"buildType", "urn:verge:package:1"}, {"externalParameters", parameters}, {"resolvedDependencies", from}}},
            {"runDetails", {{"builder", builder}}}}}};
}

}  // namespace

Result<Json> bill_of_materials(const LoadedModel& m, Paper paper) {
  if (m.format != "vpk") return invalid("'" + m.path + "' is no package; make one with  verge convert  or  verge optimize");
  VERGE_TRY(const MappedFile file, MappedFile::open(m.path));
  const std::string hash = sha256_hex(file.bytes());
  return paper == Paper::kProvenance ? provenance_of(m, hash) : bom_of(m, hash);
}

}  // namespace verge::cli
