// What was measured on this machine (eval/tune.h): for shapes of layers the way in which they ran fastest (kernels/way.h). Programs say nothing of it; kernels look it up by shape.
// A way that a layer does not have is its usual one, so no file, damaged or foreign, can do more than cost time.
//
//   { "verge_tuning": 1, "processor": "...", "build": "...", "layers": { "conv_i8 1x56x56x64:56x56x64 k3x3 s1x1 d1x1 p1,1 g1": "vectors" } }
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "kernels/way.h"
#include "rt/model.h"

namespace verge {

// A kind of layer: family and shape. Its text is as in the example above.
struct LayerKind {
  LayerFamily family = LayerFamily::kConvF32;
  ConvGeometry geometry;
  uint64_t key() const { return layer_key(family, geometry); }
};
std::string layer_text(const LayerKind& layer);
Result<LayerKind> parse_layer_text(const std::string& text);

// "usual", "vectors", "blocks/2".
std::string way_text(Way way);
Result<Way> parse_way(const std::string& text);

// Processor and instruction sets in force; the kernels' sources and their compiler.
struct TuningKey {
  std::string processor, build;
  bool operator==(const TuningKey&) const = default;
};
TuningKey tuning_key();

struct Tuning {
  TuningKey key;
  std::map<std::string, Way> layers;  // by layer_text
};
std::string tuning_text(const Tuning& tuning);
// kCorrupt for what is none.
Result<Tuning> parse_tuning(std::string_view text);

// $XDG_CACHE_HOME/verge/tuning-KEY.json, else below $HOME/.cache; empty where neither is set.
std::string tuning_path(const TuningKey& key);
// The file's, if it is whole and of this key; else none, with the reason in `note` unless there is no file.
Tuning read_tuning(const std::string& path, const TuningKey& key, std::string* note);

// Kernels take this machine's from now on; read once a process. VERGE_TUNING=off leaves it out. Returns why a file that is there is ignored, or nothing. Not while a session runs.
const std::string& use_machine_tuning();

// For the kernels; in force while it is alive or until another one is. Layers that are not in it go their usual way.
class WayTable {
 public:
  explicit WayTable(const std::map<std::string, Way>& layers = {});
  WayTable(const WayTable&) = delete;
  WayTable& operator=(const WayTable&) = delete;
  ~WayTable() { set_tuned_layers(nullptr); }
  void set(const LayerKind& layer, Way way);
  void put_in_force() { set_tuned_layers(&table_); }

 private:
  TunedLayers::Slot& slot(uint64_t key);
  void grow();
  std::vector<TunedLayers::Slot> slots_;
  size_t taken_ = 0;
  TunedLayers table_;
};

// The layers of a Program that can be computed in several ways, one for each instruction.
struct ModelLayer {
  uint32_t instruction = 0;
  LayerKind kind;
  std::vector<Way> ways;  // the usual one first
};
std::vector<ModelLayer> model_layers(const rt::Model& model);
// How many instructions go another way than the usual.
size_t tuned_instructions(const rt::Model& model);

}  // namespace verge
