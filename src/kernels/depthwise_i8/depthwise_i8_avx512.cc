#include "kernels/depthwise_i8/lanes_avx512.h"

#include "kernels/depthwise_i8/generic.h"

namespace verge {
namespace {

struct MultiplyAdd {
  static __m512i products(__m512i acc, __m512i x, __m512i w) { return _mm512_add_epi32(acc, _mm512_madd_epi16(x, w)); }
};

}  // namespace

void depthwise_i8_avx512(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels) { run_depthwise<LanesAvx512<MultiplyAdd>>(conv, pixels); }

}  // namespace verge
