// Attention and what stands around it in transformers: rotary embeddings, attention by a state, causal convolutions with a state, gated units.
//
//   y = softmax(softcap(scale * q k^T) + mask) v
//
// Masks are gathered as what is allowed (bool) and what is added (real); a query that may see nothing gives zeros.
#include <cmath>
#include <limits>

#include "formats/onnx/reshaping.h"
#include "formats/onnx/shorthand.h"
#include "formats/onnx/table.h"
#include "formats/onnx/window.h"

namespace verge::formats::onnx {
namespace {

// [batch, steps, heads * size] as [batch, heads, steps, size].
ValueId split_heads(NodeContext& c, ValueId x, int64_t heads) { return transposed(c, shaped(c, x, {0, 0, heads, -1}), {0, 2, 1, 3}); }
ValueId merge_heads(NodeContext& c, ValueId x) { return shaped(c, transposed(c, x, {0, 2, 1, 3}), {0, 0, -1}); }

struct Heads {
  ValueId q, k, v;  // [batch, heads, steps, size]
  bool flat = false;  // the source has them as [batch, steps, heads * size]
  int64_t q_heads = 0, kv_heads = 0, steps = 0, keys = 0, size = 0;
};

Result<int64_t> known(NodeContext& c, const Dim& d, const char* what) {
  if (!d.known()) return c.refuse(std::string("its ") + what + " is not known", kFixShapes);
  return d.size;
}

Result<Heads> heads_of(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank(0));
  if (rank != 3 && rank != 4) return c.damaged("its query is " + c.type(size_t{0}).text() + ", wants rank 3 or 4");
  Heads h{c.in(0), c.in(1), c.in(2)};
  h.flat = rank == 3;
  const int64_t q_heads = c.integer("q_num_heads", 0), kv_heads = c.integer("kv_num_heads", 0);
  if (h.flat && (q_heads < 1 || kv_heads < 1)) return c.damaged("q_num_heads or kv_num_heads is absent");
  if (h.flat) h.q = split_heads(c, h.q, q_heads), h.k = split_heads(c, h.k, kv_heads), h.v = split_heads(c, h.v, kv_heads);
  return h;
}

Result<void> measure(NodeContext& c, Heads& h) {
  const std::vector<Dim> q = c.type(h.q).dims, k = c.type(h.k).dims;
  if (q.size() != 4 || k.size() != 4) return c.damaged("its query and key have other ranks");
  VERGE_TRY(h.q_heads, known(c, q[1], "number of query heads"));
  VERGE_TRY(h.kv_heads, known(c, k[1], "number of key heads"));
  VERGE_TRY(h.steps, known(c, q[2], "number of queries"));
  VERGE_TRY(h.keys, known(c, k[2], "number of keys"));
  VERGE_TRY(h.size, known(c, q[3], "head size"));
  if (h.kv_heads < 1 || h.q_heads % h.kv_heads != 0) return c.damaged("its query heads are no multiple of its key heads");
  return done();
}

// What a query may see.
struct Mask {
  ValueId allowed;  // bool; invalid: everything
  ValueId added;    // real; invalid: nothing
};

void allow(NodeContext& c, Mask& mask, ValueId allowed) { mask.allowed = mask.allowed.valid() ? c.add("and", {mask.allowed, allowed}) : allowed; }

// The mask that is given; keys that it does not reach are not allowed.
void add_given_mask(NodeContext& c, Mask& mask, int64_t keys) {
  if (!c.has(3) || !c.type(3).ranked || c.type(3).rank() < 1) return;
  const bool is_bool = c.type(3).dtype == DataType::kBool;
  ValueId given = c.in(3);
  const Dim have = c.type(3).dims.back();
  if (have.known() && have.size != 1 && have.size < keys) {
    std::vector<int64_t> pads(2 * static_cast<size_t>(c.type(3).rank()), 0);
    pads.back() = keys - have.size;
    given = c.add("pad", {given}, {{"mode", std::string("constant")}, {"pads", pads}, {"value", is_bool ? 0.0 : -std::numeric_limits<double>::infinity()}});
  }
  if (is_bool) allow(c, mask, given);
  else mask.added = given;
}

// Keys j that query i may see by their distance: bounds of j - i - offset.
struct Band {
  int64_t left = -1, right = -1;  // -1: unbounded
  bool any() const { return left >= 0 || right >= 0; }
  bool holds(int64_t distance) const { return (left < 0 || -distance <= left) && (right < 0 || distance <= right); }
};

void add_band(NodeContext& c, Mask& mask, const Heads& h, const Band& band, int64_t offset) {
  std::vector<bool> allowed;
  for (int64_t i = 0; i < h.steps; ++i)
    for (int64_t j = 0; j < h.keys; ++j) allowed.push_back(band.holds(j - i - offset));
  allow(c, mask, bools(c, allowed, {static_cast<int32_t>(h.steps), static_cast<int32_t>(h.keys)}));
}

// The same with an offset for each of the batch, [batch, 1, 1, 1] i64.
void add_moving_band(NodeContext& c, Mask& mask, const Heads& h, const Band& band, ValueId offset) {
  std::vector<int64_t> distances;
  for (int64_t i = 0; i < h.steps; ++i)
    for (int64_t j = 0; j < h.keys; ++j) distances.push_back(j - i);
  const ValueId ahead = c.add("sub", {integers(c, distances, {static_cast<int32_t>(h.steps), static_cast<int32_t>(h.keys)}), offset});
  if (band.right >= 0) allow(c, mask, c.add("less_equal", {ahead, c.scalar(static_cast<double>(band.right), ahead)}));
  if (band.left >= 0) allow(c, mask, c.add("greater_equal", {ahead, c.scalar(static_cast<double>(-band.left), ahead)}));
}

Band band_of(NodeContext& c) {
  Band band{c.integer("left_window_size", -1), c.integer("right_window_size", -1)};
  if (c.integer("is_causal", 0)) band.right = 0;
  return band;
}

Result<Mask> mask_of(NodeContext& c, const Heads& h, int64_t past) {
  constexpr int64_t kMost = int64_t{1} << 28;
  Mask mask;
  add_given_mask(c, mask, h.keys);
  const Band band = band_of(c);
  if (band.any() && h.steps * h.keys > kMost) return c.refuse("a mask of " + std::to_string(h.steps) + " x " + std::to_string(h.keys) + " is too large");
  if (band.any()) VERGE_CHECK(c.reserve(static_cast<double>(h.steps) * static_cast<double>(h.keys)));
  if (!c.has(6)) {
    if (band.any()) add_band(c, mask, h, band, past);
    return mask;
  }
  const ValueId valid = shaped(c, cast(c, c.in(6), DataType::kI64), {-1, 1, 1, 1});
  if (band.any()) add_moving_band(c, mask, h, band, c.add("sub", {valid, c.scalar(static_cast<double>(h.steps), valid)}));
  std::vector<int64_t> places;
  for (int64_t j = 0; j < h.keys; ++j) places.push_back(j);
  allow(c, mask, c.add("less", {integers(c, places, {static_cast<int32_t>(h.keys)}), valid}));
  return mask;
}

// What is added to the scores; invalid: nothing.
ValueId bias_of(NodeContext& c, const Mask& mask, ValueId like) {
  if (!mask.allowed.valid()) return mask.added;
  const ValueId open = mask.added.valid() ? mask.added : c.scalar(0, like);
  return c.add("where", {mask.allowed, open, c.scalar(-std::numeric_limits<double>::infinity(), like)});
}

// Softmax whose rows that see nothing are zeros.
ValueId guarded_softmax(NodeContext& c, ValueId scores, ValueId bias) {
  const ValueId p = c.add("softmax", {scores}, {{"axis", int64_t{3}}});
  if (!bias.valid()) return p;
  const ValueId most = reduced(c, "reduce_max", bias, {-1}, true);
  const ValueId blind = c.add("equal", {most, c.scalar(-std::numeric_limits<double>::infinity(), most)});
  if (const Tensor* t = c.graph().constant(blind)) {
    bool any = false;
    for (const int64_t b : t->to_ints()) any = any || b != 0;
    if (!any) return p;
  }
  return c.add("where", {blind, c.scalar(0, p), p});
}

ValueId softcapped(NodeContext& c, ValueId scores) {
  const double cap = c.real("softcap", 0);
  if (cap == 0) return scores;
  return c.add("mul", {c.add("tanh", {c.add("mul", {scores, c.scalar(1 / cap, scores)})}), c.scalar(cap, scores)});
}

// a [batch, heads, n, k] times b [batch, kv_heads, ...]: the query heads that share a key head are rows of one product.
ValueId grouped_product(NodeContext& c, const Heads& h, ValueId a, ValueId b, bool trans_b) {
  const Attrs attrs = {{"trans_b", int64_t{trans_b}}};
  if (h.q_heads == h.kv_heads) return c.add("matmul", {a, b}, attrs);
  const ValueId y = c.add("matmul", {shaped(c, a, {0, h.kv_heads, h.q_heads / h.kv_heads * h.steps, -1}), b}, attrs);
  return shaped(c, y, {0, h.q_heads, h.steps, -1});
}

Result<void> finish_scores(NodeContext& c, const ValueId (&stages)[4]) {
  if (!c.wants(3)) return done();
  const int64_t mode = c.integer("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3) return c.damaged("qk_matmul_output_mode of " + std::to_string(mode));
  return c.finish(stages[mode], 3);
}

Result<void> attention(NodeContext& c) {
  VERGE_TRY(Heads h, heads_of(c));
  int64_t past = 0;
  if (c.has(4) && c.has(5)) {
    VERGE_TRY(past, known(c, c.type(4).rank() == 4 ? c.type(4).dims[2] : Dim(), "number of past keys"));
    h.k = concatenated(c, {c.in(4), h.k}, 2);
    h.v = concatenated(c, {c.in(5), h.v}, 2);
  }
  VERGE_CHECK(measure(c, h));
  const double scale = c.real("scale", 1 / std::sqrt(static_cast<double>(h.size)));
  const ValueId q = c.add("mul", {h.q, c.scalar(scale, h.q)}), raw = grouped_product(c, h, q, h.k, true), capped = softcapped(c, raw);
  VERGE_TRY(const Mask mask, mask_of(c, h, past));
  const ValueId bias = bias_of(c, mask, raw), biased = bias.valid() ? c.add("add", {capped, bias}) : capped, p = guarded_softmax(c, biased, bias);
  const ValueId y = grouped_product(c, h, p, h.v, false);
  if (c.wants(1)) VERGE_CHECK(c.finish(h.k, 1));
  if (c.wants(2)) VERGE_CHECK(c.finish(h.v, 2));
  VERGE_CHECK(finish_scores(c, {raw, capped, biased, p}));
  return c.finish(h.flat ? merge_heads(c, y) : y);
}

// Pairs (a, b) of each head turned by the angle of their position: (a cos - b sin, a sin + b cos).
ValueId turned(NodeContext& c, ValueId x, ValueId cosine, ValueId sine, int64_t size, bool interleaved) {
  const ValueId a = interleaved ? sliced(c, x, 3, 0, size, 2) : sliced(c, x, 3, 0, size / 2), b = interleaved ? sliced(c, x, 3, 1, size, 2) : sliced(c, x, 3, size / 2, size);
  const ValueId real = c.add("sub", {c.add("mul", {a, cosine}), c.add("mul", {b, sine})}), imaginary = c.add("add", {c.add("mul", {a, sine}), c.add("mul", {b, cosine})});
  if (!interleaved) return concatenated(c, {real, imaginary}, 3);
  const auto column = [&](ValueId v) { return shaped(c, v, {0, 0, 0, size / 2, 1}); };
  return shaped(c, concatenated(c, {column(real), column(imaginary)}, 4), {0, 0, 0, size});
}

Result<void> rotary_embedding(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  if (rank != 3 && rank != 4) return c.damaged("its input is " + c.type(size_t{0}).text() + ", wants rank 3 or 4");
  const int64_t heads = c.integer("num_heads", 0), step_axis = rank == 3 ? 1 : 2;
  if (rank == 3 && heads < 1) return c.damaged("num_heads is absent");
  const ValueId x = rank == 3 ? shaped(c, c.in(0), {0, 0, heads, -1}) : c.in(0);
  VERGE_TRY(const int64_t head_size, known(c, c.type(x).rank() == 4 ? c.type(x).dims[3] : Dim(), "head size"));
  int64_t size = c.integer("rotary_embedding_dim", 0);
  if (size == 0) size = head_size;
  if (size < 2 || size % 2 != 0 || size > head_size) return c.damaged("rotary_embedding_dim of " + std::to_string(size) + " for heads of " + std::to_string(head_size));
  const auto table = [&](size_t i) -> Result<ValueId> {
    const ValueId rows = c.has(3) ? c.add("gather", {c.in(i), c.in(3)}, {{"axis", int64_t{0}}}) : c.in(i);
    return unsqueezed(c, rows, {step_axis == 1 ? 2 : 1});
  };
  VERGE_TRY(const ValueId cosine, table(1));
  VERGE_TRY(const ValueId sine, table(2));
  ValueId y = turned(c, sliced(c, x, 3, 0, size), cosine, sine, size, c.integer("interleaved", 0) != 0);
  if (size < head_size) y = concatenated(c, {y, sliced(c, x, 3, size, head_size)}, 3);
  return c.finish(rank == 3 ? shaped(c, y, {0, 0, -1}) : y);
}

// decay: one number a head and step, or one for each element of the keys.
Result<void> linear_attention(NodeContext& c) {
  const std::string rule = c.text("update_rule", "gated_delta");
  const int64_t heads = c.integer("q_num_heads", 0), kv_heads = c.integer("kv_num_heads", 0);
  if (heads < 1 || kv_heads < 1 || heads % kv_heads != 0) return c.damaged("its query heads are no multiple of its key heads");
  const bool gated = rule == "gated" || rule == "gated_delta", delta = rule == "delta" || rule == "gated_delta";
  if (!gated && !delta && rule != "linear") return c.damaged("update_rule '" + rule + "' is not known");
  if ((gated && !c.has(4)) || (delta && !c.has(5))) return c.damaged("decay or beta is absent, which update_rule '" + rule + "' reads");
  const ValueId q = split_heads(c, as_f32(c, c.in(0)), heads), k = split_heads(c, as_f32(c, c.in(1)), kv_heads), v = split_heads(c, as_f32(c, c.in(2)), kv_heads);
  VERGE_TRY(const int64_t size, known(c, c.type(q).rank() == 4 ? c.type(q).dims[3] : Dim(), "head size"));
  const ValueId past = c.has(3) ? as_f32(c, c.in(3)) : ValueId{};
  const ValueId decay = gated ? c.add("exp", {split_heads(c, as_f32(c, c.in(4)), kv_heads)}) : ValueId{};
  ValueId beta;
  if (delta) {
    VERGE_TRY(const int64_t width, known(c, c.type(5).rank() == 3 ? c.type(5).dims[2] : Dim(), "width of beta"));
    beta = split_heads(c, as_f32(c, c.in(5)), width);
  }
  const double given = c.real("scale", 0), scale = given == 0 ? 1 / std::sqrt(static_cast<double>(size)) : given;
  std::vector<ValueId> inputs = {q, k, v, past, decay, beta};
  while (!inputs.back().valid()) inputs.pop_back();
  const std::vector<ValueId> out = c.add_many("linear_attention", inputs, {{"scale", scale}}, 2);
  if (c.wants(1)) VERGE_CHECK(c.finish(cast(c, out[1], c.has(3) ? c.type(3).dtype : c.type(size_t{0}).dtype), 1));
  return c.finish(cast(c, merge_heads(c, out[0]), c.type(size_t{0}).dtype));
}

// A depthwise convolution over the past and x; the last k - 1 steps are the next past.
Result<void> causal_conv(NodeContext& c) {
  const std::string activation = c.text("activation", "none");
  if (activation != "none" && activation != "silu" && activation != "swish") return c.damaged("activation '" + activation + "' is not known");
  VERGE_TRY(const ValueId kernel, c.fixed(1, "weights"));
  VERGE_TRY(const ValueId bias, c.fixed(2, "bias"));
  VERGE_TRY(const Shape w, known_shape(c, kernel, "weights"));
  if (w.rank != 3 || w[1] != 1 || w[2] < 1) return c.damaged("its weights are " + c.type(1).text() + ", want [channels, 1, k]");
  const int64_t before = w[2] - 1;
  const Attrs pad = {{"mode", std::string("constant")}, {"pads", std::vector<int64_t>{0, 0, before, 0, 0, 0}}, {"value", 0.0}};
  const ValueId x = c.has(3) ? concatenated(c, {c.in(3), c.in(0)}, 2) : c.add("pad", {c.in(0)}, pad);
  WindowForm form;
  form.line = true;
  form.attrs = {{"strides", std::vector<int64_t>{1, 1}}, {"dilations", std::vector<int64_t>{1, 1}}, {"pads", std::vector<int64_t>{0, 0, 0, 0}}, {"groups", int64_t{w[0]}}};
  VERGE_TRY(const ValueId weights, conv_weights(c, kernel, form));
  const ValueId y = as_source(c, form, c.add("conv", {as_plane(c, form, x), weights, bias}, form.attrs));
  if (c.wants(1)) {
    const Dim steps = c.type(x).rank() == 3 ? c.type(x).dims[2] : Dim();
    VERGE_TRY(const int64_t all, known(c, steps, "number of steps"));
    VERGE_CHECK(c.finish(sliced(c, x, 2, all - before, all), 1));
  }
  return c.finish(activation == "none" ? y : c.add("silu", {y}));
}

constexpr Row kRows[] = {
    {"Attention", 23, kNewest, attention},
    {"CausalConvWithState", 1, kNewest, causal_conv},
    {"LinearAttention", 1, kNewest, linear_attention},
    {"RotaryEmbedding", 23, kNewest, rotary_embedding},
};

}  // namespace

std::span<const Row> attention_rows() { return kRows; }

}  // namespace verge::formats::onnx
