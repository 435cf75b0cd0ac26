// A convolution or dense layer on 8-bit integers with constant weights, seen channel by channel: what constant_channels asks of it.
#pragma once
#include <optional>
#include <vector>

#include "ir/graph.h"
#include "ops/quantized.h"

namespace verge::passes {

// What an integer can be: low <= q <= high.
struct Interval {
  int64_t low = 0, high = 0;
  bool constant() const { return low == high; }
  bool within(const Interval& other) const { return other.low <= low && high <= other.high; }
  friend bool operator==(const Interval&, const Interval&) = default;
};
Interval hull(const Interval& a, const Interval& b);
// Every value of an 8-bit type.
Interval type_interval(DataType dtype);

// Points into the graph's constants: good until the node or its constants change.
class IntegerLayer {
 public:
  // None for another operator, another element type, shapes that are not known or weights that are not constant.
  static std::optional<IntegerLayer> of(const Graph& graph, const Node& node);

  int in_axis = 0, out_axis = 0;  // where x and y have their channels
  size_t groups = 1, group_in = 0, group_out = 0;
  int64_t x_zero_point = 0;

  size_t inputs() const { return groups * group_in; }
  size_t outputs() const { return groups * group_out; }
  // The weight of output `o` for channel `i` of its group, less its zero point.
  int32_t weight(size_t o, size_t tap, size_t i) const {
    const uint8_t byte = weights_[(o * taps_ + tap) * group_in + i];
    return (unsigned_ ? byte : static_cast<int8_t>(byte)) - zero_points_[o];
  }
  // All weights of output `o` for channel `i` of its group are zero.
  bool ignores(size_t o, size_t i) const;
  // The sum of those weights, where every output pixel sees the same sum: none when padding hides some of them at the border.
  std::optional<int64_t> uniform_sum(size_t o, size_t i) const;
  // What the accumulator of output `o` can be, bias included, for x within `x` (one interval for each input channel).
  Interval accumulator(size_t o, const std::vector<Interval>& x) const;
  // What output `o` can be for such an accumulator. All that the activation leaves when the accumulator might not fit 32 bits.
  Interval output(size_t o, const Interval& accumulator) const;

 private:
  using Taps = std::vector<uint32_t>;
  IntegerLayer() = default;
  bool read_conv(const Node& node, const TensorType& x, const Shape& w, const TensorType& y);
  void read_dense(const TensorType& x, const Shape& w);
  bool read_requant(const Graph& graph, const Node& node);

  size_t taps_ = 1;
  bool unsigned_ = false;
  const uint8_t* weights_ = nullptr;
  const QuantParams* quant_ = nullptr;
  std::vector<int32_t> zero_points_;  // of the weights, one for each output
  const Tensor* bias_ = nullptr;
  ops::ChannelRequant requant_;
  std::vector<Taps> windows_;  // the sets of taps that lie inside the input together; empty: too many to tell, any set is possible
};

}  // namespace verge::passes
