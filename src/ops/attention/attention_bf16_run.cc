#include <string.h>

#include "exec/op_codes.h"
#include "exec/reals.h"
#include "exec/thread_slots.h"
#include "kernels/softmax_bf16/softmax_bf16.h"
#include "ops/attention/attention_attrs.h"

namespace verge::exec {
namespace {

size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

// One batch of an instruction.
struct Head {
  const AttentionAttrs& a;
  Reals q, k, v;
  const float* mask;
  uint8_t* packed;  // of the scores, and behind it of the means
  RealsOut y;

  Head(const rt::Instruction& in, size_t batch)
      : a(*in.attrs_as<AttentionAttrs>()), q(reals(in.in(0)).from(batch * m() * dk())), k(reals(in.in(1)).from(batch * n() * dk())), v(reals(in.in(2)).from(batch * n() * dv())),
        mask(in.has(3) ? in.in(3).as<float>() : nullptr), packed(in.scratch()->mut<uint8_t>() + batch * packed_attention_bf16(a)),
        y(reals_out(in.out()).from(batch * m() * dv())) {}

  size_t m() const { return static_cast<size_t>(a.m); }
  size_t n() const { return static_cast<size_t>(a.n); }
  size_t dk() const { return static_cast<size_t>(a.dk); }
  size_t dv() const { return static_cast<size_t>(a.dv); }
  uint8_t* packed_means() const { return packed + matmul_bf16_packed_size(n(), dk()); }

  MatmulBf16 scores(size_t row, size_t rows, float* to) const {
    return {.m = rows, .n = n(), .k = dk(), .a = q.from(row * dk()), .a_step = dk(), .b = k, .b_row_step = a.trans_k ? 1 : n(), .b_column_step = a.trans_k ? dk() : 1,
            .y = {to, false}, .y_step = n(), .clamp = {}};
  }
  // The terms' rows are filled up with zeros.
  MatmulBf16 means(size_t rows, const uint16_t* terms, float* to) const {
    const size_t step = padded_k_bf16(n());
    return {.m = rows, .n = dv(), .k = n(), .a = {terms, true}, .a_step = step, .b = v, .b_row_step = dv(), .b_column_step = 1, .y = {to, false}, .y_step = dv(), .clamp = {}};
  }
  void pack() const {
    pack_matmul_bf16(scores(0, 1, nullptr), packed);
    pack_matmul_bf16(means(1, nullptr, nullptr), packed_means());
  }
};

void run_product(MatmulBf16 product, size_t k, const uint8_t* packed, void* scratch) {
  product.k = k;
  const ConvBf16 conv = packed_matmul_bf16(product, packed);
  for (size_t block = 0, blocks = conv_bf16_blocks(conv, 1); block < blocks; ++block) conv_bf16_block(conv, 1, block, scratch);
}

// The means times their rows' factors, to where they shall lie.
void store_means(const Head& h, size_t row, size_t rows, float* means, const float* factor) {
  const size_t dv = h.dv();
  for (size_t r = 0; r < rows; ++r) {
    float* mean = means + r * dv;
    for (size_t i = 0; i < dv; ++i) mean[i] *= factor[r];
  }
  const RealsOut y = h.y.from(row * dv);
  if (y.half) return rounded(y, rows * dv, means);
  memcpy(y.data, means, rows * dv * sizeof(float));
}

// The terms of the softmax lie over nothing else: scores, terms, means, factors, scratch of the products.
void run_rows(const Head& h, size_t row, size_t rows, uint8_t* slot) {
  const AttentionSlot parts(h.a);
  auto* scores = reinterpret_cast<float*>(slot);
  auto* terms = reinterpret_cast<uint16_t*>(slot + parts.terms);
  auto *means = reinterpret_cast<float*>(slot + parts.means), *factor = reinterpret_cast<float*>(slot + parts.factors);
  const size_t step = padded_k_bf16(h.n());
  run_product(h.scores(row, rows, scores), h.dk(), h.packed, slot + parts.scratch);
  pick_softmax_bf16()({rows, h.n(), scores, h.n(), h.a.scale, h.mask, terms, step, factor});
  run_product(h.means(rows, terms, means), step, h.packed_means(), slot + parts.scratch);
  store_means(h, row, rows, means, factor);
}

}  // namespace

Status check_attention_bf16(const rt::Instruction& in) {
  const auto* a = in.attrs_as<AttentionAttrs>();
  VERGE_RETURN_IF_BAD(check_attention(in, a, is_real));
  const size_t rows = attention_bf16_rows(*a), n = padded_k_bf16(static_cast<size_t>(a->n));
  VERGE_REQUIRE(conv_bf16_fits(matmul_geometry(rows, n, static_cast<size_t>(a->dk))) && conv_bf16_fits(matmul_geometry(rows, static_cast<size_t>(a->dv), n)), Code::kCorrupt);
  const uint64_t bytes = static_cast<uint64_t>(a->batches) * packed_attention_bf16(*a) + AttentionSlot(*a).bytes;
  VERGE_REQUIRE(in.scratch() && in.scratch_bytes() >= bytes && reinterpret_cast<uintptr_t>(in.scratch()->data) % 64 == 0, Code::kCorrupt);
  return {};
}

Status run_attention_bf16(const rt::Instruction& in, const rt::RunEnv& env) {
  const AttentionAttrs& a = *in.attrs_as<AttentionAttrs>();
  const size_t batches = static_cast<size_t>(a.batches), rows = attention_bf16_rows(a), m = static_cast<size_t>(a.m), per_batch = divide_up(m, rows);
  env.parallel.each(batches, [&](size_t batch) { Head(in, batch).pack(); });
  const ThreadSlots slots(in, batches * packed_attention_bf16(a), AttentionSlot(a).bytes, env);
  slots.each(env, batches * per_batch, [&](size_t block, uint8_t* slot) {
    const size_t row = block % per_batch * rows;
    run_rows(Head(in, block / per_batch), row, m - row < rows ? m - row : rows, slot);
  });
  return {};
}

}  // namespace verge::exec
