// A layer of LSTM in integers on the device (kernels/lstm_i8/lstm_i8.h).
//
//   in: 0 x i8 [batch, time, inputs]   1 w i8 [4 cells, inputs]   2 r i8 [4 cells, cells]   3 biases i32 [2, 4 cells], zero points folded
//       4 h i8 [batch, cells]          5 c i16 [batch, cells]
//   out: y i8 [batch, time, cells], then h and c after the last step; scratch: i16 [4 cells]
#pragma once
#include <cstdint>

namespace verge::exec {

struct LstmI8Attrs {
  int32_t input_multiplier[4] = {}, input_shift[4] = {};
  int32_t recurrent_multiplier[4] = {}, recurrent_shift[4] = {};
  int32_t hidden_multiplier = 0, hidden_shift = 0;
  int32_t hidden_zero_point = 0;
  int32_t cell_bits = 0;
  int32_t cell_clip = 0;
  uint32_t coupled = 0;
  uint32_t backward = 0;
};

}  // namespace verge::exec
