#include "ops/attention/attention_attrs.h"

#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/thread_slots.h"
#include "kernels/gemm/pack_f32.h"
#include "kernels/softmax/softmax_f32.h"

namespace verge::exec {
namespace {

// One batch: matrices as they come, and packed.
struct Head {
  const float *q, *k, *v;
  float *packed_k, *packed_v, *y;
};

Head head_of(const rt::Instruction& in, const AttentionAttrs& a, size_t batch) {
  const auto m = static_cast<size_t>(a.m), n = static_cast<size_t>(a.n), dk = static_cast<size_t>(a.dk), dv = static_cast<size_t>(a.dv);
  Head head{in.in(0).as<float>() + batch * m * dk, in.in(1).as<float>() + batch * n * dk, in.in(2).as<float>() + batch * n * dv, nullptr, nullptr,
            in.out().mut<float>() + batch * m * dv};
  head.packed_k = in.scratch()->mut<float>() + batch * packed_attention_floats(a) / static_cast<size_t>(a.batches);
  head.packed_v = head.packed_k + matmul_f32_scratch_size(static_cast<size_t>(a.n), static_cast<size_t>(a.dk));
  return head;
}

MatmulF32 scores_of(const AttentionAttrs& a, const Head& h, size_t row, size_t rows, float* scores) {
  const auto n = static_cast<size_t>(a.n), dk = static_cast<size_t>(a.dk);
  return {.m = rows, .n = n, .k = dk, .a = h.q + row * dk, .a_step = dk, .b = h.k, .b_row_step = a.trans_k ? 1 : n, .b_column_step = a.trans_k ? dk : 1, .y = scores, .y_step = n};
}

MatmulF32 means_of(const AttentionAttrs& a, const Head& h, size_t row, size_t rows, const float* scores) {
  const auto n = static_cast<size_t>(a.n), dv = static_cast<size_t>(a.dv);
  return {.m = rows, .n = dv, .k = n, .a = scores, .a_step = n, .b = h.v, .b_row_step = dv, .b_column_step = 1, .y = h.y + row * dv, .y_step = dv};
}

// The scale goes into k, the mask into the bias of the scores.
void pack(const rt::Instruction& in, const AttentionAttrs& a, size_t batch) {
  const Head h = head_of(in, a, batch);
  const size_t n = static_cast<size_t>(a.n), weights = packed_weights_f32_size(n, 1, static_cast<size_t>(a.dk));
  pack_matmul_f32(scores_of(a, h, 0, 1, nullptr), h.packed_k);
  pack_matmul_f32(means_of(a, h, 0, 1, nullptr), h.packed_v);
  if (const float scale = a.scale; scale != 1)
    for (float* w = h.packed_k; w < h.packed_k + weights; ++w) *w *= scale;
  if (in.has(3)) pack_bias_f32(n, in.in(3).as<float>(), h.packed_k + weights);
}

void run_product(const MatmulF32& product, const float* packed, bool any_order) {
  ConvF32 conv = packed_matmul_f32(product, packed);
  conv.any_order = any_order;
  for (size_t block = 0, blocks = conv_f32_blocks(conv, 1); block < blocks; ++block) conv_f32_block(conv, 1, block);
}

void run_rows(const AttentionAttrs& a, const Head& h, size_t row, size_t rows, bool any_order, float* scores) {
  run_product(scores_of(a, h, row, rows, scores), h.packed_k, any_order);
  pick_softmax_f32().softmax(rows, static_cast<size_t>(a.n), scores, scores);
  run_product(means_of(a, h, row, rows, scores), h.packed_v, any_order);
}

// Packed operands and at least one thread's scores, counted without overflow: operands that lie in memory are smaller than 2^40 floats.
bool scratch_fits(const rt::Instruction& in, const AttentionAttrs& a) {
  return in.scratch() && in.scratch_bytes() / sizeof(float) >= packed_attention_floats(a) + score_floats(a) && reinterpret_cast<uintptr_t>(in.scratch()->data) % 64 == 0;
}

bool sizes_fit(const AttentionAttrs& a) {
  constexpr int32_t kMost = 1 << 24;
  for (const int32_t size : {a.batches, a.m, a.n, a.dk, a.dv})
    if (size < 1 || size > kMost) return false;
  return true;
}

}  // namespace

Status check_attention(const rt::Instruction& in, const AttentionAttrs* a, bool (*takes)(const TensorView& tensor)) {
  VERGE_REQUIRE(a && has_arity(in, 3, 4) && sizes_fit(*a) && a->scale >= -1e30f && a->scale <= 1e30f, Code::kCorrupt);
  const auto fits = [&](const TensorView& t, int64_t rows, int64_t columns) { return takes(t) && t.shape.count() == a->batches * rows * columns; };
  VERGE_REQUIRE(fits(in.in(0), a->m, a->dk) && fits(in.in(1), a->n, a->dk) && fits(in.in(2), a->n, a->dv) && fits(in.out(), a->m, a->dv), Code::kCorrupt);
  VERGE_REQUIRE(!in.has(3) || (in.in(3).dtype == DataType::kF32 && in.in(3).shape.count() == a->n), Code::kCorrupt);
  return {};
}

Status check_attention_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<AttentionAttrs>();
  VERGE_RETURN_IF_BAD(check_attention(in, a, [](const TensorView& t) { return t.dtype == DataType::kF32; }));
  VERGE_REQUIRE(scratch_fits(in, *a), Code::kCorrupt);
  return {};
}

Status run_attention_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const AttentionAttrs& a = *in.attrs_as<AttentionAttrs>();
  const size_t batches = static_cast<size_t>(a.batches), rows = attention_rows(a), m = static_cast<size_t>(a.m), per_batch = (m + rows - 1) / rows;
  env.parallel.each(batches, [&](size_t batch) { pack(in, a, batch); });
  const ThreadSlots slots(in, packed_attention_floats(a) * sizeof(float), score_floats(a) * sizeof(float), env);
  slots.each(env, batches * per_batch, [&](size_t block, uint8_t* scores) {
    const size_t row = block % per_batch * rows;
    run_rows(a, head_of(in, a, block / per_batch), row, m - row < rows ? m - row : rows, env.any_order, reinterpret_cast<float*>(scores));
  });
  return {};
}

}  // namespace verge::exec
