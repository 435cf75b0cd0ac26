// C of operators of quantised tensors that the families have no kernels for.
#include "base/requant.h"
#include "codegen/general_parts.h"
#include "core/text.h"
#include "kernels/pool_i8/pool_i8.h"
#include "kernels/reduce_i8/reduce_i8.h"
#include "kernels/requant/requant.h"
#include "ops/binary/binary_attrs.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"
#include "ops/pool/pool_attrs.h"
#include "ops/product_i16_attrs.h"
#include "ops/quantize/quantize_attrs.h"
#include "ops/recurrent/lstm_i8_attrs.h"
#include "ops/reduce/reduce_attrs.h"
#include "ops/softmax/softmax_attrs.h"

namespace verge::codegen {
namespace {

using Text = std::string;

class Maker : private InstructionReader {
 public:
  using InstructionReader::InstructionReader;

  std::optional<Result<General>> make() {
    switch (op()) {
      case exec::Op::reduce_i8: return reduce_i8();
      case exec::Op::pool_i8: return pool_i8();
      case exec::Op::softmax_i8: return softmax_u8();
      case exec::Op::lstm_i8: return lstm();
      case exec::Op::dense_i16: return dense_i16();
      case exec::Op::conv_i16: return conv_i16();
      case exec::Op::lut8: return lut8();
      case exec::Op::quantize: return quantize();
      case exec::Op::dequantize: return dequantize();
      case exec::Op::binary_i8: return binary_integers();
      default: return std::nullopt;
    }
  }

 private:
  Result<General> reduce_i8() {
    const auto& a = attrs<exec::ReduceI8Attrs>();
    const auto op = static_cast<ReduceI8Op>(a.function);
    if (static_cast<RequantMode>(a.mode) != RequantMode::kTflm && (op == ReduceI8Op::kMean || op == ReduceI8Op::kSum))
      return unsupported("requantises in float (mode onnx)");
    const Shape& x = in(0).shape;
    const std::vector<int64_t> steps = steps_of(x, 1);
    std::vector<int64_t> kept, kept_step, gone, gone_step;
    int64_t n = 1;
    for (int d = 0; d < x.rank; ++d) {
      const bool reduced = a.axes >> d & 1u;
      (reduced ? gone : kept).push_back(x[d]), (reduced ? gone_step : kept_step).push_back(steps[static_cast<size_t>(d)]);
      if (reduced) n *= x[d];
    }
    if (n == 0) return unsupported("a reduction over nothing");
    const Multiplier m = op == ReduceI8Op::kMean ? mean_multiplier({a.multiplier, a.shift}, n) : Multiplier{a.multiplier, a.shift};
    for (auto* list : {&kept, &kept_step, &gone, &gone_step})
      if (list->empty()) list->push_back(1);
    const bool bytes = in(0).dtype == DataType::kU8;
    General out;
    out.name = "vg_reduce";
    out.sources = {"scale", "next_place", "reduce"};
    out.fields = format("%u, %d, %zu, %zu, %s, %s, %s, %s, %lld, %d, %d, %d, %d, %d", a.function, bytes, kept.size(), gone.size(), numbers(kept).c_str(),
                        numbers(kept_step).c_str(), numbers(gone).c_str(), numbers(gone_step).c_str(), big(n * in(0).quant.zero_point[0]), m.multiplier,
                        m.shift, this->out().quant.zero_point[0], bytes ? 0 : -128, bytes ? 255 : 127);
    out.inputs = {0};
    return out;
  }

  Result<General> pool_i8() {
    const auto& a = attrs<exec::PoolI8Attrs>();
    if (static_cast<RequantMode>(a.mode) != RequantMode::kTflm && static_cast<PoolKind>(a.pool.kind) == PoolKind::kAverage)
      return unsupported("an average in float (mode onnx)");
    if (static_cast<PoolCount>(a.pool.count) != PoolCount::kInside) return unsupported("a pool that counts padding");
    General out;
    out.name = "vg_pool";
    out.sources = {"area", "pool"};
    out.fields = window_fields(exec::make_geometry(a.pool.window, 1, in(0).shape, this->out().shape)) +
                 format(", %d, %d, %d, %d", static_cast<PoolKind>(a.pool.kind) == PoolKind::kAverage, in(0).dtype == DataType::kU8, a.min, a.max);
    out.inputs = {0};
    return out;
  }

  Result<General> softmax_u8() {
    std::vector<int32_t> table = values<int32_t>(1);
    const int64_t columns = in(0).shape.back(0);
    General out;
    out.name = "vg_softmax_bytes";
    out.sources = {"softmax", "softmax_bytes"};
    out.fields = format("%lld, %lld, %zu, %d, %d, $0", big(in(0).shape.count() / columns), big(columns), table.size(), in(0).dtype == DataType::kU8,
                        this->out().dtype == DataType::kU8);
    out.constants = {constant_of(DataType::kI32, table)};
    out.inputs = {0};
    return out;
  }

