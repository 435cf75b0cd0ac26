#include "exec/checks.h"
#include "exec/op_codes.h"
#include "exec/reals.h"
#include "exec/thread_slots.h"
#include "kernels/gemm/matmul_f32.h"
#include "kernels/gemm_bf16/matmul_bf16.h"
#include "kernels/gemm_i8/matmul_i8.h"
#include "ops/matmul/matmul_attrs.h"

namespace verge::exec {
namespace {

int64_t batches(const MatmulAttrs& a) {
  int64_t count = 1;
  for (int i = 0; i < a.batch_rank; ++i) count *= a.batch[i];
  return count;
}

// The number of the matrix that batch `index` reads.
int64_t matrix_at(const MatmulAttrs& a, const int32_t* step, int64_t index) {
  int64_t matrix = 0;
  for (int i = a.batch_rank - 1; i >= 0; index /= a.batch[i], --i) matrix += index % a.batch[i] * step[i];
  return matrix;
}

// How many matrices the steps reach.
int64_t matrices(const MatmulAttrs& a, const int32_t* step) { return matrix_at(a, step, batches(a) - 1) + 1; }

bool dimensions_fit(const MatmulAttrs& a, int64_t results) {
  constexpr int32_t kMost = 1 << 28;
  if (a.m < 1 || a.n < 1 || a.k < 1 || a.m > kMost || a.n > kMost || a.k > kMost || a.batch_rank < 0 || a.batch_rank > kMatmulBatchRank) return false;
  int64_t count = int64_t{a.m} * a.n;
  for (int i = 0; i < a.batch_rank; ++i) {
    if (a.batch[i] < 1 || a.a_step[i] < 0 || a.b_step[i] < 0 || count > results / a.batch[i]) return false;
    count *= a.batch[i];
  }
  return count == results;
}

// `tensor` holds as many matrices of rows x columns as the steps reach.
bool operand_fits(const TensorView& tensor, DataType dtype, const MatmulAttrs& a, const int32_t* step, int64_t rows, int64_t columns) {
  return tensor.dtype == dtype && matrices(a, step) <= tensor.shape.count() / (rows * columns);
}

MatmulF32 matmul_of(const rt::Instruction& in, const MatmulAttrs& a, int64_t a_matrix, int64_t b_matrix, int64_t y_matrix) {
  const auto m = static_cast<size_t>(a.m), n = static_cast<size_t>(a.n), k = static_cast<size_t>(a.k);
  return {.m = m, .n = n, .k = k,
          .a = in.in(0).as<float>() + static_cast<size_t>(a_matrix) * m * k, .a_step = k,
          .b = in.in(1).as<float>() + static_cast<size_t>(b_matrix) * k * n, .b_row_step = a.trans_b ? 1 : n, .b_column_step = a.trans_b ? k : 1,
          .y = in.out().mut<float>() + static_cast<size_t>(y_matrix) * m * n, .y_step = n};
}

MatmulBf16 matmul_bf16_of(const rt::Instruction& in, const MatmulAttrs& a, int64_t a_matrix, int64_t b_matrix, int64_t y_matrix) {
  const auto m = static_cast<size_t>(a.m), n = static_cast<size_t>(a.n), k = static_cast<size_t>(a.k);
  return {.m = m, .n = n, .k = k,
          .a = reals(in.in(0)).from(static_cast<size_t>(a_matrix) * m * k), .a_step = k,
          .b = reals(in.in(1)).from(static_cast<size_t>(b_matrix) * k * n), .b_row_step = a.trans_b ? 1 : n, .b_column_step = a.trans_b ? k : 1,
          .y = reals_out(in.out()).from(static_cast<size_t>(y_matrix) * m * n), .y_step = n, .clamp = {}};
}

float* packed_at(const rt::Instruction& in, const MatmulAttrs& a, int64_t b_matrix) {
  return in.scratch()->mut<float>() + static_cast<size_t>(b_matrix) * matmul_f32_scratch_size(static_cast<size_t>(a.n), static_cast<size_t>(a.k));
}

bool operands_fit(const rt::Instruction& in, const MatmulAttrs& a, DataType dtype) {
  return operand_fits(in.in(0), dtype, a, a.a_step, a.m, a.k) && operand_fits(in.in(1), dtype, a, a.b_step, a.k, a.n);
}

MatmulI8 matmul_i8_of(const rt::Instruction& in, const MatmulI8Attrs& attrs, int64_t a_matrix, int64_t b_matrix, int64_t y_matrix) {
  const MatmulAttrs& a = attrs.product;
  const auto m = static_cast<size_t>(a.m), n = static_cast<size_t>(a.n), k = static_cast<size_t>(a.k);
  const auto view = [](int32_t q, DataType type) { return type == DataType::kU8 ? q - 128 : q; };
  MatmulI8 p{.m = m, .n = n, .k = k,
             .a = in.in(0).as<uint8_t>() + static_cast<size_t>(a_matrix) * m * k, .a_unsigned = in.in(0).dtype == DataType::kU8, .a_zero_point = view(attrs.a_zero_point, in.in(0).dtype),
             .b = in.in(1).as<uint8_t>() + static_cast<size_t>(b_matrix) * k * n, .b_row_step = a.trans_b ? 1 : n, .b_column_step = a.trans_b ? k : 1,
             .b_unsigned = in.in(1).dtype == DataType::kU8, .b_zero_point = view(attrs.b_zero_point, in.in(1).dtype),
             .y = in.out().mut<uint8_t>() + static_cast<size_t>(y_matrix) * m * n,
             .requant = {}, .multiplier = {attrs.multiplier, attrs.shift}, .scale = attrs.scale};
  p.requant.mode = static_cast<RequantMode>(attrs.requant.mode);
  p.requant.zero_point = attrs.requant.zero_point, p.requant.min = attrs.requant.min, p.requant.max = attrs.requant.max;
  return p;
}

uint8_t* packed_i8_at(const rt::Instruction& in, const MatmulAttrs& a, int64_t b_matrix) {
  return in.scratch()->mut<uint8_t>() + static_cast<size_t>(b_matrix) * matmul_i8_scratch_size(static_cast<size_t>(a.n), static_cast<size_t>(a.k));
}

// One row of y = a b. Integers come as unsigned ones, which wrap.
template <typename T> void plain_row(const MatmulAttrs& a, const T* x, const T* b, T* y) {
  const auto n = static_cast<size_t>(a.n), k = static_cast<size_t>(a.k);
  for (size_t j = 0; j < n; ++j) {
    T sum = 0;
    for (size_t c = 0; c < k; ++c) sum += x[c] * b[a.trans_b ? j * k + c : c * n + j];
    y[j] = sum;
  }
}

template <typename T> void plain_product(const rt::Instruction& in, const MatmulAttrs& a, const rt::RunEnv& env) {
  const auto m = static_cast<size_t>(a.m), n = static_cast<size_t>(a.n), k = static_cast<size_t>(a.k);
  env.parallel.each(static_cast<size_t>(batches(a)) * m, [&](size_t i) {
    const auto batch = static_cast<int64_t>(i / m);
    const T* x = in.in(0).as<T>() + (static_cast<size_t>(matrix_at(a, a.a_step, batch)) * m + i % m) * k;
    plain_row(a, x, in.in(1).as<T>() + static_cast<size_t>(matrix_at(a, a.b_step, batch)) * n * k, in.out().mut<T>() + i * n);
  });
}

}  // namespace

Status check_matmul_plain(const rt::Instruction& in) {
  const auto* a = in.attrs_as<MatmulAttrs>();
  VERGE_REQUIRE(a && arity(in, 2, 1) && dimensions_fit(*a, in.out().shape.count()), Code::kCorrupt);
  VERGE_REQUIRE(in.out().dtype == DataType::kI32 || in.out().dtype == DataType::kI64 || in.out().dtype == DataType::kF64, Code::kCorrupt);
  VERGE_REQUIRE(operands_fit(in, *a, in.out().dtype), Code::kCorrupt);
  return {};
}

Status run_matmul_plain(const rt::Instruction& in, const rt::RunEnv& env) {
  const MatmulAttrs& a = *in.attrs_as<MatmulAttrs>();
  if (in.out().dtype == DataType::kI32) plain_product<uint32_t>(in, a, env);
  else if (in.out().dtype == DataType::kF64) plain_product<double>(in, a, env);
  else plain_product<uint64_t>(in, a, env);
  return {};
}

Status check_matmul_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<MatmulAttrs>();
  VERGE_REQUIRE(a && arity(in, 2, 1) && in.out().dtype == DataType::kF32 && dimensions_fit(*a, in.out().shape.count()), Code::kCorrupt);
  VERGE_REQUIRE(operands_fit(in, *a, DataType::kF32), Code::kCorrupt);
  const uint64_t floats = static_cast<uint64_t>(matrices(*a, a->b_step)) * matmul_f32_scratch_size(static_cast<size_t>(a->n), static_cast<size_t>(a->k));
  VERGE_REQUIRE(in.scratch_bytes() / sizeof(float) >= floats, Code::kCorrupt);
  return {};
}

