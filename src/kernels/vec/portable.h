// F32: the f32 vector type of the portable kernels: the compilers' own vectors, in registers where the target has them, scalars elsewhere.
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace verge {
namespace {

struct F32 {
  typedef float Reg __attribute__((vector_size(16)));
  typedef int32_t Mask __attribute__((vector_size(16)));
  static constexpr int kWidth = 4;

  static Reg load(const float* p) {
    Reg v;
    std::memcpy(&v, p, sizeof(v));
    return v;
  }
  static Reg load_first(const float* p, size_t n) {  // n < kWidth, zeros after
    Reg v = {};
    for (size_t i = 0; i < n; ++i) v[i] = p[i];
    return v;
  }
  static void store(float* p, Reg v) { std::memcpy(p, &v, sizeof(v)); }
  static void store_first(float* p, Reg v, size_t n) {
    for (size_t i = 0; i < n; ++i) p[i] = v[i];
  }
  static Reg set1(float x) { return Reg{x, x, x, x}; }
  static Reg fma(Reg x, Reg y, Reg z) { return x * y + z; }
  static Reg add(Reg x, Reg y) { return x + y; }
  static Reg sub(Reg x, Reg y) { return x - y; }
  static Reg mul(Reg x, Reg y) { return x * y; }
  static Reg div(Reg x, Reg y) { return x / y; }
  static Reg sqrt(Reg x) { return Reg{__builtin_sqrtf(x[0]), __builtin_sqrtf(x[1]), __builtin_sqrtf(x[2]), __builtin_sqrtf(x[3])}; }
  static Reg min(Reg limit, Reg x) { return limit < x ? limit : x; }  // x when either is NaN
  static Reg max(Reg limit, Reg x) { return limit > x ? limit : x; }
  static Mask less(Reg x, Reg y) { return x < y; }
  static Reg select(Mask m, Reg yes, Reg no) { return m ? yes : no; }
  static Reg abs(Reg x) { return as_float(as_int(x) & 0x7fffffff); }
  static Reg sign_of(Reg from, Reg magnitude) { return as_float(as_int(magnitude) | (as_int(from) & INT32_MIN)); }  // magnitude >= 0
  // Half to even; |x| < 2^22: adding 1.5 * 2^23 leaves no fraction bits.
  static Reg round(Reg x) { return (x + 12582912.0f) - 12582912.0f; }
  // 2^n for integral n in [-126, 127].
  static Reg exp2i(Reg n) { return as_float((__builtin_convertvector(n, Mask) + 127) << 23); }

 private:
  static Mask as_int(Reg x) { return reinterpret_cast<Mask>(x); }
  static Reg as_float(Mask x) { return reinterpret_cast<Reg>(x); }
};

}  // namespace
}  // namespace verge
