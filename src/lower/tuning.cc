#include "lower/tuning.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "base/cpu.h"
#include "core/digest.h"
#include "core/json.h"
#include "core/text.h"
#include "exec/layers.h"
#include "lower/kernels_digest.h"
#include "os/file.h"
#include "os/text_file.h"

namespace verge {
namespace {

constexpr int kVersion = 1;
constexpr LayerFamily kFamilies[] = {LayerFamily::kConvF32, LayerFamily::kWinogradF32, LayerFamily::kConvBf16, LayerFamily::kConvI8, LayerFamily::kDepthwiseI8};
constexpr Way kWays[] = {{}, {Algorithm::kVectors, 0}, {Algorithm::kTiles, 0}, {Algorithm::kDirect, 0}, {Algorithm::kNarrow, 0}, {Algorithm::kUsual, -1}, {Algorithm::kUsual, 1}};

const char* family_name(LayerFamily family) {
  switch (family) {
    case LayerFamily::kConvF32: return "conv_f32";
    case LayerFamily::kWinogradF32: return "winograd_f32";
    case LayerFamily::kConvBf16: return "conv_bf16";
    case LayerFamily::kConvI8: return "conv_i8";
    case LayerFamily::kDepthwiseI8: return "depthwise_i8";
  }
  return "";
}

const char* algorithm_name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kUsual: return "usual";
    case Algorithm::kVectors: return "vectors";
    case Algorithm::kTiles: return "tiles";
    case Algorithm::kDirect: return "direct";
    case Algorithm::kNarrow: return "narrow";
  }
  return "";
}

// The beginning of /proc/cpuinfo, which takes long to make of many processors: a line of the first says what it is; Arm's has numbers.
std::string processor_name() {
  char text[2048] = {};
  std::ifstream("/proc/cpuinfo").read(text, sizeof text - 1);
  std::string out;
  for (const std::string& line : split(text, '\n')) {
    const size_t colon = line.find(':');
    const std::string key = colon == std::string::npos ? "" : line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    if (colon + 2 > line.size()) continue;
    if (key == "model name") return line.substr(colon + 2);
    if (out.empty() && (key == "CPU implementer" || key == "Hardware")) out = line.substr(colon + 2);
    if (key == "CPU part") return out + " " + line.substr(colon + 2);
  }
  return out.empty() ? "unknown" : out;
}

std::string instruction_sets() {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(Isa::kWasm); ++i)
    if (cpu_has(static_cast<Isa>(i))) names.push_back(isa_name(static_cast<Isa>(i)));
  return join(names, " ");
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string tuning_folder() {
  const std::string cache = environment("XDG_CACHE_HOME"), home = environment("HOME");
  if (cache.empty() && home.empty()) return "";
  return (cache.empty() ? home + "/.cache" : cache) + "/verge";
}

// No integers but those that come in (rt::RunEnv::any_order).
bool sums_in_any_order(const rt::Model& model) {
  std::vector<bool> comes_in(model.tensor_count());
  for (size_t i = 0; i < model.input_count(); ++i) comes_in[model.input_tensor(i)] = true;
  for (uint32_t i = 0; i < model.tensor_count(); ++i) {
    const auto dtype = static_cast<DataType>(model.tensor(i).dtype);
    if ((dtype == DataType::kI8 || dtype == DataType::kU8 || dtype == DataType::kI16) && !comes_in[i]) return false;
  }
  return true;
}

rt::Instruction instruction_of(const rt::Model& model, uint32_t i, const TensorView* views) {
  const rt::InstructionRecord& record = model.instruction(i);
  rt::Instruction out;
  out.op = record.op;
  out.in_count = record.in_count;
  out.out_count = record.out_count;
  out.attrs = model.attributes(i);
  out.attr_bytes = record.attr_bytes;
  out.tensors = views;
  out.args = model.args(i);
  return out;
}

Result<Tuning> from_json(const Json& json) {
  const auto is_text = [&](const Json& at, const char* key) { return at.is_object() && at.contains(key) && at[key].is_string(); };
  if (!json.is_object() || json.value("verge_tuning", Json()) != kVersion || !is_text(json, "processor") || !is_text(json, "build") || !json.contains("layers") || !json["layers"].is_object())
    return corrupt("it is no tuning of version " + std::to_string(kVersion));
  Tuning out{{json["processor"].get<std::string>(), json["build"].get<std::string>()}, {}};
  for (const auto& [name, way] : json["layers"].items()) {
    if (!way.is_string()) return corrupt("layer '" + name + "' has no way");
    VERGE_CHECK(parse_layer_text(name));
    VERGE_TRY(out.layers[name], parse_way(way.get<std::string>()));
  }
  return out;
}

}  // namespace

std::string layer_text(const LayerKind& layer) {
  const ConvGeometry& g = layer.geometry;
  return format("%s %dx%dx%dx%d:%dx%dx%d k%dx%d s%dx%d d%dx%d p%d,%d g%d", family_name(layer.family), g.batch, g.in_h, g.in_w, g.in_c, g.out_h, g.out_w, g.out_c, g.kernel_h, g.kernel_w,
                g.stride_h, g.stride_w, g.dilation_h, g.dilation_w, g.pad_top, g.pad_left, g.groups);
}