  Result<General> lstm() {
    const auto& a = attrs<exec::LstmI8Attrs>();
    const int32_t batch = in(0).shape[0], time = in(0).shape[1], inputs = in(0).shape[2], cells = in(2).shape[1];
    const auto four = [](const int32_t* v) { return numbers({v[0], v[1], v[2], v[3]}); };
    General out;
    out.name = "vg_lstm";
    out.sources = {"scale", "lstm"};
    out.fields = format("%d, %d, %d, %d, %s, %s, %s, %s, %d, %d, %d, %d, %d, %u, %u, $0, $1, $2", batch, time, inputs, cells, four(a.input_multiplier).c_str(),
                        four(a.input_shift).c_str(), four(a.recurrent_multiplier).c_str(), four(a.recurrent_shift).c_str(), a.hidden_multiplier, a.hidden_shift,
                        a.hidden_zero_point, a.cell_bits, a.cell_clip, a.coupled, a.backward);
    out.constants = {constant_of(DataType::kI8, values<int8_t>(1)), constant_of(DataType::kI8, values<int8_t>(2)),
                     constant_of(DataType::kI32, values<int32_t>(3))};
    out.inputs = {0, 4, 5};
    out.outputs = 3;
    out.scratch = int64_t{8} * cells;
    out.macs = int64_t{4} * batch * time * cells * (inputs + cells);
    return out;
  }

  Result<General> product_i16(const exec::ProductI16Attrs& a, const ConvGeometry& g) {
    const bool narrow = has(2) && in(2).dtype == DataType::kI32;
    General out;
    out.name = "vg_product_i16";
    out.sources = {"scale", "area", "product_i16"};
    out.fields = window_fields(g) + format(", %d, %d, %d, $0, $1, %s, %s", narrow, a.min, a.max, narrow ? "$2" : "0", has(2) && !narrow ? "$2" : "0");
    out.constants = {constant_of(DataType::kI8, values<int8_t>(1)), constant_of(DataType::kI32, values<int32_t>(3))};
    if (has(2)) out.constants.push_back(narrow ? constant_of(DataType::kI32, values<int32_t>(2)) : constant_of(DataType::kI64, values<int64_t>(2)));
    out.inputs = {0};
    out.macs = macs_of(g);
    return out;
  }

  Result<General> dense_i16() { return product_i16(attrs<exec::ProductI16Attrs>(), exec::rows_geometry(in(0).shape, out().shape)); }

  Result<General> conv_i16() {
    const auto& a = attrs<exec::ConvI16Attrs>();
    return product_i16(a.product, exec::make_geometry(a.window, a.groups, in(0).shape, out().shape));
  }

  Result<General> lut8() {
    General out = pointwise("vg_lookup", "lookup", format("%lld, $0", big(in(0).shape.count())));
    const TensorView table = in(1);
    out.constants = {{DataType::kU8, {table.as<uint8_t>(), table.as<uint8_t>() + table.bytes()}}};
    out.elementwise = true;
    return out;
  }

  // The bounds of a type of 8 or 16 bits.
  static std::pair<int, int> bounds(DataType t) {
    switch (t) {
      case DataType::kI8: return {-128, 127};
      case DataType::kU8: return {0, 255};
      case DataType::kI16: return {-32768, 32767};
      default: return {0, 65535};
    }
  }

  Result<General> quantize() {
    if (out().quant.count != 1) return unsupported("a scale for each channel");
    const auto [low, high] = bounds(out().dtype);
    return pointwise("vg_quantize", "quantize",
                     format("%lld, %zu, %d, %d, %d, %d, ", big(in(0).shape.count()), dtype_bits(out().dtype) / 8, out().quant.zero_point[0], low, high,
                            static_cast<RequantMode>(attrs<exec::QuantizeAttrs>().mode) == RequantMode::kOnnx) +
                         real(out().quant.scale[0]));
  }

  Result<General> dequantize() {
    if (in(0).quant.count != 1) return unsupported("a scale for each channel");
    const DataType t = in(0).dtype;
    if (t != DataType::kI8 && t != DataType::kU8 && t != DataType::kI16) return unsupported("tensor of type " + Text(dtype_name(t)));
    return pointwise("vg_dequantize", "dequantize",
                     format("%lld, %d, %d, ", big(in(0).shape.count()),
                            t == DataType::kI8   ? 0
                            : t == DataType::kU8 ? 1
                                                 : 2,
                            in(0).quant.zero_point[0]) +
                         real(in(0).quant.scale[0]));
  }

  Result<General> binary_integers() {
    const auto& a = attrs<exec::BinaryI8Attrs>();
    if (static_cast<RequantMode>(a.mode) != RequantMode::kTflm) return unsupported("requantises in float (mode onnx)");
    const DataType t = out().dtype;
    General made = pointwise("vg_binary", "binary",
                             broadcast() + format(", %u, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d", a.function,
                                                  t == DataType::kI8   ? 0
                                                  : t == DataType::kU8 ? 1
                                                                       : 2,
                                                  in(0).quant.zero_point[0], in(1).quant.zero_point[0], out().quant.zero_point[0], a.x_multiplier, a.x_shift,
                                                  a.y_multiplier, a.y_shift, a.z_multiplier, a.z_shift, a.min, a.max));
    made.sources = {"scale", "next_place", "binary"};
    made.inputs = {0, 1};
    return made;
  }
};

}  // namespace

std::optional<Result<General>> integer_layer(const rt::Model& model, size_t index) { return Maker(model, index).make(); }

}  // namespace verge::codegen
