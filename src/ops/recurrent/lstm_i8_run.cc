#include <cstring>

#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/lstm_i8/lstm_i8.h"
#include "ops/recurrent/lstm_i8_attrs.h"

namespace verge::exec {
namespace {

constexpr int32_t kMostCells = 1 << 16, kMostInputs = 1 << 16;  // sums of products of bytes stay within 31 bits

bool is_matrix(const TensorView& t, DataType dtype, int32_t rows, int32_t columns) {
  return t.dtype == dtype && t.shape.rank == 2 && t.shape[0] == rows && t.shape[1] == columns;
}

bool multipliers_fit(const int32_t* multiplier, const int32_t* shift, int n) {
  for (int i = 0; i < n; ++i)
    if (!usable_multiplier(multiplier[i], shift[i])) return false;
  return true;
}

bool attrs_fit(const LstmI8Attrs& a) {
  return multipliers_fit(a.input_multiplier, a.input_shift, 4) && multipliers_fit(a.recurrent_multiplier, a.recurrent_shift, 4) &&
         usable_multiplier(a.hidden_multiplier, a.hidden_shift) && a.hidden_zero_point >= -128 && a.hidden_zero_point <= 127 && a.cell_bits >= 9 && a.cell_bits <= 15 &&
         a.cell_clip >= 0 && a.cell_clip <= INT16_MAX;
}

LstmI8 lstm_of(const rt::Instruction& in) {
  const auto& a = *in.attrs_as<LstmI8Attrs>();
  LstmI8 lstm;
  lstm.inputs = static_cast<size_t>(in.in(0).shape[2]);
  lstm.cells = static_cast<size_t>(in.in(2).shape[1]);
  lstm.w = in.in(1).as<int8_t>();
  lstm.r = in.in(2).as<int8_t>();
  lstm.bias = in.in(3).as<int32_t>();
  lstm.r_bias = lstm.bias + kLstmGates * lstm.cells;
  for (int g = 0; g < kLstmGates; ++g) {
    lstm.input[g] = {a.input_multiplier[g], a.input_shift[g]};
    lstm.recurrent[g] = {a.recurrent_multiplier[g], a.recurrent_shift[g]};
  }
  lstm.hidden = {a.hidden_multiplier, a.hidden_shift};
  lstm.h_zero_point = a.hidden_zero_point;
  lstm.cell_bits = a.cell_bits;
  lstm.cell_clip = a.cell_clip;
  lstm.coupled = a.coupled != 0;
  return lstm;
}

}  // namespace

Status check_lstm_i8(const rt::Instruction& in) {
  const auto* a = in.attrs_as<LstmI8Attrs>();
  VERGE_REQUIRE(a && attrs_fit(*a) && arity(in, 6, 3), Code::kCorrupt);
  const TensorView &x = in.in(0), &r = in.in(2), &y = in.out(0);
  VERGE_REQUIRE(is_type(x, DataType::kI8) && x.shape.rank == 3 && r.shape.rank == 2, Code::kCorrupt);
  const int32_t batch = x.shape[0], inputs = x.shape[2], cells = r.shape[1];
  VERGE_REQUIRE(cells >= 1 && cells <= kMostCells && inputs >= 1 && inputs <= kMostInputs, Code::kCorrupt);
  VERGE_REQUIRE(is_matrix(in.in(1), DataType::kI8, 4 * cells, inputs) && is_matrix(r, DataType::kI8, 4 * cells, cells), Code::kCorrupt);
  VERGE_REQUIRE(is_matrix(in.in(3), DataType::kI32, 2, 4 * cells), Code::kCorrupt);
  VERGE_REQUIRE(is_matrix(in.in(4), DataType::kI8, batch, cells) && is_matrix(in.in(5), DataType::kI16, batch, cells), Code::kCorrupt);
  VERGE_REQUIRE(is_matrix(in.out(1), DataType::kI8, batch, cells) && is_matrix(in.out(2), DataType::kI16, batch, cells), Code::kCorrupt);
  VERGE_REQUIRE(is_type(y, DataType::kI8) && y.shape.rank == 3 && y.shape[0] == batch && y.shape[1] == x.shape[1] && y.shape[2] == cells, Code::kCorrupt);
  VERGE_REQUIRE(in.scratch_bytes() >= static_cast<size_t>(cells) * kLstmGates * sizeof(int16_t), Code::kCorrupt);
  return {};
}

Status run_lstm_i8(const rt::Instruction& in, const rt::RunEnv&) {
  const LstmI8 lstm = lstm_of(in);
  const bool backward = in.attrs_as<LstmI8Attrs>()->backward != 0;
  const auto batch = static_cast<size_t>(in.in(0).shape[0]), time = static_cast<size_t>(in.in(0).shape[1]), cells = lstm.cells;
  auto *h = in.out(1).mut<int8_t>();
  auto *c = in.out(2).mut<int16_t>();
  std::memmove(h, in.in(4).data, batch * cells);
  std::memmove(c, in.in(5).data, batch * cells * sizeof(int16_t));
  for (size_t b = 0; b < batch; ++b)
    for (size_t step = 0; step < time; ++step) {
      const size_t at = b * time + (backward ? time - 1 - step : step);
      lstm_i8_step(lstm, in.in(0).as<int8_t>() + at * lstm.inputs, h + b * cells, c + b * cells, in.scratch()->mut<int16_t>());
      std::memmove(in.out(0).mut<int8_t>() + at * cells, h + b * cells, cells);
    }
  return {};
}

}  // namespace verge::exec
