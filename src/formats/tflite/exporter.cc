#include "formats/tflite/exporter.h"

#include <cmath>
#include <map>

#include "core/text.h"
#include "formats/tflite/rounding.h"
#include "ops/quantized.h"

namespace verge::formats::tflite {
namespace {

using schema::TensorType;

std::optional<TensorType> type_of(DataType dtype) {
  switch (dtype) {
    case DataType::kF32: return TensorType::FLOAT32;
    case DataType::kF16: return TensorType::FLOAT16;
    case DataType::kI8: return TensorType::INT8;
    case DataType::kU8: return TensorType::UINT8;
    case DataType::kI16: return TensorType::INT16;
    case DataType::kI32: return TensorType::INT32;
    case DataType::kI64: return TensorType::INT64;
    case DataType::kBool: return TensorType::BOOL;
    default: return std::nullopt;
  }
}

using Translate = Result<void> (*)(Exporter&);
const std::map<std::string, Translate>& translators() {
  static const std::map<std::string, Translate> kAll = {
#define VERGE_EXPORT(op, translate) {#op, exports::translate},
#include "formats/tflite/exports.inc"
#undef VERGE_EXPORT
  };
  return kAll;
}

std::vector<int32_t> dims_of(const Shape& shape) { return {shape.dim, shape.dim + shape.rank}; }

}  // namespace

// The version of an operator that has int8 and every option written here.
int Exporter::version(Builtin builtin) {
  switch (builtin) {
    case Builtin::FULLY_CONNECTED: return 5;
    case Builtin::CONV_2D:
    case Builtin::DEPTHWISE_CONV_2D:
    case Builtin::RESIZE_BILINEAR:
    case Builtin::RESIZE_NEAREST_NEIGHBOR:
    case Builtin::DEQUANTIZE: return 3;
    case Builtin::ADD:
    case Builtin::SUB:
    case Builtin::MUL:
    case Builtin::AVERAGE_POOL_2D:
    case Builtin::MAX_POOL_2D:
    case Builtin::SOFTMAX:
    case Builtin::LOG_SOFTMAX:
    case Builtin::CONCATENATION:
    case Builtin::PAD:
    case Builtin::PADV2:
    case Builtin::MEAN:
    case Builtin::SUM:
    case Builtin::REDUCE_MAX:
    case Builtin::REDUCE_MIN:
    case Builtin::LOGISTIC:
    case Builtin::TANH:
    case Builtin::TRANSPOSE:
    case Builtin::STRIDED_SLICE:
    case Builtin::LEAKY_RELU:
    case Builtin::RELU:
    case Builtin::RELU6:
    case Builtin::MAXIMUM:
    case Builtin::MINIMUM:
    case Builtin::BATCH_MATMUL:
    case Builtin::GATHER:
    case Builtin::SQUARED_DIFFERENCE:
    case Builtin::QUANTIZE: return 2;
    default: return 1;
  }
}

int Exporter::temporary(const verge::TensorType& type) {
  const int made = builder_.tensor("", *type_of(type.dtype), dims_of(type.shape()));
  if (type.quantized()) builder_.quantize(made, type.quant.scale, {type.quant.zero_point.begin(), type.quant.zero_point.end()}, std::max(type.quant.axis, 0));
  return made;
}

int Exporter::constant(const Tensor& value, const std::string& name) {
  if (options_.f16_weights && value.dtype() == DataType::kF32 && value.shape().rank > 0) return widened(value, name);
  const ByteSpan bytes = value.bytes();
  const int made = builder_.constant<uint8_t>(name, *type_of(value.dtype()), dims_of(value.shape()), {bytes.begin(), bytes.end()});
  const QuantParams& quant = value.quant();
  if (!quant.empty()) {
    std::vector<int64_t> zero_points(quant.zero_point.begin(), quant.zero_point.end());
    zero_points.resize(quant.scale.size());
    builder_.quantize(made, quant.scale, std::move(zero_points), std::max(quant.axis, 0));
  }
  return made;
}

// Halves in the file, floats behind a DEQUANTIZE.
int Exporter::widened(const Tensor& value, const std::string& name) {
  Tensor half(DataType::kF16, value.shape());
  auto* to = reinterpret_cast<uint16_t*>(half.data());
  for (float x : value.values<float>()) *to++ = f32_to_f16(x);
  const int stored = constant(half, name), wide = temporary({DataType::kF32, value.shape()});
  op(Builtin::DEQUANTIZE, {stored}, {wide});
  return wide;
}

int Exporter::ints(const std::vector<int64_t>& values) { return builder_.ints("", {values.begin(), values.end()}); }

int Exporter::tensor(ValueId value) {
  int& index = tensor_of_[value.index];
  if (index >= 0) return index;
  const Value& v = graph_.value(value);
  if (v.constant) return index = constant(*v.constant, v.name);
  index = temporary(v.type);
  builder_.at(index).name = v.name;
  return index;
}

void Exporter::reshape(int from, int to) {
  const std::vector<int32_t> sizes = builder_.at(to).shape;
  op(Builtin::RESHAPE, {from, builder_.ints("", sizes)}, {to});
}

std::optional<Exporter::Activation> Exporter::activation() const {
  const ops::RealClamp clamp = ops::real_clamp(*node_);
  const double infinity = std::numeric_limits<double>::infinity();
  const auto is = [&](double min, double max) { return clamp.min == min && clamp.max == max; };
  if (is(-infinity, infinity)) return Activation::NONE;
  if (is(0, infinity)) return Activation::RELU;
  if (is(0, 6)) return Activation::RELU6;
  if (is(-1, 1)) return Activation::RELU_N1_TO_1;
  if (!quantized()) return std::nullopt;
  const ops::IntegerClamp bounds = ops::integer_clamp(*node_, out_type().quant, out_type().dtype);
  if (bounds.min == -128 && bounds.max == 127) return Activation::NONE;  // the type's own bounds
  if (bounds.max == 127 && bounds.min == ops::zero_point(out_type().quant)) return Activation::RELU;
  return std::nullopt;
}

void Exporter::clamp(int from, int to, double min, double max) {
  const double infinity = std::numeric_limits<double>::infinity();
  if (min == 0 && max == infinity) return op(Builtin::RELU, {from}, {to});
  if (min == 0 && max == 6) return op(Builtin::RELU6, {from}, {to});
  if (min == -1 && max == 1) return op(Builtin::RELU_N1_TO_1, {from}, {to});
  const auto bound = [&](double real) {
    const QuantParams& quant = out_type().quant;
    if (quant.empty()) return constant(Tensor::of<float>({1}, std::vector<float>{static_cast<float>(real)}), "");
    const double q = std::round(real / quant.scale[0]) + ops::zero_point(quant);
    Tensor t = Tensor::of<int8_t>({1}, std::vector<int8_t>{static_cast<int8_t>(std::fmin(std::fmax(q, -128), 127))});
    t.set_quant(quant);
    return constant(t, "");
  };
  const bool above = max != infinity, below = min != -infinity;
  const int middle = above && below ? temporary(out_type()) : to;
  if (below) op(Builtin::MAXIMUM, {from, bound(min)}, {middle});
  if (above) op(Builtin::MINIMUM, {below ? middle : from, bound(max)}, {to});
  if (!above && !below) reshape(from, to);
}

void Exporter::finish_clamp(std::optional<Activation> fused, int from) {
  const ops::RealClamp bounds = ops::real_clamp(*node_);
  if (!fused) clamp(from, out(), bounds.min, bounds.max);
}

// quantize of a graph's input, dequantize to a graph's output.
bool Exporter::int8_border(const Node& node) const {
  if (!options_.int8_io) return false;
  if (node.op == "quantize") return graph_.is_input(node.input(0)) && graph_.users(node.input(0)).size() == 1;
  return node.op == "dequantize" && graph_.is_output(node.output()) && graph_.users(node.output()).empty();
}

std::vector<int32_t> Exporter::borders(const std::vector<ValueId>& values) {
  std::vector<int32_t> out;
  for (ValueId v : values) out.push_back(tensor(v));
  return out;
}

std::vector<std::string> Exporter::translate_all() {
  std::vector<std::string> blockers;
  for (NodeId id : graph_.order()) {
    node_ = &graph_.node(id);
    if (int8_border(*node_)) {  // both sides are one tensor: the quantised one
      const ValueId real = node_->op == "quantize" ? node_->input(0) : node_->output(), whole = node_->op == "quantize" ? node_->output() : node_->input(0);
      tensor_of_[real.index] = tensor(whole);
      continue;
    }
    Result<void> result = unsupported("TFLite has no builtin for it that Verge writes");
    if (const auto found = translators().find(node_->op); found != translators().end()) result = found->second(*this);
    if (!result.ok()) blockers.push_back(verge::describe(*node_) + ": " + result.error().message());
  }
  return blockers;
}

Result<Bytes> Exporter::run() {
  for (uint32_t v = 0; v < graph_.value_count(); ++v) {
    const Value& value = graph_.value(ValueId{v});
    const bool used = value.producer.valid() || value.constant || graph_.is_input(value.id);
    if (used && value.type.dtype != DataType::kNone && (!value.type.is_static() || !type_of(value.type.dtype)))
      return unsupported("value '" + value.name + "' is " + value.type.text() +
                         "; TFLite is written for fixed shapes and f32, f16, i8, u8, i16, i32, i64 and bool");
  }
  if (const auto blockers = translate_all(); !blockers.empty())
    return unsupported(std::to_string(blockers.size()) + (blockers.size() == 1 ? " node" : " nodes") + " cannot be written as TFLite\n" + join(blockers, "\n"));
  builder_.model().description = "verge";
  if (rounds_once(graph_)) builder_.metadata(kRoundingEntry, kRoundsOnce);
  const std::vector<int32_t> inputs = borders(graph_.inputs()), outputs = borders(graph_.outputs());
  for (size_t i = 0; i < outputs.size(); ++i)
    if (!graph_.output_name(i).empty() && !graph_.is_input(graph_.outputs()[i])) builder_.at(outputs[i]).name = graph_.output_name(i);
  builder_.name_all();
  return builder_.finish(inputs, outputs);
}

Result<Bytes> export_graph(const Graph& graph, const ExportOptions& options) { return Exporter(graph, options).run(); }

}  // namespace verge::formats::tflite
