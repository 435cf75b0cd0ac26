#include "kernels/requant/vector_neon.h"

#include "kernels/gemm_i8/generic.h"

namespace verge {
namespace {

// Products of two columns at a time in int16, added in pairs to int32: two lanes a column.
struct Widened {
  struct Acc {
    int32x4_t q[8];  // columns 2i, 2i, 2i+1, 2i+1
  };
  using X = int8x8_t;  // the four bytes twice
  static constexpr int32_t kOffset = 0;

  static Acc zero() {
    Acc acc;
    for (auto& q : acc.q) q = vdupq_n_s32(0);
    return acc;
  }
  static X broadcast(uint32_t word) { return vreinterpret_s8_u32(vdup_n_u32(word)); }
  static X load(const uint8_t* p, uint32_t flip) { return broadcast(load_word(p) ^ flip); }
  template <int rows, int panels> static void step(Acc (&acc)[rows][panels], const int8_t* w, size_t stride, const X (&x)[rows]) {
    for (size_t p = 0; p < panels; ++p)
      for (int i = 0; i < 4; ++i) {
        const int8x16_t weights = vld1q_s8(w + p * stride + 16 * i);
        for (int r = 0; r < rows; ++r) {
          acc[r][p].q[2 * i] = vpadalq_s16(acc[r][p].q[2 * i], vmull_s8(vget_low_s8(weights), x[r]));
          acc[r][p].q[2 * i + 1] = vpadalq_s16(acc[r][p].q[2 * i + 1], vmull_s8(vget_high_s8(weights), x[r]));
        }
      }
  }
  static void expand(const int8_t* packed, int8_t* bytes) { expand_nibbles(packed, bytes); }
  static I32x16 sums(const Acc& a) {
    return quarters16<I32x16>([&](int i) { return vpaddq_s32(a.q[2 * i], a.q[2 * i + 1]); });
  }
};

}  // namespace

void gemm_i8_i8_2x16_neon(const GemmI8& g, const GemmI8Tile& tile) { run_gemm<Widened, 2, 1>(g, tile); }

}  // namespace verge