Status run_matmul_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const MatmulAttrs& a = *in.attrs_as<MatmulAttrs>();
  env.parallel.each(static_cast<size_t>(matrices(a, a.b_step)), [&](size_t b) {
    const auto matrix = static_cast<int64_t>(b);
    pack_matmul_f32(matmul_of(in, a, 0, matrix, 0), packed_at(in, a, matrix));
  });
  const auto product = [&](int64_t a_matrix, int64_t b_matrix, int64_t y_matrix) {
    ConvF32 conv = packed_matmul_f32(matmul_of(in, a, a_matrix, b_matrix, y_matrix), packed_at(in, a, b_matrix));
    conv.any_order = env.any_order;
    return conv;
  };
  const size_t blocks = conv_f32_blocks(product(0, 0, 0), env.parallel.threads);
  env.parallel.each(static_cast<size_t>(batches(a)) * blocks, [&](size_t i) {
    const auto batch = static_cast<int64_t>(i / blocks);
    conv_f32_block(product(matrix_at(a, a.a_step, batch), matrix_at(a, a.b_step, batch), batch), env.parallel.threads, i % blocks);
  });
  return {};
}

Status check_matmul_bf16(const rt::Instruction& in) {
  const auto* a = in.attrs_as<MatmulAttrs>();
  VERGE_REQUIRE(a && arity(in, 2, 1) && is_real(in.in(0)) && is_real(in.in(1)) && is_real(in.out()) && dimensions_fit(*a, in.out().shape.count()), Code::kCorrupt);
  VERGE_REQUIRE(operand_fits(in.in(0), in.in(0).dtype, *a, a->a_step, a->m, a->k) && operand_fits(in.in(1), in.in(1).dtype, *a, a->b_step, a->k, a->n), Code::kCorrupt);
  const auto n = static_cast<size_t>(a->n), k = static_cast<size_t>(a->k);
  const ConvGeometry g = matmul_geometry(static_cast<size_t>(a->m), n, k);
  VERGE_REQUIRE(conv_bf16_fits(g), Code::kCorrupt);
  const uint64_t bytes = static_cast<uint64_t>(matrices(*a, a->b_step)) * matmul_bf16_packed_size(n, k) + conv_bf16_scratch_size(g);
  VERGE_REQUIRE(in.scratch() && in.scratch_bytes() >= bytes && lies_at_lines(*in.scratch()), Code::kCorrupt);
  return {};
}

