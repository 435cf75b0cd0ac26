#include <arm_neon.h>

#include "kernels/lut/lut_i8.h"

namespace verge {

// A look-up covers 64 entries; an index beyond them leaves what the look-ups before have found.
void lut_i8_neon(size_t n, const uint8_t* x, const uint8_t* table, uint8_t* y) {
  const uint8x16x4_t first = vld1q_u8_x4(table), second = vld1q_u8_x4(table + 64), third = vld1q_u8_x4(table + 128), fourth = vld1q_u8_x4(table + 192);
  const uint8x16_t step = vdupq_n_u8(64);
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    uint8x16_t index = vld1q_u8(x + i);
    uint8x16_t found = vqtbl4q_u8(first, index);
    found = vqtbx4q_u8(found, second, index = vsubq_u8(index, step));
    found = vqtbx4q_u8(found, third, index = vsubq_u8(index, step));
    found = vqtbx4q_u8(found, fourth, vsubq_u8(index, step));
    vst1q_u8(y + i, found);
  }
  for (; i < n; ++i) y[i] = table[x[i]];
}

}  // namespace verge
