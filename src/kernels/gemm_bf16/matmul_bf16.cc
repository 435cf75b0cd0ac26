#include "kernels/gemm_bf16/matmul_bf16.h"

#include <cstring>

namespace verge {
namespace {

size_t weight_bytes(size_t n, size_t k) { return packed_weights_bf16_size(n, k) * sizeof(uint16_t); }

}  // namespace

size_t matmul_bf16_packed_size(size_t n, size_t k) { return weight_bytes(n, k) + padded_n_bf16(n) * sizeof(float); }

void pack_matmul_bf16(const MatmulBf16& p, void* packed) {
  pack_matrix_bf16(p.n, p.k, p.b, p.b_row_step, p.b_column_step, static_cast<uint16_t*>(packed));
  std::memset(static_cast<uint8_t*>(packed) + weight_bytes(p.n, p.k), 0, padded_n_bf16(p.n) * sizeof(float));
}

ConvGeometry matmul_geometry(size_t m, size_t n, size_t k) {
  const auto rows = static_cast<int32_t>(m);
  return {.in_h = rows, .in_c = static_cast<int32_t>(k), .out_h = rows, .out_c = static_cast<int32_t>(n)};
}

ConvBf16 packed_matmul_bf16(const MatmulBf16& p, const void* packed) {
  ConvBf16 conv;
  conv.geometry = matmul_geometry(p.m, p.n, p.k);
  conv.input = p.a;
  conv.input_step = p.a_step;
  conv.weights = static_cast<const uint16_t*>(packed);
  conv.bias = reinterpret_cast<const float*>(static_cast<const uint8_t*>(packed) + weight_bytes(p.n, p.k));
  conv.output = p.y;
  conv.output_step = p.y_step;
  conv.clamp = p.clamp;
  return conv;
}

}  // namespace verge
