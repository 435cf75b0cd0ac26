// Cases of convolution that every executor passes.
#pragma once
#include <cmath>

#include "testing/op_case.h"

namespace verge::testing {

struct ConvShape {
  std::string name;
  Shape x, w;  // nhwc, [out, kh, kw, in / groups]
  Attrs attrs;
};

inline Attrs conv_attrs(std::vector<int64_t> strides, std::vector<int64_t> pads, std::vector<int64_t> dilations = {1, 1}, int64_t groups = 1) {
  return {{"layout", std::string("nhwc")}, {"strides", std::move(strides)}, {"pads", std::move(pads)}, {"dilations", std::move(dilations)}, {"groups", groups}};
}
inline Attrs with(Attrs attrs, const std::string& name, Attr value) {
  attrs[name] = std::move(value);
  return attrs;
}

inline std::vector<ConvShape> conv_shapes() {
  return {
      {"pointwise", {1, 5, 7, 24}, {40, 1, 1, 24}, conv_attrs({1, 1}, {0, 0, 0, 0})},
      {"pointwise_stride_2", {2, 5, 7, 9}, {17, 1, 1, 9}, conv_attrs({2, 2}, {0, 0, 0, 0})},
      {"kernel_3", {1, 8, 8, 16}, {16, 3, 3, 16}, conv_attrs({1, 1}, {1, 1, 1, 1})},
      {"kernel_3_stride_2_batch", {2, 9, 7, 5}, {11, 3, 3, 5}, conv_attrs({2, 2}, {0, 1, 1, 0})},
      {"same_upper", {1, 8, 7, 3}, {18, 3, 3, 3}, with(conv_attrs({2, 2}, {0, 0, 0, 0}), "auto_pad", std::string("same_upper"))},
      {"same_lower", {1, 8, 7, 3}, {18, 4, 2, 3}, with(conv_attrs({2, 1}, {0, 0, 0, 0}), "auto_pad", std::string("same_lower"))},
      {"one_channel", {1, 12, 10, 1}, {8, 5, 4, 1}, conv_attrs({2, 2}, {2, 1, 1, 2})},
      {"dilated", {1, 11, 9, 6}, {7, 3, 2, 6}, conv_attrs({1, 2}, {2, 1, 2, 2}, {2, 3})},
      {"groups_2", {1, 6, 6, 20}, {34, 3, 3, 10}, conv_attrs({1, 1}, {1, 1, 1, 1}, {1, 1}, 2)},
      {"depthwise_3", {1, 7, 9, 20}, {20, 3, 3, 1}, conv_attrs({1, 1}, {1, 1, 1, 1}, {1, 1}, 20)},
      {"depthwise_stride_2", {2, 8, 6, 16}, {16, 3, 3, 1}, conv_attrs({2, 2}, {0, 0, 1, 1}, {1, 1}, 16)},
      {"depthwise_5_dilated", {1, 12, 11, 7}, {7, 5, 5, 1}, conv_attrs({1, 1}, {4, 4, 4, 4}, {2, 2}, 7)},
      {"depthwise_multiplier", {1, 6, 5, 6}, {18, 3, 3, 1}, conv_attrs({1, 1}, {1, 1, 1, 1}, {1, 1}, 6)},
      {"one_channel_depthwise", {1, 10, 4, 1}, {8, 4, 3, 1}, conv_attrs({2, 1}, {1, 1, 2, 1})},
      {"depthwise_few_channels", {1, 9, 18, 8}, {8, 3, 3, 1}, conv_attrs({1, 1}, {1, 1, 1, 1}, {1, 1}, 8)},
      {"many_taps", {1, 17, 18, 2}, {5, 16, 15, 2}, conv_attrs({1, 1}, {0, 0, 0, 0})},
      {"kernel_wider_than_input", {1, 2, 3, 4}, {3, 5, 7, 4}, conv_attrs({1, 1}, {2, 3, 2, 3})},
      {"several_blocks", {1, 24, 24, 32}, {44, 3, 3, 32}, conv_attrs({1, 1}, {1, 1, 1, 1})},
  };
}

inline std::vector<OpCase> conv_f32_cases() {
  std::vector<OpCase> cases;
  for (const ConvShape& s : conv_shapes())
    cases.push_back(op_case("conv_f32_" + s.name, "conv", s.attrs, {fed(random_f32(s.x, 1)), constant(random_f32(s.w, 2)), constant(random_f32({s.w[0]}, 3))}, {{}}, s.w.count(1, 4)));
  const Attrs same = conv_attrs({1, 1}, {1, 1, 1, 1}), clamped = with(with(same, "clamp_min", 0.0), "clamp_max", 0.5);
  const CaseInput x = fed(random_f32({1, 6, 6, 8}, 4)), w = constant(random_f32({12, 3, 3, 8}, 5)), b = constant(random_f32({12}, 6));
  const CaseInput residual = fed(random_f32({1, 6, 6, 12}, 7));
  cases.push_back(op_case("conv_f32_no_bias", "conv", same, {x, w}, {{}}, 72));
  cases.push_back(op_case("conv_f32_clamp", "conv", clamped, {x, w, b}, {{}}, 72));
  cases.push_back(op_case("conv_f32_residual", "conv", clamped, {x, w, b, residual}, {{}}, 72));
  cases.push_back(op_case("conv_f32_residual_without_bias", "conv", same, {x, w, absent(), residual}, {{}}, 72));
  cases.push_back(op_case("conv_f32_depthwise_clamp", "conv", with(with(conv_attrs({1, 1}, {1, 1, 1, 1}, {1, 1}, 8), "clamp_min", -0.25), "clamp_max", 0.5),
                          {x, constant(random_f32({8, 3, 3, 1}, 8)), constant(random_f32({8}, 9))}, {{}}, 9));
  // As many roundings as four times the products: Winograd's transforms lose two bits of what the direct sum keeps.
  const CaseInput wide = fed(random_f32({1, 24, 23, 32}, 10)), filters = constant(random_f32({48, 3, 3, 32}, 11));
  cases.push_back(op_case("conv_f32_winograd", "conv", same, {wide, filters}, {{}}, 4 * 9 * 32));
  cases.push_back(op_case("conv_f32_winograd_residual", "conv", clamped, {wide, filters, constant(random_f32({48}, 12)), fed(random_f32({1, 24, 23, 48}, 13))}, {{}}, 4 * 9 * 32));
  return cases;
}

// The types and parameters of one quantised convolution.
struct ConvQuant {
  std::string name;
  DataType x = DataType::kI8, w = DataType::kI8, y = DataType::kI8;
  int32_t x_zero = 0, y_zero = 0;
  bool per_channel = true;
  int32_t w_zero = 0;  // of every channel; per channel it grows by one with each
  std::string requant = "tflm";
};

inline QuantParams weight_quant(const ConvQuant& q, int32_t channels) {
  if (!q.per_channel) return quant(0.01f, q.w_zero);
  QuantParams out{{}, {}, 0};
  for (int32_t o = 0; o < channels; ++o) {
    out.scale.push_back(0.002f + 0.003f * static_cast<float>(o % 7));
    out.zero_point.push_back(q.w_zero == 0 ? 0 : q.w_zero + o % 5);
  }
  return out;
}

// x, w, b and output of a quantised sum of `terms` products; the output's scale puts about a tenth of the values at the ends of the type.
inline OpCase quantized_product(const std::string& name, const std::string& op, const Attrs& attrs, const ConvQuant& q, const Shape& x, const Shape& w, int64_t terms) {
  const float y_scale = 0.02f * 0.01f * 74.0f * std::sqrt(static_cast<float>(terms)) / 1.6f;
  return op_case(name, op, with(attrs, "requant", q.requant),
                 {fed(random_bytes(q.x, x, 1, quant(0.02f, q.x_zero))), constant(random_bytes(q.w, w, 2, weight_quant(q, w[0]))),
                  constant(random_integers(DataType::kI32, {w[0]}, 3, -3000, 3000))},
                 {{q.y, quant(y_scale, q.y_zero)}});
}

inline std::vector<ConvQuant> conv_quants() {
  const DataType i8 = DataType::kI8, u8 = DataType::kU8;
  return {
      {"i8", i8, i8, i8, 3, -5},
      {"i8_extreme_low", i8, i8, i8, -128, -128},
      {"i8_extreme_high", i8, i8, i8, 127, 127, false},
      {"u8_asymmetric_weights", u8, u8, u8, 119, 4, false, 151},
      {"u8_zero_points_at_the_ends", u8, u8, u8, 255, 0, false, 129},
      {"i8_onnx", i8, i8, i8, -7, 11, true, 0, "onnx"},
      {"u8_onnx", u8, i8, u8, 128, 0, true, 0, "onnx"},
      {"u8_u8_onnx", u8, u8, u8, 0, 255, false, 131, "onnx"},
      {"u8_weight_zero_point_per_channel_onnx", u8, u8, u8, 12, 100, true, 120, "onnx"},
  };
}

// The same of int16 activations; the width of the bias chooses that of the sum.
inline OpCase product_i16(const std::string& name, const std::string& op, const Attrs& attrs, DataType bias, const Shape& x, const Shape& w, int64_t terms) {
  ConvQuant q{"i16", DataType::kI16};
  const float y_scale = 0.0001f * 0.01f * 74.0f * std::sqrt(static_cast<float>(terms)) / 1.6f;
  return op_case(name, op, attrs,
                 {fed(random_halves(x, 1, quant(0.0001f, 0))), constant(random_bytes(DataType::kI8, w, 2, weight_quant(q, w[0]))),
                  bias == DataType::kNone ? absent() : constant(random_integers(bias, {w[0]}, 3, -3000000, 3000000))},
                 {{DataType::kI16, quant(y_scale, 0)}});
}

inline std::vector<OpCase> conv_i16_cases() {
  std::vector<OpCase> cases;
  for (const ConvShape& s : conv_shapes())
    for (const DataType bias : {DataType::kNone, DataType::kI32, DataType::kI64})
      cases.push_back(product_i16("conv_i16_" + s.name + "_bias_" + dtype_name(bias), "conv", with(s.attrs, "clamp_min", -1.0), bias, s.x, s.w, s.w.count(1, 4)));
  return cases;
}

inline std::vector<OpCase> conv_i8_cases() {
  std::vector<OpCase> cases;
  for (const ConvShape& s : conv_shapes())
    for (const ConvQuant& q : conv_quants()) cases.push_back(quantized_product("conv_" + q.name + "_" + s.name, "conv", s.attrs, q, s.x, s.w, s.w.count(1, 4)));
  const Attrs same = conv_attrs({1, 1}, {1, 1, 1, 1});
  for (const ConvQuant& q : conv_quants()) {
    cases.push_back(quantized_product("conv_" + q.name + "_relu6", "conv", with(with(same, "clamp_min", 0.0), "clamp_max", 6.0), q, {1, 5, 5, 8}, {12, 3, 3, 8}, 72));
    OpCase no_bias = quantized_product("conv_" + q.name + "_no_bias", "conv", same, q, {1, 5, 5, 8}, {12, 3, 3, 8}, 72);
    no_bias.graph.node(no_bias.graph.order()[0]).inputs.resize(2);
    cases.push_back(std::move(no_bias));
  }
  return cases;
}

}  // namespace verge::testing
