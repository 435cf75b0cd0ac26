// Operators that work element by element, and the changes of element type.
#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

template <typename O> Result<void> arithmetic(Op& op) {
  VERGE_TRY(const auto* o, op.options<O>());
  VERGE_TRY(std::vector<ValueId> inputs, op.all_inputs());
  return op.result_activated(op.core(), std::move(inputs), {}, o->fused_activation_function());
}

Result<void> clamp(Op& op, double min, double max) { return op.result(op.core(), {op.in(0)}, {{"min", min}, {"max", max}}); }

}  // namespace

Result<void> pointwise(Op& op) {
  VERGE_TRY(std::vector<ValueId> inputs, op.all_inputs());
  return op.result(op.core(), std::move(inputs));
}

Result<void> add(Op& op) { return arithmetic<schema::AddOptions>(op); }
Result<void> sub(Op& op) { return arithmetic<schema::SubOptions>(op); }
Result<void> mul(Op& op) { return arithmetic<schema::MulOptions>(op); }
Result<void> div(Op& op) { return arithmetic<schema::DivOptions>(op); }

Result<void> add_n(Op& op) {
  VERGE_TRY(const std::vector<ValueId> terms, op.all_inputs());
  if (terms.size() == 1) return op.set(0, terms[0]);
  ValueId sum = terms[0];
  for (size_t i = 1; i + 1 < terms.size(); ++i) {
    VERGE_TRY(sum, op.add(op.core(), {sum, terms[i]}));
  }
  return op.result(op.core(), {sum, terms.back()});
}

Result<void> floor_mod(Op& op) { return op.result(op.core(), {op.in(0), op.in(1)}, {{"fmod", int64_t{0}}}); }

Result<void> not_equal(Op& op) {
  VERGE_TRY(const ValueId equal, op.add_as(op.output_type(), op.core(), {op.in(0), op.in(1)}));
  return op.result("not", {equal});
}

Result<void> relu6(Op& op) { return clamp(op, 0, 6); }
Result<void> relu_n1_to_1(Op& op) { return clamp(op, -1, 1); }
Result<void> relu_0_to_1(Op& op) { return clamp(op, 0, 1); }

Result<void> leaky_relu(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::LeakyReluOptions>());
  return op.result(op.core(), {op.in(0)}, {{"alpha", double{o->alpha()}}});
}

Result<void> elu(Op& op) { return op.result(op.core(), {op.in(0)}, {{"alpha", 1.0}}); }

Result<void> gelu(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::GeluOptions>());
  return op.result(op.core(), {op.in(0)}, {{"approximate", o->approximate() ? "tanh" : "none"}});
}

// The older SELECT takes a vector that chooses whole rows; a condition of the same rank chooses elements.
Result<void> select(Op& op) {
  const TensorType condition = op.type(size_t{0}), x = op.type(1);
  ValueId c = op.in(0);
  if (condition.ranked && x.ranked && condition.rank() == 1 && x.rank() > 1) {
    std::vector<Dim> dims(x.dims.size(), Dim(1));
    dims[0] = condition.dims[0];
    VERGE_TRY(Attrs attrs, op.shape_attr(dims));
    VERGE_TRY(c, op.add("reshape", {c}, std::move(attrs)));
  }
  return op.result(op.core(), {c, op.in(1), op.in(2)});
}

// The stored integers, whatever real numbers they stand for.
Result<void> cast(Op& op) { return op.result(op.core(), {op.in(0)}, {{"to", dtype_name(op.output_type().dtype)}}); }

Result<void> quantize(Op& op) {
  if (!op.output_type().quantized()) return corrupt("its output " + op.output_type().text() + " has no quantisation");
  return op.result(op.type(size_t{0}).quantized() ? "requantize" : op.core(), {op.in(0)});
}

Result<void> dequantize(Op& op) {
  const TensorType x = op.type(size_t{0});
  if (is_float(x.dtype)) return op.result("cast", {op.in(0)}, {{"to", dtype_name(op.output_type().dtype)}});
  if (!x.quantized()) return corrupt("its input " + x.text() + " has no quantisation");
  return op.result(op.core(), {op.in(0)});
}

// Sparse constants are read dense.
Result<void> densify_constant(Op& op) {
  if (!op.constant(0)) return op.refuse("its input is no constant");
  return op.set(0, op.in(0));
}

}  // namespace verge::formats::tflite::builtins
