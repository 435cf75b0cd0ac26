#include <immintrin.h>

#include <cmath>

#include "kernels/requant/vector_avx512.h"

#include "kernels/binary_i8/generic.h"

namespace verge {
namespace {

double real(const Multiplier& m) { return std::ldexp(static_cast<double>(m.multiplier), m.shift - 31); }

// A sum of bytes as x * wx + y * wy + c in fixed point. It is off by less than `margin` of it, so its integer part is the sum's value by the exact rule
// wherever the value is not that near to where the rule rounds up.
struct FixedSum {
  static constexpr int kLowBits = 8, kHalfLow = 1 << (kLowBits - 1);  // c is rounded to the bits above the low ones
  int bits = 0;                                                       // of fraction
  int32_t wx = 0, wy = 0;
  int32_t c = 0;  // with a half, and the margin
  uint32_t margin = 0;
  bool fits = false;

  explicit FixedSum(const BinaryI8& p) {
    double x = static_cast<double>(p.x_scale) / p.z_scale, y = static_cast<double>(p.y_scale) / p.z_scale, error = 255 * (x + y) * 0x1.9p-23;  // floats round three times
    if (p.mode == RequantMode::kTflm) {
      const double z = real(p.z);
      x = 0x1p20 * real(p.x) * z, y = 0x1p20 * real(p.y) * z;
      error = 2 * z + std::ldexp(1.0, p.z.shift);  // products and the shift round
    }
    const double most = 255 * (x + y) + 256;
    if (!(x > 0 && y > 0 && most < 0x1p12)) return;
    while (bits < 22 && std::ldexp(most, bits + 1) < 0x1p31 && std::ldexp(std::fmax(x, y), bits + 1) < 0x1p23 - 1) ++bits;
    const double unit = std::ldexp(1.0, bits);
    wx = static_cast<int32_t>(std::lrint(x * unit));
    wy = static_cast<int32_t>(std::lrint(y * unit));
    error = unit * error + 255 * (std::fabs(x * unit - wx) + std::fabs(y * unit - wy));
    margin = static_cast<uint32_t>(error) + kHalfLow + 2;
    c = (static_cast<int32_t>(std::lrint(unit * (p.z_zero_point + 0.5 - x * p.x_zero_point - y * p.y_zero_point))) + static_cast<int32_t>(margin) + kHalfLow) >> kLowBits;
    fits = std::ldexp(4.0 * margin, 6) < unit;
  }
};

// 64 bytes at once, as pairs (x, y) of 16 bits: a product with the weights' upper bits, shifted, and one with the lower.
// Sixteen sums of which one is too near to where it rounds up are made by the exact rule.
template <bool is_unsigned, typename Exact> class Sum64 {
 public:
  Sum64(const FixedSum& f, const BinaryI8& p)
      : high_(pair(f.wx >> f.kLowBits, f.wy >> f.kLowBits)), low_(pair(f.wx & 0xff, f.wy & 0xff)), c_(splat16(f.c)), fraction_(splat16((1 << f.bits) - 1)),
        near_(splat16(static_cast<int32_t>(2 * f.margin))), shift_(_mm_cvtsi32_si128(f.bits)), min_(_mm512_set1_epi8(static_cast<char>(p.min))),
        max_(_mm512_set1_epi8(static_cast<char>(p.max))), exact_(p), x_zero_(splat16(p.x_zero_point)), y_zero_(splat16(p.y_zero_point)) {}

  void operator()(const uint8_t* x, const uint8_t* y, uint8_t* z) const {
    const Pairs p(x, y);
    const I32x16 a = sum(p.of[0]), b = sum(p.of[1]), c = sum(p.of[2]), d = sum(p.of[3]);
    const I32x16 least = _mm512_min_epu32(_mm512_min_epu32(fraction(a), fraction(b)), _mm512_min_epu32(fraction(c), fraction(d)));
    if (is_near(least)) [[unlikely]] return store(z, rounded(a, p.of[0]), rounded(b, p.of[1]), rounded(c, p.of[2]), rounded(d, p.of[3]));
    store(z, whole(a), whole(b), whole(c), whole(d));
  }

 private:
  static I32x16 pair(int32_t x, int32_t y) { return splat16(static_cast<int32_t>(static_cast<uint32_t>(y) << 16 | static_cast<uint32_t>(x))); }
  struct Pairs {
    I32x16 of[4];
    Pairs(const uint8_t* x, const uint8_t* y) {
      for (int i = 0; i < 2; ++i) {
        const I32x16 a = words(x + 32 * i), b = words(y + 32 * i);
        of[2 * i] = _mm512_unpacklo_epi16(a, b), of[2 * i + 1] = _mm512_unpackhi_epi16(a, b);
      }
    }
    static I32x16 words(const uint8_t* p) {
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
      return is_unsigned ? _mm512_cvtepu8_epi16(v) : _mm512_cvtepi8_epi16(v);
    }
  };
  I32x16 sum(I32x16 pairs) const { return _mm512_dpwssd_epi32(_mm512_slli_epi32(_mm512_dpwssd_epi32(c_, high_, pairs), FixedSum::kLowBits), low_, pairs); }
  I32x16 fraction(I32x16 sum) const { return _mm512_and_si512(sum, fraction_); }
  I32x16 whole(I32x16 sum) const { return _mm512_sra_epi32(sum, shift_); }
  bool is_near(I32x16 fractions) const { return _mm512_cmplt_epu32_mask(fractions, near_) != 0; }
  I32x16 rounded(I32x16 sum, I32x16 pairs) const {
    if (!is_near(fraction(sum))) return whole(sum);
    return exact_(sub16(_mm512_srai_epi32(_mm512_slli_epi32(pairs, 16), 16), x_zero_), sub16(_mm512_srai_epi32(pairs, 16), y_zero_));
  }
  void store(uint8_t* z, I32x16 a, I32x16 b, I32x16 c, I32x16 d) const {
    const __m512i first = _mm512_packs_epi32(a, b), second = _mm512_packs_epi32(c, d);
    const __m512i bytes = is_unsigned ? _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(first, second), min_), max_)
                                      : _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(first, second), min_), max_);
    _mm512_storeu_si512(z, _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), bytes));
  }

  I32x16 high_, low_, c_, fraction_, near_;
  __m128i shift_;
  __m512i min_, max_;
  Exact exact_;
  I32x16 x_zero_, y_zero_;
};

