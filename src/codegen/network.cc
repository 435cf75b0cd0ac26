#include "codegen/network.h"

#include <algorithm>
#include <map>

#include "codegen/unpack.h"
#include "core/text.h"
#include "exec/op_codes.h"
#include "kernels/binary_i8/binary_i8.h"
#include "kernels/pool_i8/pool_i8.h"
#include "ops/binary/binary_attrs.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"
#include "ops/pool/pool_attrs.h"

namespace verge::codegen {
namespace {

constexpr int32_t kTflm = static_cast<int32_t>(RequantMode::kTflm);

std::string type_text(const TensorView& view) {
  return std::string(dtype_name(view.dtype)) + bracketed(std::vector<int>(view.shape.dim, view.shape.dim + view.shape.rank));
}

// Reads a Program from its first instruction to its last. Tensors that share memory without an instruction between them are one buffer.
class Reader {
 public:
  explicit Reader(const rt::Model& model) : model_(model) {}

  Result<Network> read() {
    for (size_t i = 0; i < model_.input_count(); ++i) network_.inputs.push_back(written(model_.input_tensor(i), -1));
    for (size_t i = 0; i < model_.instruction_count(); ++i) instruction(i);
    const int end = static_cast<int>(network_.layers.size());
    for (size_t i = 0; i < model_.output_count(); ++i) output(model_.output_tensor(i), end);
    if (!findings_.empty()) return unsupported(join(findings_, "\n"));
    return std::move(network_);
  }

 private:
  const TensorView in(size_t i) const { return model_.describe(model_.args(at_)[i]); }
  bool has(size_t i) const { return i < model_.instruction(at_).in_count && model_.args(at_)[i] != rt::kNoTensor; }
  uint32_t out_tensor(size_t i = 0) const { return model_.args(at_)[model_.instruction(at_).in_count + i]; }
  TensorView out() const { return model_.describe(out_tensor()); }
  template <typename A> const A& attrs() const { return *static_cast<const A*>(model_.attributes(at_)); }

  void refuse(const std::string& why) { findings_.push_back("'" + std::string(model_.instruction_name(at_)) + "' (" + model_.operator_name(at_) + "): " + why); }

  int written(uint32_t tensor, int layer) {
    const TensorView view = model_.describe(tensor);
    Buffer b;
    b.shape = view.shape;
    b.dtype = view.dtype;
    b.bytes = static_cast<int64_t>(view.bytes());
    b.first = b.last = layer;
    b.tensor = tensor;
    if (view.quant.count == 1) b.scale = view.quant.scale[0], b.zero_point = view.quant.zero_point[0];
    network_.buffers.push_back(std::move(b));
    return at_offset_[model_.tensor(tensor).offset] = static_cast<int>(network_.buffers.size()) - 1;
  }

  int read(uint32_t tensor, int layer) {
    const int buffer = at_offset_[model_.tensor(tensor).offset];
    network_.buffers[static_cast<size_t>(buffer)].last = layer;
    return buffer;
  }

  void output(uint32_t tensor, int end) {
    if (model_.tensor(tensor).section != static_cast<uint8_t>(rt::Section::kArena)) {
      findings_.push_back("output '" + std::string(model_.operator_name(0)) + "' does not depend on an input");
      return;
    }
    network_.outputs.push_back(read(tensor, end));
  }

  void instruction(size_t i) {
    at_ = i;
    layer_ = Layer();
    layer_.name = model_.instruction_name(i);
    const size_t before = findings_.size();
    switch (static_cast<exec::Op>(model_.instruction(i).op)) {
      case exec::Op::conv_i8: conv(); break;
      case exec::Op::depthwise_i8: depthwise(); break;
      case exec::Op::dense_i8: dense(); break;
      case exec::Op::binary_i8: binary(); break;
      case exec::Op::pool_i8: pool(); break;
      case exec::Op::softmax_i8: softmax(); break;
      case exec::Op::copy: inputs(1); break;
      default: general(); break;
    }
    if (findings_.size() != before) inputs(0);
    layer_.elements = out().shape.count();
    const int at = static_cast<int>(network_.layers.size());
    layer_.out = written(out_tensor(), at);
    for (size_t k = 1; layer_.kind == Kind::kGeneral && k < layer_.general.outputs; ++k) layer_.more_out.push_back(written(out_tensor(k), at));
    network_.layers.push_back(std::move(layer_));
  }