Status run_matmul_bf16(const rt::Instruction& in, const rt::RunEnv& env) {
  const MatmulAttrs& a = *in.attrs_as<MatmulAttrs>();
  const size_t packed = matmul_bf16_packed_size(static_cast<size_t>(a.n), static_cast<size_t>(a.k)), count = static_cast<size_t>(matrices(a, a.b_step));
  uint8_t* at = in.scratch()->mut<uint8_t>();
  env.parallel.each(count, [&](size_t b) { pack_matmul_bf16(matmul_bf16_of(in, a, 0, static_cast<int64_t>(b), 0), at + b * packed); });
  const ConvBf16 first = packed_matmul_bf16(matmul_bf16_of(in, a, 0, 0, 0), at);
  const ThreadSlots slots(in, count * packed, conv_bf16_scratch_size(first.geometry), env);
  const size_t blocks = conv_bf16_blocks(first, slots.count);
  slots.each(env, static_cast<size_t>(batches(a)) * blocks, [&](size_t i, uint8_t* scratch) {
    const auto batch = static_cast<int64_t>(i / blocks);
    const int64_t b_matrix = matrix_at(a, a.b_step, batch);
    conv_bf16_block(packed_matmul_bf16(matmul_bf16_of(in, a, matrix_at(a, a.a_step, batch), b_matrix, batch), at + static_cast<size_t>(b_matrix) * packed), slots.count, i % blocks, scratch);
  });
  return {};
}

