#include <immintrin.h>

#include <cmath>

#include "kernels/binary_i8/binary_i8.h"

namespace verge {
namespace {

double real(const Multiplier& m) { return std::ldexp(static_cast<double>(m.multiplier), m.shift - 31); }

// A sum of bytes as x * wx + y * wy + c in fixed point. It is off by less than `margin` of it, so its integer part is the sum's value by the exact rule
// wherever the value is not that near to where the rule rounds up.
struct FixedSum {
  static constexpr int kLowBits = 8, kHalfLow = 1 << (kLowBits - 1);  // c is rounded to the bits above the low ones
  int bits = 0;  // of fraction
  int32_t wx = 0, wy = 0;
  int32_t c = 0;  // with a half, and the margin
  uint32_t margin = 0;
  bool fits = false;

  explicit FixedSum(const BinaryI8& p) {
    double x = p.x_scale / p.z_scale, y = p.y_scale / p.z_scale, error = 0;
    if (p.mode == RequantMode::kTflm) {
      const double z = real(p.z);
      x = 0x1p20 * real(p.x) * z, y = 0x1p20 * real(p.y) * z;
      error = 2 * z + std::ldexp(1.0, p.z.shift);  // products and the shift round
    }
    const double most = 255 * (x + y) + 512;
    if (!(x > 0 && y > 0 && most < 0x1p12)) return;
    while (bits < 22 && std::ldexp(most, bits + 1) < 0x1p31 && std::ldexp(std::fmax(x, y), bits + 1) < 0x1p23 - 1) ++bits;
    const double unit = std::ldexp(1.0, bits);
    wx = static_cast<int32_t>(std::lrint(x * unit));
    wy = static_cast<int32_t>(std::lrint(y * unit));
    margin = static_cast<uint32_t>(unit * (most * 0x1p-22 + error)) + 260 + kHalfLow;  // floats round three times; weights and c here
    c = (static_cast<int32_t>(std::lrint(unit * (p.z_zero_point + 0.5 - x * p.x_zero_point - y * p.y_zero_point))) + static_cast<int32_t>(margin) + kHalfLow) >> kLowBits;
    fits = std::ldexp(4.0 * margin, 8) < unit;
  }
};

// 64 bytes at once, as pairs (x, y) of 16 bits: a product with the weights' upper bits, shifted, and one with the lower.
template <bool is_unsigned> class Sum64 {
 public:
  Sum64(const FixedSum& f, const BinaryI8& p)
      : high_(pair(f.wx >> f.kLowBits, f.wy >> f.kLowBits)), low_(pair(f.wx & 0xff, f.wy & 0xff)), c_(_mm512_set1_epi32(f.c)),
        fraction_(_mm512_set1_epi32((1 << f.bits) - 1)), near_(_mm512_set1_epi32(static_cast<int32_t>(2 * f.margin))), shift_(_mm_cvtsi32_si128(f.bits)),
        min_(_mm512_set1_epi8(static_cast<char>(p.min))), max_(_mm512_set1_epi8(static_cast<char>(p.max))) {}

  // False, and nothing stored, if a value is too near to where it rounds up.
  bool operator()(const uint8_t* x, const uint8_t* y, uint8_t* z) const {
    const __m512i a = words(x), b = words(y), c = words(x + 32), d = words(y + 32);
    const __m512i sums[4] = {sum(_mm512_unpacklo_epi16(a, b)), sum(_mm512_unpackhi_epi16(a, b)), sum(_mm512_unpacklo_epi16(c, d)), sum(_mm512_unpackhi_epi16(c, d))};
    const __m512i least = _mm512_min_epu32(_mm512_min_epu32(fraction(sums[0]), fraction(sums[1])), _mm512_min_epu32(fraction(sums[2]), fraction(sums[3])));
    if (_mm512_cmplt_epu32_mask(least, near_) != 0) return false;
    const __m512i first = _mm512_packs_epi32(whole(sums[0]), whole(sums[1])), second = _mm512_packs_epi32(whole(sums[2]), whole(sums[3]));
    _mm512_storeu_si512(z, _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), bytes(first, second)));
    return true;
  }

 private:
  static __m512i pair(int32_t x, int32_t y) { return _mm512_set1_epi32(static_cast<int32_t>(static_cast<uint32_t>(y) << 16 | static_cast<uint32_t>(x))); }
  static __m512i words(const uint8_t* p) {
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return is_unsigned ? _mm512_cvtepu8_epi16(v) : _mm512_cvtepi8_epi16(v);
  }
  __m512i sum(__m512i pairs) const { return _mm512_dpwssd_epi32(_mm512_slli_epi32(_mm512_dpwssd_epi32(c_, high_, pairs), FixedSum::kLowBits), low_, pairs); }
  __m512i fraction(__m512i sum) const { return _mm512_and_si512(sum, fraction_); }
  __m512i whole(__m512i sum) const { return _mm512_sra_epi32(sum, shift_); }
  __m512i bytes(__m512i a, __m512i b) const {
    if (is_unsigned) return _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(a, b), min_), max_);
    return _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(a, b), min_), max_);
  }

  __m512i high_, low_, c_, fraction_, near_;
  __m128i shift_;
  __m512i min_, max_;
};

// How many bytes of the run, from the front, are summed; scales that bring many values near to a half end it early.
template <typename Sum> size_t sum_by_64(const Sum& sum, const BinaryI8& p, const uint8_t* x, const uint8_t* y, uint8_t* z, size_t n) {
  size_t at = 0;
  for (size_t missed = 0; at + 64 <= n; at += 64) {
    if (sum(x + at, y + at, z + at)) continue;
    binary_i8_avx512(BinaryI8Op::kAdd, p, {1, 64, x + at, 0, 1, y + at, 0, 1, z + at, 0});
    if (++missed > 16 + at / 512) return at + 64;
  }
  return at;
}

template <bool is_unsigned> void run_fixed(const FixedSum& fixed, const BinaryI8& params, const BinaryI8Runs& runs) {
  const Sum64<is_unsigned> sum(fixed, params);
  for (size_t r = 0; r < runs.rows; ++r) {
    const uint8_t *x = static_cast<const uint8_t*>(runs.x) + r * runs.x_row, *y = static_cast<const uint8_t*>(runs.y) + r * runs.y_row;
    auto* z = static_cast<uint8_t*>(runs.z) + r * runs.z_row;
    const size_t done = sum_by_64(sum, params, x, y, z, runs.n);
    if (done < runs.n) binary_i8_avx512(BinaryI8Op::kAdd, params, {1, runs.n - done, x + done, 0, 1, y + done, 0, 1, z + done, 0});
  }
}

}  // namespace

void binary_i8_avx512vnni(BinaryI8Op op, const BinaryI8& params, const BinaryI8Runs& runs) {
  constexpr size_t kFewest = 256;
  if (op != BinaryI8Op::kAdd || params.is_wide || runs.x_step != 1 || runs.y_step != 1 || runs.n < kFewest) return binary_i8_avx512(op, params, runs);
  const FixedSum fixed(params);
  if (!fixed.fits) return binary_i8_avx512(op, params, runs);
  (params.is_unsigned ? run_fixed<true> : run_fixed<false>)(fixed, params, runs);
}

}  // namespace verge