  void inputs(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (model_.tensor(model_.args(at_)[i]).section != static_cast<uint8_t>(rt::Section::kArena)) return refuse("input " + std::to_string(i) + " is a constant");
      layer_.in.push_back(read(model_.args(at_)[i], static_cast<int>(network_.layers.size())));
    }
  }

  bool is_arena(uint32_t tensor) const { return model_.tensor(tensor).section == static_cast<uint8_t>(rt::Section::kArena); }

  // Inputs in the arena are the layer's, constants go into the code.
  void general() {
    const Result<General> made = general_layer(model_, at_);
    if (!made.ok()) return refuse(made.error().message());
    layer_.kind = Kind::kGeneral;
    layer_.general = *made;
    General& g = layer_.general;
    layer_.macs = g.macs;
    for (size_t i : g.inputs) {
      const uint32_t tensor = model_.args(at_)[i];
      if (is_arena(tensor)) {
        g.operands.push_back(static_cast<int>(layer_.in.size()));
        layer_.in.push_back(read(tensor, static_cast<int>(network_.layers.size())));
      } else {
        const TensorView view = in(i);
        g.operands.push_back(-1 - static_cast<int>(g.constants.size()));
        g.constants.push_back({view.dtype, {view.as<uint8_t>(), view.as<uint8_t>() + view.bytes()}});
      }
    }
  }

  bool is_byte(const TensorView& view) {
    if (view.dtype == DataType::kI8 || view.dtype == DataType::kU8) return true;
    refuse("tensor " + type_text(view) + "; int8 and uint8 are supported");
    return false;
  }

  void product(const exec::ProductI8Attrs& attrs, const ConvGeometry& g) {
    if (exec::gives_reals(attrs)) return refuse("gives its scores as float; make the package with verge optimize --int8-scores, or for the --target that it is meant for");
    if (!is_byte(in(0)) || !is_byte(out())) return;
    if (attrs.requant.mode != kTflm) return refuse("requantises in float (mode onnx); quantise with tflm, the rule of verge optimize");
    const bool in_unsigned = in(0).dtype == DataType::kU8;
    layer_.window = g;
    layer_.in_zero = attrs.x_zero_point - (in_unsigned ? 128 : 0);
    layer_.out_zero = attrs.requant.zero_point;
    layer_.low = attrs.requant.min, layer_.high = attrs.requant.max;
    const ConvGeometry columns{.out_c = g.out_c, .groups = layer_.kind == Kind::kDepthwise ? 1 : g.groups};
    layer_.product.bias = gather_columns(columns, in(2).as<int32_t>());
    const Requant requant = exec::requant_of(attrs, in(2));
    const std::vector<int32_t> multiplier = gather_columns(columns, requant.multiplier);
    const std::vector<int8_t> shift = gather_columns(columns, requant.shift);
    for (size_t i = 0; i < multiplier.size(); ++i) layer_.product.multiplier.push_back({multiplier[i], shift[i]});
    layer_.macs = static_cast<int64_t>(g.out_pixels() * static_cast<size_t>(g.out_c) * g.taps() * g.group_in());
    inputs(1);
    layer_.product.in_unsigned = in_unsigned;
    if (has(3)) layer_.product.weight_zero = gather_columns(columns, in(3).as<int32_t>());
    const bool grouped = layer_.kind == Kind::kDepthwise ? g.out_c != g.in_c : g.groups != 1;
    if (in_unsigned || out().dtype == DataType::kU8 || has(3) || grouped || g.batch != 1) make_general(layer_);
  }

  void conv() {
    const auto& a = attrs<exec::ConvI8Attrs>();
    const ConvGeometry g = exec::make_geometry(a.window, a.groups, in(0).shape, out().shape);
    layer_.kind = Kind::kConv;
    layer_.product.weights = unpack_conv_i8(g, a.product.weight_bits == 4, in(1).as<int8_t>());
    product(a.product, g);
  }

