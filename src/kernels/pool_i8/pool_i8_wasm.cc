#include "kernels/requant/vector_wasm.h"

#include "kernels/pool_i8/generic.h"

namespace verge {
namespace {

struct Bytes {
  using Reg = v128_t;
  struct Sums {
    v128_t low, high;
  };

  static Reg load(const uint8_t* p, size_t n) {
    uint8_t last[16] = {};
    if (n < 16) p = static_cast<const uint8_t*>(std::memcpy(last, p, n));
    return wasm_v128_load(p);
  }
  static Reg flip(Reg x, uint8_t byte) { return wasm_v128_xor(x, wasm_u8x16_splat(byte)); }
  static Reg max(Reg x, Reg y) { return wasm_i8x16_max(x, y); }
  static void store(uint8_t* p, Reg x, size_t n) { store_first_bytes(p, x, n); }
  static Sums none() { return {wasm_i32x4_splat(0), wasm_i32x4_splat(0)}; }
  static Sums add(Sums s, Reg x) { return {wasm_i16x8_add(s.low, wasm_i16x8_extend_low_i8x16(x)), wasm_i16x8_add(s.high, wasm_i16x8_extend_high_i8x16(x))}; }
  static I32x16 widen(Sums s) {
    return {
        {wasm_i32x4_extend_low_i16x8(s.low), wasm_i32x4_extend_high_i16x8(s.low), wasm_i32x4_extend_low_i16x8(s.high), wasm_i32x4_extend_high_i16x8(s.high)}};
  }
};

}  // namespace

void sum_bytes_i8_wasm(size_t rows, const void* const* x, size_t n, uint8_t flip, int32_t* sums) { sum_bytes<Bytes>(rows, x, n, flip, sums); }
void max_bytes_i8_wasm(size_t rows, const void* const* x, size_t n, uint8_t flip, uint8_t* y) { max_bytes<Bytes>(rows, x, n, flip, y); }

}  // namespace verge
