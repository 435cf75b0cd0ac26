// C of operators of floats.
#include <algorithm>

#include "codegen/general_parts.h"
#include "core/text.h"
#include "kernels/gemm/igemm_f32.h"
#include "kernels/gemm/pack_f32.h"
#include "kernels/pool/pool_f32.h"
#include "kernels/reduce/reduce_f32.h"
#include "kernels/sparse/sparse_f32.h"
#include "ops/binary/binary_attrs.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"
#include "ops/matmul/matmul_attrs.h"
#include "ops/pool/pool_attrs.h"
#include "ops/reduce/reduce_attrs.h"
#include "ops/softmax/softmax_attrs.h"
#include "ops/unary/unary_attrs.h"

namespace verge::codegen {
namespace {

using Text = std::string;

class Maker : private InstructionReader {
 public:
  using InstructionReader::InstructionReader;

  std::optional<Result<General>> make() {
    switch (op()) {
      case exec::Op::conv_winograd_f32:  // the same weights; summed directly
      case exec::Op::conv_f32: return conv_f32();
      case exec::Op::depthwise_f32: return depthwise_f32();
      case exec::Op::dense_f32: return has(3) ? sparse_f32() : dense_f32();
      case exec::Op::reduce_f32: return reduce_f32();
      case exec::Op::softmax_f32: return softmax_f32();
      case exec::Op::unary_f32: return unary_f32();
      case exec::Op::binary_f32: return binary_f32();
      case exec::Op::pool_f32: return pool_f32();
      case exec::Op::matmul_f32: return matmul_f32();
      default: return std::nullopt;
    }
  }

 private:
  static Text product_fields(const ConvGeometry& g, float low, float high) { return window_fields(g) + ", " + real(low) + ", " + real(high) + ", $0, $1"; }

  General product_f32(const ConvGeometry& g, float low, float high, std::vector<float> weights, bool residual = false) {
    std::vector<float> bias;
    const size_t packed = packed_bias_f32_size(g.group_out());
    for (size_t o = 0; o < static_cast<size_t>(g.out_c); ++o) bias.push_back(in(2).as<float>()[o / g.group_out() * packed + o % g.group_out()]);
    General out;
    out.name = residual ? "vg_product_sum_f32" : "vg_product_f32";
    out.sources = {"fma_f32", "area", "product_f32"};
    if (residual) out.sources.push_back("product_sum_f32");
    out.fields = product_fields(g, low, high);
    out.constants = {constant_of(DataType::kF32, weights), constant_of(DataType::kF32, bias)};
    out.inputs = {0};
    if (residual) out.inputs.push_back(3);
    out.macs = macs_of(g);
    return out;
  }

  // [out_c][taps][k] out of panels.
  std::vector<float> unpacked(const ConvGeometry& g) const {
    const size_t n = g.group_out(), k = g.taps() * g.group_in(), group = packed_weights_f32_size(n, g.taps(), g.group_in());
    std::vector<float> out;
    for (size_t o = 0; o < static_cast<size_t>(g.out_c); ++o) {
      const size_t j = o % n;
      const float* panel = in(1).as<float>() + o / n * group + j / kPanelF32 * kPanelF32 * k + j % kPanelF32;
      for (size_t i = 0; i < k; ++i) out.push_back(panel[i * kPanelF32]);
    }
    return out;
  }

  Result<General> conv_f32() {
    const auto& a = attrs<exec::ConvF32Attrs>();
    const ConvGeometry g = exec::make_geometry(a.window, a.groups, in(0).shape, out().shape);
    return product_f32(g, a.clamp_min, a.clamp_max, unpacked(g), has(3));
  }

  Result<General> depthwise_f32() {
    const auto& a = attrs<exec::ConvF32Attrs>();
    const ConvGeometry g = exec::make_geometry(a.window, a.groups, in(0).shape, out().shape);
    const size_t step = packed_bias_f32_size(static_cast<size_t>(g.out_c));
    std::vector<float> weights;
    for (size_t o = 0; o < static_cast<size_t>(g.out_c); ++o)
      for (size_t t = 0; t < g.taps(); ++t) weights.push_back(in(1).as<float>()[t * step + o]);
    ConvGeometry together = g;
    together.groups = 1;  // biases of all channels lie together
    General out = product_f32(together, a.clamp_min, a.clamp_max, weights);
    out.fields = product_fields(g, a.clamp_min, a.clamp_max);
    out.macs = macs_of(g);
    return out;
  }

  // All of the matrix, zeros too.
  Result<General> sparse_f32() {
    const auto& a = attrs<exec::DenseF32Attrs>();
    const ConvGeometry g = exec::rows_geometry(in(0).shape, out().shape);
    const size_t n = g.group_out(), k = g.group_in();
    std::vector<float> weights(n * k);
    for (size_t p = 0; p * kSparseBlock < n; ++p)
      for (int32_t b = in(3).as<int32_t>()[p]; b < in(3).as<int32_t>()[p + 1]; ++b)
        for (size_t o = p * kSparseBlock; o < std::min(n, (p + 1) * kSparseBlock); ++o)
          weights[o * k + static_cast<size_t>(in(4).as<int32_t>()[b])] = in(1).as<float>()[static_cast<size_t>(b) * kSparseBlock + o % kSparseBlock];
    return product_f32(g, a.clamp_min, a.clamp_max, std::move(weights));
  }

