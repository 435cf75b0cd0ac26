#include "codegen/unpack.h"

#include "kernels/gemm_i8/conv_i8.h"

namespace verge::codegen {

std::vector<int8_t> unpack_conv_i8(const ConvGeometry& g, bool nibbles, const int8_t* packed) {
  const GemmI8Layout layout = conv_i8_layout(g, nibbles);
  const size_t step = layout.n * layout.taps * layout.k;
  std::vector<int8_t> out(static_cast<size_t>(g.groups) * step);
  for (size_t group = 0; group < static_cast<size_t>(g.groups); ++group) unpack_gemm_i8(layout, packed + group * layout.bytes(), out.data() + group * step);
  return out;
}

std::vector<int8_t> unpack_depthwise_i8(const ConvGeometry& g, const int8_t* packed) {
  const size_t channels = static_cast<size_t>(g.out_c), step = round_up_columns(channels);
  std::vector<int8_t> out;
  for (size_t c = 0; c < channels; ++c)
    for (size_t tap = 0; tap < g.taps(); ++tap) out.push_back(packed[tap * step + c]);
  return out;
}

}  // namespace verge::codegen
