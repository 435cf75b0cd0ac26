#include "exec/layers.h"

#include "exec/op_codes.h"
#include "ops/activated_attrs.h"
#include "ops/conv/conv_attrs.h"
#include "ops/dense/dense_attrs.h"

namespace verge::exec {
namespace {

template <typename Attrs> ConvGeometry geometry_of(const rt::Instruction& in, const Attrs& attrs) {
  return make_geometry(attrs.window, attrs.groups, in.in(0).shape, in.out().shape);
}

ConvGeometry float_geometry(const rt::Instruction& in) { return geometry_of(in, *activated<ConvF32Attrs>(in).plain); }

}  // namespace

bool layer_of(const rt::Instruction& in, LayerFamily* family, ConvGeometry* geometry) {
  constexpr int kSparseInputs = 5;
  const auto is = [&](LayerFamily f, const ConvGeometry& g) { return *family = f, *geometry = g, true; };
  switch (static_cast<Op>(in.op)) {
    case Op::conv_f32: return is(LayerFamily::kConvF32, float_geometry(in));
    case Op::conv_winograd_f32: return is(LayerFamily::kWinogradF32, float_geometry(in));
    case Op::conv_bf16: return is(LayerFamily::kConvBf16, float_geometry(in));
    case Op::conv_i8: return is(LayerFamily::kConvI8, geometry_of(in, *in.attrs_as<ConvI8Attrs>()));
    case Op::depthwise_i8: return is(LayerFamily::kDepthwiseI8, geometry_of(in, *in.attrs_as<ConvI8Attrs>()));
    case Op::dense_f32: return in.in_count != kSparseInputs && is(LayerFamily::kConvF32, rows_geometry(in.in(0).shape, in.out().shape));
    case Op::dense_bf16: return is(LayerFamily::kConvBf16, rows_geometry(in.in(0).shape, in.out().shape));
    case Op::dense_i8: return is(LayerFamily::kConvI8, rows_geometry(in.in(0).shape, in.out().shape));
    default: return false;
  }
}

}  // namespace verge::exec
