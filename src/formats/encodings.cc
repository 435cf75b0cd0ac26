#include "formats/encodings.h"

#include <algorithm>

#include "ops/op.h"

namespace verge::formats {
namespace {

// Least and greatest stored integer.
struct Levels {
  int bits = 8;
  int64_t low = -128;
  int64_t high() const { return low + (int64_t{1} << bits) - 1; }
};

Levels levels_of(DataType dtype) {
  const int bits = static_cast<int>(dtype_bits(dtype));
  const bool is_signed = dtype == DataType::kI8 || dtype == DataType::kI16;
  return {bits, is_signed ? -(int64_t{1} << (bits - 1)) : 0};
}

bool is_activation_type(DataType dtype) { return dtype == DataType::kI8 || dtype == DataType::kU8 || dtype == DataType::kI16 || dtype == DataType::kU16; }

Json encodings(const TensorType& type) {
  const Levels levels = levels_of(type.dtype);
  const int64_t middle = int64_t{1} << (levels.bits - 1);
  Json out = Json::array();
  for (size_t i = 0; i < type.quant.scale.size(); ++i) {
    const int64_t zero = type.quant.zero_point.empty() ? 0 : type.quant.zero_point[std::min(i, type.quant.zero_point.size() - 1)], offset = levels.low - zero;
    const double scale = static_cast<double>(type.quant.scale[i]);
    out.push_back({{"bitwidth", levels.bits}, {"dtype", "int"}, {"is_symmetric", offset == -middle ? "True" : "False"}, {"max", scale * static_cast<double>(levels.high() - zero)},
                   {"min", scale * static_cast<double>(levels.low - zero)}, {"offset", offset}, {"scale", scale}});
  }
  return out;
}

}  // namespace

Result<Json> encodings_json(const Graph& graph) {
  Json activations = Json::object(), parameters = Json::object();
  const auto add = [&](ValueId id) {
    const Value& v = graph.value(id);
    if (!v.type.quantized() || !is_activation_type(v.type.dtype) || v.name.empty()) return;
    (v.constant ? parameters : activations)[v.name] = encodings(v.type);
  };
  for (ValueId in : graph.inputs()) add(in);
  for (NodeId id : graph.order()) {
    for (ValueId in : graph.node(id).inputs)
      if (in.valid() && graph.constant(in)) add(in);
    for (ValueId out : graph.node(id).outputs) add(out);
  }
  if (activations.empty() && parameters.empty()) return invalid("nothing in the network is quantised, so there are no encodings to write");
  return Json{{"version", "0.6.1"}, {"activation_encodings", std::move(activations)}, {"param_encodings", std::move(parameters)}};
}

}  // namespace verge::formats
