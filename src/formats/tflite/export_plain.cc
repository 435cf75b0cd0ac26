// Operators of exports.inc that compute element by element, along axes, or move elements.
#include <algorithm>

#include "core/text.h"
#include "formats/tflite/exporter.h"

namespace verge::formats::tflite::exports {
namespace {

using Builtin = schema::BuiltinOperator;

TensorType as_float(TensorType type) {
  type.dtype = DataType::kF32;
  type.quant = {};
  return type;
}

// One operator between float tensors; where the node is quantised and the builtin has no int8, floats stand around it.
template <typename Emit> Result<void> in_float(Exporter& e, bool has_int8, Emit&& emit) {
  if (!e.quantized() || has_int8) return emit(e.in(), e.out()), done();
  const int from = e.temporary(as_float(e.in_type())), to = e.temporary(as_float(e.out_type()));
  e.op(Builtin::DEQUANTIZE, {e.in()}, {from});
  emit(from, to);
  e.op(Builtin::QUANTIZE, {to}, {e.out()});
  return done();
}

Result<void> unary(Exporter& e, Builtin builtin, bool has_int8) {
  return in_float(e, has_int8, [&](int from, int to) { e.op(builtin, {from}, {to}); });
}

template <typename Options> Result<void> arithmetic(Exporter& e, Builtin builtin) {
  const auto activation = e.activation();
  Options o;
  o.fused_activation_function = activation.value_or(schema::ActivationFunctionType::NONE);
  const int to = e.before_clamp(activation);
  e.op(builtin, {e.in(0), e.in(1)}, {to}, o);
  e.finish_clamp(activation, to);
  return done();
}

Result<void> binary(Exporter& e, Builtin builtin) {
  const auto activation = e.activation();
  const int to = activation == schema::ActivationFunctionType::NONE ? e.out() : e.temporary(e.out_type());
  e.op(builtin, {e.in(0), e.in(1)}, {to});
  if (to != e.out()) e.finish_clamp(std::nullopt, to);
  return done();
}

Result<void> reduce(Exporter& e, Builtin builtin) {
  std::vector<int64_t> axes = e.node().integers("axes");
  for (int64_t d = 0; axes.empty() && d < e.in_type().rank(); ++d) axes.push_back(d);
  schema::ReducerOptionsT o;
  o.keep_dims = e.out_type().rank() == e.in_type().rank();
  return e.op(builtin, {e.in(), e.ints(axes)}, {e.out()}, o), done();
}

Result<void> along_last(Exporter& e) {
  const int64_t rank = e.in_type().rank(), axis = e.node().integer("axis", -1);
  return axis == -1 || axis == rank - 1 ? done() : Result<void>(unsupported("along axis " + std::to_string(axis) + "; TFLite has the last"));
}

// The window of one axis as STRIDED_SLICE wants it.
struct Cut {
  int64_t begin = 0, end = 0, step = 1;
  bool open_end = false;  // a backward step that runs to the first element
};

Cut cut_of(int64_t size, int64_t start, int64_t end, int64_t step) {
  const auto whole = [&](int64_t i) { return i < 0 ? i + size : i; };
  if (step > 0) return {std::clamp<int64_t>(whole(start), 0, size), std::clamp<int64_t>(whole(end), 0, size), step, false};
  const int64_t stop = std::clamp<int64_t>(end < -size ? -1 : whole(end), -1, size - 1);
  return {std::clamp<int64_t>(whole(start), 0, size - 1), std::max<int64_t>(stop, 0), step, stop < 0};
}

void strided(Exporter& e, const std::vector<Cut>& cuts, int to) {
  std::vector<int64_t> begins, ends, steps;
  schema::StridedSliceOptionsT o;
  for (size_t d = 0; d < cuts.size(); ++d) {
    begins.push_back(cuts[d].begin), ends.push_back(cuts[d].end), steps.push_back(cuts[d].step);
    if (cuts[d].open_end) o.end_mask |= 1 << d;
  }
  e.op(Builtin::STRIDED_SLICE, {e.in(), e.ints(begins), e.ints(ends), e.ints(steps)}, {to}, o);
}

std::vector<Cut> whole_cuts(const TensorType& type) {
  std::vector<Cut> out;
  for (const Dim& d : type.dims) out.push_back({0, d.size, 1, false});
  return out;
}

std::vector<int64_t> sizes_of(const TensorType& type) {
  std::vector<int64_t> out;
  for (const Dim& d : type.dims) out.push_back(d.size);
  return out;
}

// One after the other along an axis: an int8 input of other parameters is requantised first.
int like_output(Exporter& e, size_t i) {
  if (!e.quantized() || e.in_type(i).quant == e.out_type().quant) return e.in(i);
  TensorType type = e.in_type(i);
  type.quant = e.out_type().quant;
  const int to = e.temporary(type);
  e.op(Builtin::QUANTIZE, {e.in(i)}, {to});
  return to;
}

}  // namespace

Result<void> add(Exporter& e) { return arithmetic<schema::AddOptionsT>(e, Builtin::ADD); }
Result<void> sub(Exporter& e) { return arithmetic<schema::SubOptionsT>(e, Builtin::SUB); }
Result<void> mul(Exporter& e) { return arithmetic<schema::MulOptionsT>(e, Builtin::MUL); }
Result<void> div(Exporter& e) {
  if (e.quantized()) return unsupported("a division in int8");
  return arithmetic<schema::DivOptionsT>(e, Builtin::DIV);
}
Result<void> minimum(Exporter& e) { return binary(e, Builtin::MINIMUM); }
Result<void> maximum(Exporter& e) { return binary(e, Builtin::MAXIMUM); }
Result<void> pow(Exporter& e) { return binary(e, Builtin::POW); }
Result<void> squared_difference(Exporter& e) { return binary(e, Builtin::SQUARED_DIFFERENCE); }
Result<void> prelu(Exporter& e) { return binary(e, Builtin::PRELU); }

Result<void> clamp(Exporter& e) {
  const double infinity = std::numeric_limits<double>::infinity();
  return e.clamp(e.in(), e.out(), e.node().real("min", -infinity), e.node().real("max", infinity)), done();
}
Result<void> relu(Exporter& e) { return unary(e, Builtin::RELU, true); }
Result<void> sigmoid(Exporter& e) { return unary(e, Builtin::LOGISTIC, true); }
Result<void> tanh(Exporter& e) { return unary(e, Builtin::TANH, true); }
Result<void> hswish(Exporter& e) { return unary(e, Builtin::HARD_SWISH, true); }
Result<void> elu(Exporter& e) { return unary(e, Builtin::ELU, false); }
Result<void> exp(Exporter& e) { return unary(e, Builtin::EXP, false); }
Result<void> log(Exporter& e) { return unary(e, Builtin::LOG, false); }
Result<void> sqrt(Exporter& e) { return unary(e, Builtin::SQRT, false); }
Result<void> rsqrt(Exporter& e) { return unary(e, Builtin::RSQRT, false); }
Result<void> neg(Exporter& e) { return unary(e, Builtin::NEG, false); }
Result<void> abs(Exporter& e) { return unary(e, Builtin::ABS, false); }
Result<void> ceil(Exporter& e) { return unary(e, Builtin::CEIL, false); }
Result<void> floor(Exporter& e) { return unary(e, Builtin::FLOOR, false); }
Result<void> round(Exporter& e) { return unary(e, Builtin::ROUND, false); }
Result<void> square(Exporter& e) { return unary(e, Builtin::SQUARE, false); }
Result<void> sin(Exporter& e) { return unary(e, Builtin::SIN, false); }
Result<void> cos(Exporter& e) { return unary(e, Builtin::COS, false); }

Result<void> silu(Exporter& e) {
  return in_float(e, false, [&](int from, int to) {
    const int gate = e.temporary(as_float(e.in_type()));
    e.op(Builtin::LOGISTIC, {from}, {gate});
    e.op(Builtin::MUL, {from, gate}, {to}, schema::MulOptionsT());
  });
}

Result<void> hsigmoid(Exporter& e) {
  return in_float(e, false, [&](int from, int to) {
    const auto number = [&](const char* name, double otherwise) {
      return e.constant(Tensor::of<float>({1}, std::vector<float>{static_cast<float>(e.node().real(name, otherwise))}), "");
    };
    const int scaled = e.temporary(as_float(e.in_type())), moved = e.temporary(as_float(e.in_type())), low = e.temporary(as_float(e.in_type()));
    e.op(Builtin::MUL, {from, number("alpha", 0.2)}, {scaled}, schema::MulOptionsT());
    e.op(Builtin::ADD, {scaled, number("beta", 0.5)}, {moved}, schema::AddOptionsT());
    e.op(Builtin::MAXIMUM, {moved, e.constant(Tensor::of<float>({1}, std::vector<float>{0}), "")}, {low});
    e.op(Builtin::MINIMUM, {low, e.constant(Tensor::of<float>({1}, std::vector<float>{1}), "")}, {to});
  });
}

Result<void> gelu(Exporter& e) {
  schema::GeluOptionsT o;
  o.approximate = e.node().text("approximate", "none") == "tanh";
  return in_float(e, false, [&](int from, int to) { e.op(Builtin::GELU, {from}, {to}, o); });
}

Result<void> leaky_relu(Exporter& e) {
  schema::LeakyReluOptionsT o;
  o.alpha = static_cast<float>(e.node().real("alpha", 0.01));
  return e.op(Builtin::LEAKY_RELU, {e.in()}, {e.out()}, o), done();
}

Result<void> softmax(Exporter& e) {
  VERGE_CHECK(along_last(e));
  schema::SoftmaxOptionsT o;
  o.beta = static_cast<float>(e.node().real("beta", 1));
  return e.op(Builtin::SOFTMAX, {e.in()}, {e.out()}, o), done();
}

Result<void> log_softmax(Exporter& e) {
  VERGE_CHECK(along_last(e));
  return unary(e, Builtin::LOG_SOFTMAX, false);
}

Result<void> reduce_mean(Exporter& e) { return reduce(e, Builtin::MEAN); }
Result<void> reduce_sum(Exporter& e) { return reduce(e, Builtin::SUM); }
Result<void> reduce_max(Exporter& e) { return reduce(e, Builtin::REDUCE_MAX); }
Result<void> reduce_min(Exporter& e) { return reduce(e, Builtin::REDUCE_MIN); }
Result<void> reduce_prod(Exporter& e) { return reduce(e, Builtin::REDUCE_PROD); }

Result<void> matmul(Exporter& e) {
  schema::BatchMatMulOptionsT o;
  o.adj_y = e.node().integer("trans_b") != 0;
  return e.op(Builtin::BATCH_MATMUL, {e.in(0), e.in(1)}, {e.out()}, o), done();
}

Result<void> concat(Exporter& e) {
  std::vector<int32_t> inputs;
  for (size_t i = 0; i < e.node().inputs.size(); ++i) inputs.push_back(like_output(e, i));
  schema::ConcatenationOptionsT o;
  o.axis = static_cast<int32_t>(e.node().integer("axis"));
  return e.op(Builtin::CONCATENATION, std::move(inputs), {e.out()}, o), done();
}

Result<void> slice(Exporter& e) {
  const std::vector<int64_t> starts = e.node().integers("starts"), ends = e.node().integers("ends");
  std::vector<int64_t> axes = e.node().integers("axes"), steps = e.node().integers("steps");
  for (size_t i = axes.size(); i < starts.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  steps.resize(starts.size(), 1);
  std::vector<Cut> cuts = whole_cuts(e.in_type());
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i] < 0 ? axes[i] + e.in_type().rank() : axes[i]);
    cuts[axis] = cut_of(e.in_type().dims[axis].size, starts[i], ends[i], steps[i]);
  }
  return strided(e, cuts, e.out()), done();
}

