// The integer contract (docs/integer.md) as operators use it on the host: the requantisation of a node, bounds of fused activations, tensors as numbers.
#pragma once
#include <limits>
#include <vector>

#include "base/requant.h"
#include "kernels/requant/requant.h"
#include "ops/op.h"

namespace verge::ops {

// The fused activation as real numbers: attributes clamp_min and clamp_max.
struct RealClamp {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  double operator()(double x) const { return x < min ? min : x > max ? max : x; }
};
RealClamp real_clamp(const Node& node);

// The same in the output's type: bounds of the type, narrowed by the activation.
struct IntegerClamp {
  int32_t min = 0, max = 0;
  int32_t operator()(int64_t x) const { return static_cast<int32_t>(x < min ? min : x > max ? max : x); }
};
IntegerClamp integer_clamp(const Node& node, const QuantParams& quant, DataType dtype);

// The attribute `requant`: "tflm" (default) or "onnx".
Result<RequantMode> requant_mode(const Node& node);

// Both data input and output are quantised: the operator computes in integers.
bool is_quantized(const Graph& graph, const Node& node);
bool is_quantized(const ReferenceContext& context);

inline bool is_8bit(DataType dtype) { return dtype == DataType::kI8 || dtype == DataType::kU8; }

// Zero point and scale of channel i, whether or not they are per channel; 0 and 1 where there are none.
int32_t zero_point(const QuantParams& quant, size_t i = 0);
float scale(const QuantParams& quant, size_t i = 0);

// x is quantised and the output real: sums of products become float numbers, without a grid in between.
bool gives_reals(const Graph& graph, const Node& node);
bool gives_reals(const ReferenceContext& context);

// Stored integers less their zero points.
std::vector<int64_t> centred(const Tensor& tensor);

// How sums of products become output: one multiplier a channel.
struct ChannelRequant {
  RequantMode mode = RequantMode::kTflm;
  std::vector<Multiplier> multiplier;  // tflm
  std::vector<float> scale;            // onnx; none: of a real output, scale of x times scale of w
  int32_t zero_point = 0;
  IntegerClamp clamp;
  bool wide = false;  // the sum has 64 bits: i16 activations whose bias is not i32

  int32_t operator()(int64_t sum, size_t channel) const;
};

// TensorFlow Lite's kernels make the multiplier of a product in different ways: convolutions multiply the scales in double, a dense layer (and every
// uint8 kernel) in float first.
enum class ScaleProduct : uint8_t { kDouble, kFloat };
inline ScaleProduct conv_scale_product(DataType x) { return x == DataType::kU8 ? ScaleProduct::kFloat : ScaleProduct::kDouble; }

// For an operator that sums products of x and w, `channels` along w's quantisation axis. Fails where a scale or zero point is not what the contract allows.
Result<ChannelRequant> channel_requant(const Node& node, const QuantParams& x, const QuantParams& w, const QuantParams& y, DataType y_dtype, size_t channels,
                                       ScaleProduct product);

// Whether sums of a product of activations x with this bias (kNone: none) have 64 bits.
inline bool is_wide_sum(DataType x, DataType bias) { return x == DataType::kI16 && bias != DataType::kI32; }

// Writes numbers into a tensor of any numeric type, integers saturating.
void store(const std::vector<double>& values, Tensor& out);

}  // namespace verge::ops