template <typename Sum> void run_fixed(const FixedSum& fixed, const BinaryI8& params, const BinaryI8Runs& runs) {
  const Sum sum(fixed, params);
  const size_t whole = runs.n / 64 * 64;
  for (size_t r = 0; r < runs.rows; ++r) {
    const uint8_t *x = static_cast<const uint8_t*>(runs.x) + r * runs.x_row, *y = static_cast<const uint8_t*>(runs.y) + r * runs.y_row;
    auto* z = static_cast<uint8_t*>(runs.z) + r * runs.z_row;
    for (size_t at = 0; at < whole; at += 64) sum(x + at, y + at, z + at);
    if (whole < runs.n) binary_i8_avx512(BinaryI8Op::kAdd, params, {1, runs.n - whole, x + whole, 0, 1, y + whole, 0, 1, z + whole, 0});
  }
}

template <typename Exact> void run_exact(const FixedSum& fixed, const BinaryI8& params, const BinaryI8Runs& runs) {
  (params.is_unsigned ? run_fixed<Sum64<true, Exact>> : run_fixed<Sum64<false, Exact>>)(fixed, params, runs);
}

}  // namespace

void binary_i8_avx512vnni(BinaryI8Op op, const BinaryI8& params, const BinaryI8Runs& runs) {
  constexpr size_t kFewest = 256;
  if (op != BinaryI8Op::kAdd || params.is_wide || runs.x_step != 1 || runs.y_step != 1 || runs.n < kFewest) return binary_i8_avx512(op, params, runs);
  const FixedSum fixed(params);
  if (!fixed.fits) return binary_i8_avx512(op, params, runs);
  const bool onnx = params.mode == RequantMode::kOnnx;
  (onnx ? run_exact<BinaryOnnx16<BinaryI8Op::kAdd>> : run_exact<BinaryTflm16<BinaryI8Op::kAdd, 20>>)(fixed, params, runs);
}

}  // namespace verge