Result<void> split(Exporter& e) {
  const int64_t given = e.node().integer("axis");
  const auto axis = static_cast<size_t>(given < 0 ? given + e.in_type().rank() : given);
  int64_t at = 0;
  for (size_t i = 0; i < e.node().outputs.size(); ++i) {
    if (!e.node().output(i).valid()) return unsupported("a split whose output " + std::to_string(i) + " is absent");
    std::vector<Cut> cuts = whole_cuts(e.in_type());
    const int64_t size = e.out_type(i).dims[axis].size;
    cuts[axis] = {at, at + size, 1, false};
    at += size;
    strided(e, cuts, e.out(i));
  }
  return done();
}

Result<void> reshape(Exporter& e) { return e.reshape(e.in(), e.out()), done(); }
Result<void> transpose(Exporter& e) { return e.op(Builtin::TRANSPOSE, {e.in(), e.ints(e.node().integers("perm"))}, {e.out()}), done(); }
Result<void> expand(Exporter& e) { return e.op(Builtin::BROADCAST_TO, {e.in(), e.ints(sizes_of(e.out_type()))}, {e.out()}), done(); }
Result<void> tile(Exporter& e) { return e.op(Builtin::TILE, {e.in(), e.ints(e.node().integers("repeats"))}, {e.out()}), done(); }

Result<void> gather(Exporter& e) {
  schema::GatherOptionsT o;
  o.axis = static_cast<int32_t>(e.node().integer("axis"));
  return e.op(Builtin::GATHER, {e.in(0), e.in(1)}, {e.out()}, o), done();
}

Result<void> quantize(Exporter& e) { return e.op(Builtin::QUANTIZE, {e.in()}, {e.out()}), done(); }
Result<void> dequantize(Exporter& e) { return e.op(Builtin::DEQUANTIZE, {e.in()}, {e.out()}), done(); }
Result<void> cast(Exporter& e) { return e.op(Builtin::CAST, {e.in()}, {e.out()}), done(); }

}  // namespace verge::formats::tflite::exports