  Result<General> dense_f32() {
    const auto& a = attrs<exec::DenseF32Attrs>();
    const ConvGeometry g = exec::rows_geometry(in(0).shape, out().shape);
    return product_f32(g, a.clamp_min, a.clamp_max, unpacked(g));
  }

  Result<General> reduce_f32() {
    const auto& a = attrs<exec::ReduceF32Attrs>();
    const auto f = static_cast<ReduceF32>(a.function);
    if (f == ReduceF32::kProd || f == ReduceF32::kLogSum || f == ReduceF32::kLogSumExp)
      return unsupported("of the reductions, sums, mean, max, min and norms have C");
    int64_t outer = 1, axis = 1, inner = 1;
    for (int d = 0; d < in(0).shape.rank; ++d) (d < a.first ? outer : d < a.last ? axis : inner) *= in(0).shape[d];
    General out;
    out.name = "vg_reduce_f32";
    out.sources = {"log_f32", "reduce_f32"};
    out.fields = format("%lld, %lld, %lld, %u", big(outer), big(axis), big(inner), a.function);
    out.inputs = {0};
    return out;
  }

  Result<General> softmax_f32() {
    if (attrs<exec::SoftmaxF32Attrs>().function != static_cast<uint32_t>(exec::SoftmaxFunction::kSoftmax)) return unsupported("the logarithm of softmax");
    const int64_t columns = in(0).shape.back(0);
    General out;
    out.name = "vg_softmax_f32";
    out.sources = {"fma_f32", "exp_f32", "softmax_f32"};
    out.fields = format("%lld, %lld", big(in(0).shape.count() / columns), big(columns));
    out.inputs = {0};
    return out;
  }

  Result<General> unary_f32() {
    const auto& a = attrs<exec::UnaryF32Attrs>();
    constexpr UnaryF32 kFunctions[] = {UnaryF32::kNeg,      UnaryF32::kAbs,    UnaryF32::kSquare,    UnaryF32::kReciprocal, UnaryF32::kExp,  UnaryF32::kTanh,
                                       UnaryF32::kRelu,     UnaryF32::kClamp,  UnaryF32::kLeakyRelu, UnaryF32::kAffine,     UnaryF32::kElu,  UnaryF32::kSigmoid,
                                       UnaryF32::kHsigmoid, UnaryF32::kHswish, UnaryF32::kSilu,      UnaryF32::kLog,        UnaryF32::kSqrt, UnaryF32::kRsqrt};
    const auto* found = std::find(std::begin(kFunctions), std::end(kFunctions), static_cast<UnaryF32>(a.function));
    if (found == std::end(kFunctions)) return unsupported("this function of floats");
    General out = pointwise("vg_unary_f32", "unary_f32",
                            format("%lld, %d, ", big(in(0).shape.count()), static_cast<int>(found - kFunctions)) + real(a.a) + ", " + real(a.b));
    out.sources = {"fma_f32", "exp_f32", "log_f32", "unary_f32"};
    out.elementwise = true;
    return out;
  }

  Result<General> binary_f32() {
    const auto& a = attrs<exec::BinaryF32Attrs>();
    if (a.function > static_cast<uint32_t>(BinaryF32::kSquaredDifference)) return unsupported("this function of two tensors of floats");
    General out = pointwise("vg_binary_f32", "binary_f32", broadcast() + format(", %u, ", a.function) + real(a.clamp_min) + ", " + real(a.clamp_max));
    out.sources = {"next_place", "binary_f32"};
    out.inputs = {0, 1};
    return out;
  }

  Result<General> pool_f32() {
    const auto& a = attrs<exec::PoolF32Attrs>();
    if (static_cast<PoolCount>(a.pool.count) != PoolCount::kInside) return unsupported("a pool that counts padding");
    General made = pointwise("vg_pool_f32", "pool_f32",
                             window_fields(exec::make_geometry(a.pool.window, 1, in(0).shape, out().shape)) +
                                 format(", %d, ", static_cast<PoolKind>(a.pool.kind) == PoolKind::kAverage) + real(a.clamp_min) + ", " + real(a.clamp_max));
    made.sources = {"area", "pool_f32"};
    return made;
  }

  Result<General> matmul_f32() {
    const auto& a = attrs<exec::MatmulAttrs>();
    int64_t batches = 1;
    for (int d = 0; d < a.batch_rank; ++d) batches *= a.batch[d];
    const auto matrices = [&](const int32_t* step) {
      std::vector<int32_t> places;
      for (int64_t b = 0; b < batches; ++b) {
        int64_t rest = b, matrix = 0;
        for (int d = a.batch_rank; d-- > 0; rest /= a.batch[d]) matrix += rest % a.batch[d] * step[d];
        places.push_back(static_cast<int32_t>(matrix));
      }
      return constant_of(DataType::kI32, places);
    };
    General made = pointwise("vg_matmul_f32", "matmul_f32", format("%d, %d, %d, %lld, %d, $0, $1", a.m, a.n, a.k, big(batches), a.trans_b));
    made.sources = {"fma_f32", "matmul_f32"};
    made.constants = {matrices(a.a_step), matrices(a.b_step)};
    made.inputs = {0, 1};
    made.macs = batches * a.m * a.n * a.k;
    return made;
  }
};

}  // namespace

std::optional<Result<General>> float_layer(const rt::Model& model, size_t index) { return Maker(model, index).make(); }

}  // namespace verge::codegen
