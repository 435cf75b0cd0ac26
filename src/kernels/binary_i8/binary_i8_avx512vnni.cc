#include <immintrin.h>

#include <cmath>

#include "kernels/binary_i8/binary_i8.h"

namespace verge {
namespace {

double real(const Multiplier& m) { return std::ldexp(static_cast<double>(m.multiplier), m.shift - 31); }

// A sum of bytes as x * wx + y * wy + c in fixed point. It is off by less than `margin` of it, so its integer part is the sum's value by the exact rule
// wherever the value is not that near to where the rule rounds up.
struct FixedSum {
  int bits = 0;  // of fraction
  uint32_t wx = 0, wy = 0;
  int32_t c = 0;  // with a half, and the margin
  uint32_t margin = 0;
  bool fits = false;

  // x and y are taken for int8, whatever they are.
  explicit FixedSum(const BinaryI8& p) {
    double x = p.x_scale / p.z_scale, y = p.y_scale / p.z_scale, error = 0;
    if (p.mode == RequantMode::kTflm) {
      const double z = real(p.z);
      x = 0x1p20 * real(p.x) * z, y = 0x1p20 * real(p.y) * z;
      error = 2 * z + std::ldexp(1.0, p.z.shift);  // products and the shift round
    }
    const double most = 255 * (x + y) + 512;
    if (!(x > 0 && y > 0 && most < 0x1p12)) return;
    while (bits < 22 && std::ldexp(most, bits + 1) < 0x1p31) ++bits;
    const double unit = std::ldexp(1.0, bits);
    wx = static_cast<uint32_t>(std::lrint(x * unit));
    wy = static_cast<uint32_t>(std::lrint(y * unit));
    margin = static_cast<uint32_t>(unit * (most * 0x1p-22 + error)) + 260;  // floats round three times; weights and c here
    const int32_t flip = p.is_unsigned ? 128 : 0;
    c = static_cast<int32_t>(std::lrint(unit * (p.z_zero_point - flip + 0.5 - x * (p.x_zero_point - flip) - y * (p.y_zero_point - flip)))) + static_cast<int32_t>(margin);
    fits = std::ldexp(4.0 * margin, 8) < unit;
  }
};

// 64 bytes at once. Weights have three digits of eight bits; a word of four bytes holds two pairs (x, y), of which one product takes the even and one the
// odd.
class Sum64 {
 public:
  Sum64(const FixedSum& f, const BinaryI8& p)
      : c_(_mm512_set1_epi32(f.c)), shift_(_mm_cvtsi32_si128(f.bits)), to_fraction_(_mm_cvtsi32_si128(32 - f.bits)),
        near_(_mm512_set1_epi32(static_cast<int32_t>(2 * f.margin << (32 - f.bits)))), flip_(_mm512_set1_epi8(static_cast<char>(p.is_unsigned ? 0x80 : 0))),
        min_(_mm512_set1_epi8(static_cast<char>(p.min - (p.is_unsigned ? 128 : 0)))), max_(_mm512_set1_epi8(static_cast<char>(p.max - (p.is_unsigned ? 128 : 0)))) {
    for (int i = 0; i < 3; ++i) {
      const uint32_t digits = (f.wx >> 8 * i & 0xff) | (f.wy >> 8 * i & 0xff) << 8;
      even_[i] = _mm512_set1_epi32(static_cast<int32_t>(digits));
      odd_[i] = _mm512_set1_epi32(static_cast<int32_t>(digits << 16));
    }
  }

  // False, and nothing stored, if a value is too near to where it rounds up.
  bool operator()(const uint8_t* x, const uint8_t* y, uint8_t* z) const {
    const __m512i a = _mm512_xor_si512(_mm512_loadu_si512(x), flip_), b = _mm512_xor_si512(_mm512_loadu_si512(y), flip_);
    const __m512i low = _mm512_unpacklo_epi8(a, b), high = _mm512_unpackhi_epi8(a, b);
    const __m512i sums[4] = {sum(even_, low), sum(odd_, low), sum(even_, high), sum(odd_, high)};
    const __m512i least = _mm512_min_epu32(_mm512_min_epu32(fraction(sums[0]), fraction(sums[1])), _mm512_min_epu32(fraction(sums[2]), fraction(sums[3])));
    if (_mm512_cmplt_epu32_mask(least, near_) != 0) return false;
    const __m512i bytes = _mm512_packs_epi16(_mm512_packs_epi32(whole(sums[0]), whole(sums[1])), _mm512_packs_epi32(whole(sums[2]), whole(sums[3])));
    const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15));
    const __m512i clamped = _mm512_min_epi8(_mm512_max_epi8(bytes, min_), max_);
    _mm512_storeu_si512(z, _mm512_xor_si512(_mm512_shuffle_epi8(clamped, order), flip_));
    return true;
  }

 private:
  __m512i sum(const __m512i* digits, __m512i pairs) const {
    const __m512i high = _mm512_slli_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), digits[2], pairs), 8);
    const __m512i middle = _mm512_slli_epi32(_mm512_dpbusd_epi32(high, digits[1], pairs), 8);
    return _mm512_add_epi32(middle, _mm512_dpbusd_epi32(c_, digits[0], pairs));
  }
  __m512i fraction(__m512i sum) const { return _mm512_sll_epi32(sum, to_fraction_); }
  __m512i whole(__m512i sum) const { return _mm512_sra_epi32(sum, shift_); }

  __m512i c_, even_[3], odd_[3];
  __m128i shift_, to_fraction_;
  __m512i near_, flip_, min_, max_;
};

// How many bytes of the run, from the front, are summed; scales that bring many values near to a half end it early.
size_t sum_by_64(const Sum64& sum, const BinaryI8& p, const uint8_t* x, const uint8_t* y, uint8_t* z, size_t n) {
  size_t at = 0;
  for (size_t missed = 0; at + 64 <= n; at += 64) {
    if (sum(x + at, y + at, z + at)) continue;
    binary_i8_avx512(BinaryI8Op::kAdd, p, {1, 64, x + at, 0, 1, y + at, 0, 1, z + at, 0});
    if (++missed > 16 + at / 512) return at + 64;
  }
  return at;
}

}  // namespace

void binary_i8_avx512vnni(BinaryI8Op op, const BinaryI8& params, const BinaryI8Runs& runs) {
  constexpr size_t kFewest = 256;
  if (op != BinaryI8Op::kAdd || params.is_wide || runs.x_step != 1 || runs.y_step != 1 || runs.n < kFewest) return binary_i8_avx512(op, params, runs);
  const FixedSum fixed(params);
  if (!fixed.fits) return binary_i8_avx512(op, params, runs);
  const Sum64 sum(fixed, params);
  for (size_t r = 0; r < runs.rows; ++r) {
    const uint8_t *x = static_cast<const uint8_t*>(runs.x) + r * runs.x_row, *y = static_cast<const uint8_t*>(runs.y) + r * runs.y_row;
    auto* z = static_cast<uint8_t*>(runs.z) + r * runs.z_row;
    const size_t done = sum_by_64(sum, params, x, y, z, runs.n);
    if (done < runs.n) binary_i8_avx512(op, params, {1, runs.n - done, x + done, 0, 1, y + done, 0, 1, z + done, 0});
  }
}

}  // namespace verge
