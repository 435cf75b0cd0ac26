// Bf16: the vector type of the portable kernels for numbers that are bf16 in memory and f32 in registers.
#include "kernels/bf16/bf16.h"
#include "kernels/vec/portable.h"

namespace verge {
namespace {

struct Bf16 : F32 {
  using F32::load, F32::load_first, F32::store, F32::store_first;

  static Reg load(const uint16_t* p) { return load_first(p, kWidth); }
  static Reg load_first(const uint16_t* p, size_t n) {
    float v[kWidth] = {};
    widen_bf16_portable(n, p, v);
    return F32::load(v);
  }
  static void store(uint16_t* p, Reg v) { store_first(p, v, kWidth); }
  static void store_first(uint16_t* p, Reg v, size_t n) {
    float x[kWidth];
    F32::store(x, v);
    round_bf16_portable({1, n, x, n, p, n});
  }
};

}  // namespace
}  // namespace verge
