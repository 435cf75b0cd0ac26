#include "kernels/requant/vector_neon.h"

#include "kernels/gemm_i8/generic.h"

namespace verge {
namespace {

// SDOT adds the products of four bytes to each lane, a column each.
struct Dot {
  using Acc = I32x16;
  using X = int8x16_t;  // the four bytes four times
  static constexpr int32_t kOffset = 0;

  static Acc zero() { return splat16(0); }
  static X broadcast(uint32_t word) { return vreinterpretq_s8_u32(vdupq_n_u32(word)); }
  static X load(const uint8_t* p, uint32_t flip) { return broadcast(load_word(p) ^ flip); }
  template <int rows, int panels> static void step(Acc (&acc)[rows][panels], const int8_t* w, size_t stride, const X (&x)[rows]) {
    for (size_t p = 0; p < panels; ++p)
      for (int i = 0; i < 4; ++i) {
        const int8x16_t weights = vld1q_s8(w + p * stride + 16 * i);
        for (int r = 0; r < rows; ++r) acc[r][p].q[i] = vdotq_s32(acc[r][p].q[i], weights, x[r]);
      }
  }
  static X load_four(const uint8_t* p, uint32_t flip) { return veorq_s8(vreinterpretq_s8_u8(vld1q_u8(p)), broadcast(flip)); }
  template <int lane, int rows, int panels> static void lane_step(Acc (&acc)[rows][panels], const int8_t* w, size_t stride, const X (&x)[rows]) {
    for (size_t p = 0; p < panels; ++p)
      for (int i = 0; i < 4; ++i) {
        const int8x16_t weights = vld1q_s8(w + p * stride + 16 * i);
        for (int r = 0; r < rows; ++r) acc[r][p].q[i] = vdotq_laneq_s32(acc[r][p].q[i], weights, x[r], lane);
      }
  }
  static void expand(const int8_t* packed, int8_t* bytes) { expand_nibbles(packed, bytes); }
  static I32x16 sums(const Acc& acc) { return acc; }
};

}  // namespace

void gemm_i8_i8_6x16_neondot(const GemmI8& g, const GemmI8Tile& tile) { run_gemm<Dot, 6, 1>(g, tile); }

}  // namespace verge