Result<LayerKind> parse_layer_text(const std::string& text) {
  LayerKind out;
  ConvGeometry& g = out.geometry;
  const size_t space = text.find(' ');
  for (const LayerFamily family : kFamilies) {
    out.family = family;
    if (text.compare(0, space, family_name(family)) != 0 || space == std::string::npos) continue;
    std::sscanf(text.c_str() + space, " %dx%dx%dx%d:%dx%dx%d k%dx%d s%dx%d d%dx%d p%d,%d g%d", &g.batch, &g.in_h, &g.in_w, &g.in_c, &g.out_h, &g.out_w, &g.out_c, &g.kernel_h, &g.kernel_w,
                &g.stride_h, &g.stride_w, &g.dilation_h, &g.dilation_w, &g.pad_top, &g.pad_left, &g.groups);
    if (layer_text(out) == text) return out;
  }
  return corrupt("'" + text + "' is no layer");
}

std::string way_text(Way way) {
  if (way.blocks == 0) return algorithm_name(way.algorithm);
  return way.blocks < 0 ? "blocks/2" : "blocks*2";
}

Result<Way> parse_way(const std::string& text) {
  for (const Way way : kWays)
    if (way_text(way) == text) return way;
  return corrupt("'" + text + "' is no way to compute a layer");
}

TuningKey tuning_key() { return {processor_name() + ", " + instruction_sets(), kernels_digest()}; }

std::string tuning_text(const Tuning& tuning) {
  Json layers = Json::object();
  for (const auto& [layer, way] : tuning.layers) layers[layer] = way_text(way);
  const Json json = {{"verge_tuning", kVersion}, {"processor", tuning.key.processor}, {"build", tuning.key.build}, {"layers", layers}};
  return json.dump(1) + "\n";
}

Result<Tuning> parse_tuning(std::string_view text) {
  VERGE_TRY(const Json json, parse_json(text));
  return from_json(json);
}

std::string tuning_path(const TuningKey& key) {
  const std::string folder = tuning_folder();
  return folder.empty() ? "" : folder + "/tuning-" + sha256_hex(std::string_view(key.processor + "\n" + key.build)).substr(0, 12) + ".json";
}

Tuning read_tuning(const std::string& path, const TuningKey& key, std::string* note) {
  const Tuning none{key, {}};
  if (path.empty() || !is_file(path)) return none;
  const auto ignored = [&](const std::string& why) {
    *note = "'" + path + "' is ignored: " + why + "; verge tune MODEL makes it anew";
    return none;
  };
  const Result<std::string> text = read_text(path);
  if (!text.ok()) return ignored(text.error().message());
  Result<Tuning> tuning = parse_tuning(*text);
  if (!tuning.ok()) return ignored(tuning.error().message());
  if (!(tuning->key == key)) return ignored("it was made by another processor or build");
  return *std::move(tuning);
}

const std::string& use_machine_tuning() {
  static const std::string kNote = [] {
    std::string note;
    if (environment("VERGE_TUNING") == "off" || !is_directory(tuning_folder())) return note;
    const TuningKey key = tuning_key();
    const Tuning tuning = read_tuning(tuning_path(key), key, &note);
    if (!tuning.layers.empty()) (new WayTable(tuning.layers))->put_in_force();  // for as long as the process lives
    return note;
  }();
  return kNote;
}

WayTable::WayTable(const std::map<std::string, Way>& layers) {
  grow();
  for (const auto& [text, way] : layers)
    if (const auto layer = parse_layer_text(text); layer.ok()) set(*layer, way);
}

void WayTable::set(const LayerKind& layer, Way way) {
  if (2 * (taken_ + 1) > slots_.size()) grow();
  TunedLayers::Slot& at = slot(layer.key());
  taken_ += at.key == 0;
  at = {layer.key(), way};
}

TunedLayers::Slot& WayTable::slot(uint64_t key) {
  size_t at = key & table_.mask;
  while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & table_.mask;
  return slots_[at];
}

void WayTable::grow() {
  const std::vector<TunedLayers::Slot> before = std::move(slots_);
  slots_.assign(before.empty() ? 64 : 2 * before.size(), {});
  table_ = {slots_.data(), slots_.size() - 1};
  for (const TunedLayers::Slot& s : before)
    if (s.key != 0) slot(s.key) = s;
}

std::vector<ModelLayer> model_layers(const rt::Model& model) {
  std::vector<TensorView> views;
  for (uint32_t i = 0; i < model.tensor_count(); ++i) views.push_back(model.describe(i));
  const bool any_order = sums_in_any_order(model);
  std::vector<ModelLayer> out;
  for (uint32_t i = 0; i < model.instruction_count(); ++i) {
    ModelLayer layer{i, {}, {}};
    if (!exec::layer_of(instruction_of(model, i, views.data()), &layer.kind.family, &layer.kind.geometry)) continue;
    Way ways[kMostWays];
    layer.ways.assign(ways, ways + layer_ways(layer.kind.family, layer.kind.geometry, any_order, ways));
    if (layer.ways.size() > 1) out.push_back(std::move(layer));
  }
  return out;
}

size_t tuned_instructions(const rt::Model& model) {
  size_t count = 0;
  for (const ModelLayer& layer : model_layers(model)) count += !(tuned_way(layer.kind.family, layer.kind.geometry) == Way{});
  return count;
}

}  // namespace verge
