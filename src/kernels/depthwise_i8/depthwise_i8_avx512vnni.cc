#include "kernels/depthwise_i8/columns_avx512vnni.h"
#include "kernels/depthwise_i8/lanes_avx512.h"

#include "kernels/depthwise_i8/generic.h"

namespace verge {
namespace {

struct DotProduct {
  static __m512i products(__m512i acc, __m512i x, __m512i w) { return _mm512_dpwssd_epi32(acc, x, w); }
};

}  // namespace

void depthwise_i8_avx512vnni(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels) {
  if (suits_columns(conv)) return conv.geometry.kernel_h == 3 ? DepthwiseColumns<3>(conv, pixels).run() : DepthwiseColumns<5>(conv, pixels).run();
  run_depthwise<LanesAvx512<DotProduct>>(conv, pixels);
}

}  // namespace verge
