#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/reduce_i8/reduce_i8.h"
#include "kernels/requant/scales.h"
#include "ops/quantize/requantize.h"
#include "ops/quantized.h"
#include "ops/reduce/reduce.h"
#include "ops/reference_tools.h"

namespace verge::ops {
namespace {

// For each output element the flat indices of the inputs that it is made of, in order.
std::vector<std::vector<int64_t>> sources(const Shape& x, const std::vector<int>& axes, int64_t outputs) {
  std::vector<std::vector<int64_t>> from(static_cast<size_t>(outputs));
  for (int64_t i = 0; i < x.count(); ++i) {
    const Coordinates at = coordinates_of(x, i);
    int64_t o = 0;
    for (int d = 0; d < x.rank; ++d)
      if (std::find(axes.begin(), axes.end(), d) == axes.end()) o = o * x[d] + at[d];
    from[o].push_back(i);
  }
  return from;
}

double real_value(ReduceF32 f, const std::vector<double>& x) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double sum = 0, product = 1, absolute = 0, squares = 0, most = -kInfinity, least = kInfinity, exps = 0;
  for (double v : x) {
    sum += v, product *= v, absolute += std::fabs(v), squares += v * v;
    most = v != v || v > most ? v : most;
    least = v != v || v < least ? v : least;
  }
  for (double v : x) exps += std::exp(v - most);
  switch (f) {
    case ReduceF32::kSum: return sum;
    case ReduceF32::kMean: return sum / static_cast<double>(x.size());
    case ReduceF32::kMax: return most;
    case ReduceF32::kMin: return least;
    case ReduceF32::kProd: return product;
    case ReduceF32::kSumSquare: return squares;
    case ReduceF32::kL1: return absolute;
    case ReduceF32::kL2: return std::sqrt(squares);
    case ReduceF32::kLogSum: return std::log(sum);
    case ReduceF32::kLogSumExp: return x.empty() ? -kInfinity : most + std::log(exps);
  }
  return 0;
}

int64_t integer_value(ReduceF32 f, const std::vector<int64_t>& x) {
  uint64_t sum = 0, product = 1, absolute = 0, squares = 0;
  for (int64_t v : x) {
    const auto u = static_cast<uint64_t>(v);
    sum += u, product *= u, absolute += v < 0 ? 0 - u : u, squares += u * u;
  }
  switch (f) {
    case ReduceF32::kMean: return x.empty() ? 0 : static_cast<int64_t>(sum) / static_cast<int64_t>(x.size());
    case ReduceF32::kMax: return x.empty() ? std::numeric_limits<int64_t>::min() : *std::max_element(x.begin(), x.end());
    case ReduceF32::kMin: return x.empty() ? std::numeric_limits<int64_t>::max() : *std::min_element(x.begin(), x.end());
    case ReduceF32::kProd: return static_cast<int64_t>(product);
    case ReduceF32::kSumSquare: return static_cast<int64_t>(squares);
    case ReduceF32::kL1: return static_cast<int64_t>(absolute);
    default: return static_cast<int64_t>(sum);
  }
}

// mean and sum by the contract; max and min requantised after.
Result<int64_t> quantized_result(ReduceF32 f, const std::vector<int64_t>& q, const AffineType& x, const AffineType& y, RequantMode mode) {
  if (f == ReduceF32::kMax || f == ReduceF32::kMin) {
    std::vector<int64_t> one{integer_value(f, q)};
    requantize_all(one, x, y, mode);
    return one[0];
  }
  if (f != ReduceF32::kMean && f != ReduceF32::kSum) return unsupported("this reduction has no integer rule");
  const auto n = static_cast<int64_t>(q.size());
  const auto centred = static_cast<int32_t>(integer_value(ReduceF32::kSum, q) - n * x.zero_point);
  if (mode == RequantMode::kOnnx) {
    const float scale = x.scale / y.scale;
    return y.saturated(std::nearbyint(static_cast<double>(static_cast<float>(centred) * (f == ReduceF32::kMean ? scale / static_cast<float>(n) : scale))) + y.zero_point);
  }
  const Multiplier m = ratio_multiplier(x.scale, y.scale);
  const int64_t scaled = multiply_by_quantized_multiplier(centred, f == ReduceF32::kMean ? mean_multiplier(m, n) : m);
  return y.saturated(static_cast<double>(scaled + y.zero_point));
}

}  // namespace

Result<void> reference_reduce(ReferenceContext& c) {
  const Tensor& x = c.in[0];
  Tensor& y = c.out[0];
  const ReduceF32 f = reduce_function(c.node);
  VERGE_TRY(const std::vector<int> axes, reduced_axes(c.node, x.shape().rank));
  const auto from = sources(x.shape(), axes, y.count());
  if (!is_integer(x.dtype())) {
    std::vector<double> values(from.size());
    for (size_t o = 0; o < from.size(); ++o) {
      std::vector<double> line;
      for (int64_t i : from[o]) line.push_back(x.at(i));
      values[o] = real_value(f, line);
    }
    fill(y, values);
    return done();
  }
  const bool is_quantized = !x.quant().empty() && !y.quant().empty();
  if (!is_quantized && !reduces_integers(f)) return unsupported(c.node.op + " of " + dtype_name(x.dtype()));
  const std::vector<int64_t> all = x.to_ints();
  std::vector<int64_t> values(from.size());
  for (size_t o = 0; o < from.size(); ++o) {
    std::vector<int64_t> line;
    for (int64_t i : from[o]) line.push_back(all[i]);
    if (!is_quantized) {
      values[o] = integer_value(f, line);
      continue;
    }
    VERGE_TRY(const AffineType from_type, affine_type(x, "input"));
    VERGE_TRY(const AffineType to_type, affine_type(y, "output"));
    VERGE_TRY(const RequantMode mode, requant_mode(c.node));
    VERGE_TRY(values[o], quantized_result(f, line, from_type, to_type, mode));
  }
  fill_wrapping(y, values);
  return done();
}

}  // namespace verge::ops