Status check_matmul_i8(const rt::Instruction& in) {
  const auto* attrs = in.attrs_as<MatmulI8Attrs>();
  VERGE_REQUIRE(attrs && arity(in, 2, 1) && dimensions_fit(attrs->product, in.out().shape.count()), Code::kCorrupt);
  const MatmulAttrs& a = attrs->product;
  VERGE_REQUIRE(is_byte(in.in(0).dtype) && is_byte(in.in(1).dtype), Code::kCorrupt);
  VERGE_REQUIRE(operand_fits(in.in(0), in.in(0).dtype, a, a.a_step, a.m, a.k) && operand_fits(in.in(1), in.in(1).dtype, a, a.b_step, a.k, a.n), Code::kCorrupt);
  VERGE_REQUIRE(integer_range(in.in(0).dtype).holds(attrs->a_zero_point) && integer_range(in.in(1).dtype).holds(attrs->b_zero_point), Code::kCorrupt);
  VERGE_RETURN_IF_BAD(check_requant(attrs->requant, in));
  const bool onnx = attrs->requant.mode == static_cast<int16_t>(RequantMode::kOnnx);
  VERGE_REQUIRE(onnx ? attrs->scale >= 0 && attrs->scale < 1e9f : usable_multiplier(attrs->multiplier, attrs->shift), Code::kCorrupt);
  const uint64_t bytes = static_cast<uint64_t>(matrices(a, a.b_step)) * matmul_i8_scratch_size(static_cast<size_t>(a.n), static_cast<size_t>(a.k));
  VERGE_REQUIRE(in.scratch_bytes() >= bytes && lies_at_lines(*in.scratch()), Code::kCorrupt);
  return {};
}

Status run_matmul_i8(const rt::Instruction& in, const rt::RunEnv& env) {
  const MatmulI8Attrs& attrs = *in.attrs_as<MatmulI8Attrs>();
  const MatmulAttrs& a = attrs.product;
  env.parallel.each(static_cast<size_t>(matrices(a, a.b_step)), [&](size_t b) {
    const auto matrix = static_cast<int64_t>(b);
    pack_matmul_i8(matmul_i8_of(in, attrs, 0, matrix, 0), packed_i8_at(in, a, matrix));
  });
  const size_t blocks = conv_i8_blocks(packed_matmul_i8(matmul_i8_of(in, attrs, 0, 0, 0), packed_i8_at(in, a, 0)).geometry);
  env.parallel.each(static_cast<size_t>(batches(a)) * blocks, [&](size_t i) {
    const auto batch = static_cast<int64_t>(i / blocks);
    const int64_t b_matrix = matrix_at(a, a.b_step, batch);
    conv_i8_block(packed_matmul_i8(matmul_i8_of(in, attrs, matrix_at(a, a.a_step, batch), b_matrix, batch), packed_i8_at(in, a, b_matrix)), i % blocks);
  });
  return {};
}

}  // namespace verge::exec