  void depthwise() {
    const auto& a = attrs<exec::ConvI8Attrs>();
    const ConvGeometry g = exec::make_geometry(a.window, a.groups, in(0).shape, out().shape);
    layer_.kind = Kind::kDepthwise;
    layer_.product.weights = unpack_depthwise_i8(g, in(1).as<int8_t>());
    product(a.product, g);
  }

  void dense() {
    layer_.kind = Kind::kDense;
    const ConvGeometry rows = exec::rows_geometry(in(0).shape, out().shape);
    layer_.product.weights = unpack_conv_i8(rows, attrs<exec::ProductI8Attrs>().weight_bits == 4, in(1).as<int8_t>());
    product(attrs<exec::ProductI8Attrs>(), rows);
    if (layer_.product.multiplier.empty() || layer_.kind == Kind::kGeneral) return;
    const auto& m = layer_.product.multiplier;
    const bool one = std::all_of(m.begin(), m.end(), [&](const Multiplier& x) { return x.multiplier == m[0].multiplier && x.shift == m[0].shift; });
    layer_.kind = one && rows.in_h == 1 ? Kind::kDense : Kind::kConv;
  }

  void binary() {
    const auto& a = attrs<exec::BinaryI8Attrs>();
    const auto f = static_cast<BinaryI8Op>(a.function);
    const bool alike = in(0).shape == out().shape && in(1).shape == out().shape;
    const bool rescaled = a.x_shift <= 0 && a.y_shift <= 0 && a.z_shift <= -1;
    if (out().dtype != DataType::kI8 || static_cast<int32_t>(a.mode) != kTflm || (f != BinaryI8Op::kAdd && f != BinaryI8Op::kSub) || !alike || !rescaled) return general();
    layer_.kind = Kind::kAdd;
    layer_.subtract = f == BinaryI8Op::kSub;
    layer_.x = {a.x_multiplier, a.x_shift}, layer_.y = {a.y_multiplier, a.y_shift}, layer_.z = {a.z_multiplier, a.z_shift};
    layer_.in_zero = in(0).quant.zero_point[0], layer_.y_zero = in(1).quant.zero_point[0], layer_.out_zero = out().quant.zero_point[0];
    layer_.low = a.min, layer_.high = a.max;
    inputs(2);
  }

  void pool() {
    const auto& a = attrs<exec::PoolI8Attrs>();
    const ConvGeometry g = exec::make_geometry(a.pool.window, 1, in(0).shape, out().shape);
    const bool whole = g.kernel_h == g.in_h && g.kernel_w == g.in_w && g.out_h == 1 && g.out_w == 1 && g.pad_top == 0 && g.pad_left == 0 && g.batch == 1;
    if (in(0).dtype != DataType::kI8 || static_cast<PoolKind>(a.pool.kind) != PoolKind::kAverage || !whole || a.mode != kTflm) return general();
    layer_.kind = Kind::kAverage;
    layer_.window = g;
    layer_.low = a.min, layer_.high = a.max;
    inputs(1);
  }

  void softmax() {
    if (in(0).dtype != DataType::kI8 || out().dtype != DataType::kI8) return general();
    layer_.kind = Kind::kSoftmax;
    layer_.columns = in(0).shape.back(0);
    layer_.rows = in(0).shape.count() / layer_.columns;
    const auto* table = in(1).as<int32_t>();
    layer_.table.assign(table, table + in(1).shape.count());
    inputs(1);
  }

  const rt::Model& model_;
  Network network_;
  Layer layer_;
  size_t at_ = 0;
  std::map<uint64_t, int> at_offset_;  // the buffer last written at an offset of the Program's arena
  std::vector<std::string> findings_;
};

}  // namespace

void make_general(Layer& l) {
  AnyProduct p;
  p.window = l.window;
  p.weights = l.product.weights;
  p.bias = l.product.bias;
  for (const Multiplier& m : l.product.multiplier) p.multiplier.push_back(m.multiplier), p.shift.push_back(m.shift);
  p.weight_zero = l.product.weight_zero;
  p.in_zero = l.in_zero, p.out_zero = l.out_zero, p.low = l.low, p.high = l.high;
  p.in_unsigned = l.product.in_unsigned;
  l.general = general_product(p);
  l.general.operands = {0};
  l.kind = Kind::kGeneral;
}

Result<Network> read_network(const rt::Model& model) { return Reader(model).read(); }

}  // namespace verge::codegen
