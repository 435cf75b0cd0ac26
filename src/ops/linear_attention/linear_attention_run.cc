#include <cstring>

#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/linear_attention/linear_attention_attrs.h"

namespace verge::exec {
namespace {

constexpr size_t kColumns = 16;  // of the state, together: each column lives on its own

struct Sizes {
  size_t heads, kv_heads, steps, dk, dv;
};

// One head's rows; null where the input is absent.
struct Head {
  const float *q, *k, *v, *decay, *beta;  // q: the first of the query heads that read this state
  size_t decay_width;
  float *y, *state;
};

// Columns [m, m + n) of one head's state, through all steps.
void run_columns(const Sizes& s, const Head& h, float scale, size_t m, size_t n) {
  for (size_t t = 0; t < s.steps; ++t) {
    const float* k = h.k + t * s.dk;
    float found[kColumns] = {}, change[kColumns];
    for (size_t d = 0; d < s.dk; ++d) {
      float* row = h.state + d * s.dv + m;
      const float decay = h.decay ? h.decay[t * h.decay_width + (h.decay_width > 1 ? d : 0)] : 1;
      for (size_t i = 0; i < n; ++i) {
        row[i] *= decay;
        found[i] += row[i] * k[d];
      }
    }
    for (size_t i = 0; i < n; ++i) {
      const float v = h.v[t * s.dv + m + i];
      change[i] = h.beta ? h.beta[t] * (v - found[i]) : v;
    }
    for (size_t d = 0; d < s.dk; ++d)
      for (size_t i = 0; i < n; ++i) h.state[d * s.dv + m + i] += k[d] * change[i];
    for (size_t g = 0; g < s.heads / s.kv_heads; ++g) {
      const float* q = h.q + (g * s.steps + t) * s.dk;
      float read[kColumns] = {};
      for (size_t d = 0; d < s.dk; ++d)
        for (size_t i = 0; i < n; ++i) read[i] += q[d] * h.state[d * s.dv + m + i];
      for (size_t i = 0; i < n; ++i) h.y[(g * s.steps + t) * s.dv + m + i] = scale * read[i];
    }
  }
}

bool is_shape(const TensorView& t, const Shape& shape) { return t.dtype == DataType::kF32 && t.shape == shape; }

bool shapes_fit(const rt::Instruction& in) {
  const Shape &q = in.in(0).shape, &k = in.in(1).shape, &v = in.in(2).shape;
  if (q.rank != 4 || k.rank != 4 || v.rank != 4 || k[1] < 1 || q[1] % k[1] != 0) return false;
  const int32_t b = q[0], heads = q[1], kv = k[1], steps = q[2], dk = q[3], dv = v[3];
  const Shape state{b, kv, dk, dv};
  if (!is_shape(in.in(0), q) || !is_shape(in.in(1), {b, kv, steps, dk}) || !is_shape(in.in(2), {b, kv, steps, dv})) return false;
  if (!is_shape(in.out(0), {b, heads, steps, dv}) || !is_shape(in.out(1), state)) return false;
  if (in.has(3) && !is_shape(in.in(3), state)) return false;
  if (in.has(4) && !is_shape(in.in(4), {b, kv, steps, dk}) && !is_shape(in.in(4), {b, kv, steps, 1})) return false;
  return !in.has(5) || is_shape(in.in(5), {b, kv, steps, 1}) || is_shape(in.in(5), {b, 1, steps, 1});
}

}  // namespace

Status check_linear_attention_f32(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<LinearAttentionAttrs>() && in.in_count >= 3 && in.in_count <= 6 && in.out_count == 2, Code::kCorrupt);
  VERGE_REQUIRE(in.has(0) && in.has(1) && in.has(2) && shapes_fit(in), Code::kCorrupt);
  return {};
}

Status run_linear_attention_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const Shape &q = in.in(0).shape, &k = in.in(1).shape, &v = in.in(2).shape;
  const Sizes s{static_cast<size_t>(q[1]), static_cast<size_t>(k[1]), static_cast<size_t>(q[2]), static_cast<size_t>(q[3]), static_cast<size_t>(v[3])};
  const auto *past = in.has(3) ? in.in(3).as<float>() : nullptr, *decay = in.has(4) ? in.in(4).as<float>() : nullptr, *beta = in.has(5) ? in.in(5).as<float>() : nullptr;
  const size_t group = s.heads / s.kv_heads, width = decay ? static_cast<size_t>(in.in(4).shape[3]) : 0, blocks = (s.dv + kColumns - 1) / kColumns;
  const bool one_beta = beta && in.in(5).shape[1] == 1;
  if (past) std::memmove(in.out(1).data, past, in.out(1).bytes());
  else std::memset(in.out(1).data, 0, in.out(1).bytes());
  env.parallel.each(static_cast<size_t>(q[0]) * s.kv_heads * blocks, [&](size_t i) {
    const size_t head = i / blocks, m = i % blocks * kColumns, batch = head / s.kv_heads;
    const Head h{.q = in.in(0).as<float>() + head * group * s.steps * s.dk,
                 .k = in.in(1).as<float>() + head * s.steps * s.dk,
                 .v = in.in(2).as<float>() + head * s.steps * s.dv,
                 .decay = decay ? decay + head * s.steps * width : nullptr,
                 .beta = beta ? beta + (one_beta ? batch : head) * s.steps : nullptr,
                 .decay_width = width,
                 .y = in.out(0).mut<float>() + head * group * s.steps * s.dv,
                 .state = in.out(1).mut<float>() + head * s.dk * s.dv};
    run_columns(s, h, in.attrs_as<LinearAttentionAttrs>()->scale, m, s.dv - m < kColumns ? s.dv - m : kColumns);
  });
  return {};
}

}  // namespace verge::exec
