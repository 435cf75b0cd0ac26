// y = x with `pads` [begin of each axis..., end of each axis...] more elements; negative amounts cut.
//
//   constant  `value` (real, default 0); quantised: what it is in the output's scale, so 0 becomes the zero point
//   reflect   mirrored without repeating the edge    edge: the edge repeated    wrap: from the other side
#include <algorithm>

#include "core/text.h"
#include "ops/op.h"
#include "ops/pad/pad_attrs.h"
#include "ops/quantize/requantize.h"
#include "ops/quantized.h"
#include "ops/reference_tools.h"
#include "ops/shape_rules.h"

namespace verge::ops {
namespace {

struct Pads {
  std::vector<int64_t> before, after;
};

Result<Pads> pads_of(const Node& node, int rank) {
  const std::vector<int64_t> pads = node.integers("pads");
  if (static_cast<int>(pads.size()) != 2 * rank)
    return invalid("pads " + bracketed(pads) + " has " + std::to_string(pads.size()) + " numbers, wants " + std::to_string(2 * rank) + " for rank " + std::to_string(rank));
  return Pads{{pads.begin(), pads.begin() + rank}, {pads.begin() + rank, pads.end()}};
}

Result<exec::PadMode> mode_of(const Node& node) {
  const std::string mode = node.text("mode", "constant");
  constexpr std::pair<const char*, exec::PadMode> kModes[] = {
      {"constant", exec::PadMode::kConstant}, {"reflect", exec::PadMode::kReflect}, {"edge", exec::PadMode::kEdge}, {"wrap", exec::PadMode::kWrap}};
  for (const auto& [name, value] : kModes)
    if (mode == name) return value;
  return unsupported("mode '" + mode + "' wants constant, reflect, edge or wrap");
}

Result<void> infer(InferContext& c) {
  VERGE_CHECK(need_rank(c.in(0), "input"));
  VERGE_CHECK(mode_of(c.node));
  VERGE_TRY(const Pads pads, pads_of(c.node, c.in(0).rank()));
  infer_same(c);
  for (size_t d = 0; d < pads.before.size(); ++d) {
    Dim& dim = c.out[0].dims[d];
    const int64_t more = pads.before[d] + pads.after[d];
    if (more == 0 && !dim.known()) continue;
    dim = dim.known() ? Dim(dim.size + more) : Dim();
    if (dim.known() ? dim.size < 0 : false) return invalid("pads " + bracketed(c.node.integers("pads")) + " cut more than " + c.in(0).text() + " has");
  }
  return done();
}

QuantRule quant(const Graph&, const Node&) { return {.kind = QuantRule::Kind::kPassThrough}; }

// One element of the output's type.
Result<Tensor> border(const Node& node, DataType dtype, const QuantParams& quant) {
  const double value = node.real("value", 0);
  Tensor out(dtype, {});
  if (quant.empty()) {
    fill(out, std::vector<double>{value});
    return out;
  }
  VERGE_TRY(const AffineType type, affine_type(dtype, quant, "output"));
  VERGE_TRY(const RequantMode mode, requant_mode(node));
  fill(out, std::vector<int64_t>{quantized_value(value, type, mode)});
  return out;
}

int64_t mirrored(int64_t i, int64_t size) {
  while (size > 1 && (i < 0 || i >= size)) i = i < 0 ? -i : 2 * (size - 1) - i;
  return size > 1 ? i : 0;
}

int64_t source(exec::PadMode mode, int64_t i, int64_t size) {
  if (i >= 0 && i < size) return i;
  if (mode == exec::PadMode::kReflect) return mirrored(i, size);
  if (mode == exec::PadMode::kEdge) return i < 0 ? 0 : size - 1;
  if (mode == exec::PadMode::kWrap) return ((i % size) + size) % size;
  return -1;
}

Result<void> reference(ReferenceContext& c) {
  Tensor& y = c.out[0];
  VERGE_TRY(const Tensor x, moved_tensor(c.node, c.in[0], y));
  VERGE_TRY(const Pads pads, pads_of(c.node, x.shape().rank));
  VERGE_TRY(const exec::PadMode mode, mode_of(c.node));
  VERGE_TRY(const Tensor value, border(c.node, y.dtype(), y.quant()));
  VERGE_CHECK(move_elements(value, y, [](int64_t) { return 0; }));
  return move_elements(x, y, [&](int64_t i) -> int64_t {
    Coordinates at = coordinates_of(y.shape(), i);
    for (size_t d = 0; d < at.size(); ++d) {
      at[d] = source(mode, at[d] - pads.before[d], x.shape()[static_cast<int>(d)]);
      if (at[d] < 0) return -1;
    }
    return index_of(x.shape(), at);
  });
}

Result<void> lower(const Node& node, Emitter& emitter) {
  const TensorType &x = emitter.graph().type(node.input(0)), &y = emitter.graph().type(node.output());
  if (dtype_bits(y.dtype) < 8) return unsupported(std::string("pad of packed ") + dtype_name(y.dtype));
  VERGE_TRY(const Pads pads, pads_of(node, x.rank()));
  VERGE_TRY(const exec::PadMode mode, mode_of(node));
  const bool nothing = std::all_of(pads.before.begin(), pads.before.end(), [](int64_t n) { return n == 0; });
  if (nothing && x == y) return emitter.alias(node.output(), node.input(0));
  VERGE_TRY(const Tensor value, border(node, y.dtype, y.quant));
  exec::PadAttrs attrs;
  attrs.mode = static_cast<uint32_t>(mode);
  for (size_t d = 0; d < pads.before.size(); ++d) attrs.before[d] = static_cast<int32_t>(pads.before[d]);
  std::copy(value.bytes().begin(), value.bytes().end(), attrs.value);
  VERGE_TRY(const TensorRef in, moved_input(emitter, node));
  emitter.emit(exec::Op::pad, {in}, {emitter.tensor(node.output())}, attrs);
  return done();
}

}  // namespace

VERGE_OP_METHODS(pad) = {.infer = infer, .cost = movement_cost, .reference = reference, .quant = quant, .lower = lower};

}  // namespace verge::ops
