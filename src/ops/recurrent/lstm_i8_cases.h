// Cases of the integer LSTM that every executor passes.
#pragma once
#include "testing/op_case.h"

namespace verge::testing {

inline OpCase lstm_i8_case(const std::string& name, int32_t batch, int32_t time, int32_t inputs, int32_t cells, Attrs attrs) {
  QuantParams w{{}, {}, 0}, r{{}, {}, 0};
  for (int32_t i = 0; i < 4 * cells; ++i) {
    w.scale.push_back(0.004f + 0.002f * static_cast<float>(i / cells)), w.zero_point.push_back(0);
    r.scale.push_back(0.005f + 0.001f * static_cast<float>(i / cells)), r.zero_point.push_back(0);
  }
  attrs.insert({{"hidden_scale", 1.0 / 128}, {"hidden_zero_point", int64_t{-3}}});
  const QuantParams h = quant(1.0f / 128, -3), c = quant(0x1p-11f, 0);
  return op_case("lstm_i8_" + name, "lstm_i8", std::move(attrs),
                 {fed(random_bytes(DataType::kI8, {batch, time, inputs}, 1, quant(0.02f, 11))), constant(random_bytes(DataType::kI8, {4 * cells, inputs}, 2, w)),
                  constant(random_bytes(DataType::kI8, {4 * cells, cells}, 3, r)), constant(random_integers(DataType::kI32, {4 * cells}, 4, -3000, 3000)),
                  fed(random_bytes(DataType::kI8, {batch, cells}, 5, h)), fed(random_integers(DataType::kI16, {batch, cells}, 6, -2000, 2000, c))},
                 {{DataType::kI8, h}, {DataType::kI8, h}, {DataType::kI16, c}});
}

inline std::vector<OpCase> lstm_i8_cases() {
  return {lstm_i8_case("one_step", 1, 1, 7, 5, {}), lstm_i8_case("sequences", 3, 9, 20, 17, {}), lstm_i8_case("backward", 2, 4, 3, 16, {{"backward", int64_t{1}}}),
          lstm_i8_case("coupled_and_clipped", 1, 6, 33, 8, {{"coupled", int64_t{1}}, {"cell_clip", 0.3}})};
}

}  // namespace verge::testing
