// attention_bf16   the same; the products are of bf16. Scratch: for every batch k and v packed, then for every thread an
//                  AttentionSlot. q, k, v and y may be bf16.
// attention_f32   in: q [.., m, dk], k [.., dk, n] or [.., n, dk], v [.., n, dv][, mask of n]; y = softmax(scale * q k + mask) v for each of `batches`.
// Scratch: for every batch k and v packed, then for every thread the scores of attention_rows() rows.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/gemm/matmul_f32.h"
#include "kernels/gemm_bf16/matmul_bf16.h"
#include "rt/op_table.h"

namespace verge::exec {

struct AttentionAttrs {
  int32_t batches = 1, m = 1, n = 1, dk = 1, dv = 1;
  int32_t trans_k = 0;  // k's matrices are [n, dk]
  float scale = 1;
};

// Operands and result of the attributes' sizes, each of a type that `takes` it; what both instructions want.
Status check_attention(const rt::Instruction& in, const AttentionAttrs* a, bool (*takes)(const TensorView& tensor));

// Rows of q whose scores are held at a time: they stay in the level 2 cache.
inline size_t attention_rows(const AttentionAttrs& a) {
  constexpr size_t kScores = 48 * 1024, kUnit = 24;  // a multiple of every kernel's tile
  const size_t rows = kScores / static_cast<size_t>(a.n) / kUnit * kUnit, m = static_cast<size_t>(a.m);
  return rows < kUnit ? (m < kUnit ? m : kUnit) : rows < m ? rows : m;
}

inline size_t packed_attention_floats(const AttentionAttrs& a) {
  const auto n = static_cast<size_t>(a.n);
  return static_cast<size_t>(a.batches) * (matmul_f32_scratch_size(n, static_cast<size_t>(a.dk)) + matmul_f32_scratch_size(static_cast<size_t>(a.dv), n));
}

// Rounded up, so that what follows lies at lines.
inline size_t score_floats(const AttentionAttrs& a) { return (attention_rows(a) * static_cast<size_t>(a.n) + 15) / 16 * 16; }

// Bytes of one batch's k and v in bf16.
inline size_t packed_attention_bf16(const AttentionAttrs& a) {
  const auto n = static_cast<size_t>(a.n);
  return matmul_bf16_packed_size(n, static_cast<size_t>(a.dk)) + matmul_bf16_packed_size(static_cast<size_t>(a.dv), padded_k_bf16(n));
}

// As attention_rows(), in whole tiles.
inline size_t attention_bf16_rows(const AttentionAttrs& a) {
  constexpr size_t kScores = 48 * 1024, kUnit = 32;
  const size_t rows = kScores / static_cast<size_t>(a.n) / kUnit * kUnit, m = static_cast<size_t>(a.m), most = rows < kUnit ? kUnit : rows;
  return most < m ? most : m;
}

// What a thread needs: where its parts begin, in bytes from the scores on.
struct AttentionSlot {
  size_t terms, means, factors, scratch, bytes;

  explicit AttentionSlot(const AttentionAttrs& a) {
    const auto line = [](size_t size) { return (size + 63) / 64 * 64; };
    const size_t rows = attention_bf16_rows(a), n = static_cast<size_t>(a.n), padded = padded_k_bf16(n), dv = static_cast<size_t>(a.dv);
    const size_t of_scores = conv_bf16_scratch_size(matmul_geometry(rows, n, static_cast<size_t>(a.dk))), of_means = conv_bf16_scratch_size(matmul_geometry(rows, dv, padded));
    terms = line(rows * n * sizeof(float));
    means = terms + line(rows * padded * sizeof(uint16_t));
    factors = means + line(rows * dv * sizeof(float));
    scratch = factors + line(rows * sizeof(float));
    bytes = scratch + (of_scores > of_means ? of_scores : of_means);
  }
};

}  // namespace verge::exec
