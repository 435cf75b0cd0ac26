// 3x3 and 5x5 windows of 64 channels by dot products of four bytes: up to four taps of a window's column lie in one lane, zeros fill up, and
// neighbouring output pixels share their columns.
#pragma once
#include <type_traits>
#include <utility>

#include "kernels/depthwise_i8/depthwise_i8.h"
#include "kernels/requant/vector_avx512.h"

namespace verge {
namespace {

// 64 channels of 32 bits in the order that unpacking bytes twice makes: quarter q of register j holds channels 16 q + 4 j and the three behind.
struct Unpacked {
  __m512i part[4];
};

// The same order from the natural one: quarter q of register j from quarter j of register q.
inline Unpacked unpacked_order(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab_low = _mm512_shuffle_i32x4(a, b, 0x44), ab_high = _mm512_shuffle_i32x4(a, b, 0xee);
  const __m512i cd_low = _mm512_shuffle_i32x4(c, d, 0x44), cd_high = _mm512_shuffle_i32x4(c, d, 0xee);
  return {_mm512_shuffle_i32x4(ab_low, cd_low, 0x88), _mm512_shuffle_i32x4(ab_low, cd_low, 0xdd), _mm512_shuffle_i32x4(ab_high, cd_high, 0x88),
          _mm512_shuffle_i32x4(ab_high, cd_high, 0xdd)};
}

// The bytes of four taps side by side.
inline Unpacked interleaved(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab_low = _mm512_unpacklo_epi8(a, b), ab_high = _mm512_unpackhi_epi8(a, b);
  const __m512i cd_low = _mm512_unpacklo_epi8(c, d), cd_high = _mm512_unpackhi_epi8(c, d);
  return {_mm512_unpacklo_epi16(ab_low, cd_low), _mm512_unpackhi_epi16(ab_low, cd_low), _mm512_unpacklo_epi16(ab_high, cd_high),
          _mm512_unpackhi_epi16(ab_high, cd_high)};
}

// One column of a window.
template <int kernel> struct Column {
  static constexpr int kFours = (kernel + 3) / 4;
  Unpacked fours[kFours];

  // tap(ky): 64 bytes.
  template <typename Tap> [[gnu::always_inline]] static inline Column of(const Tap& tap) {
    const auto or_zero = [&](int ky) { return ky < kernel ? tap(ky) : _mm512_setzero_si512(); };
    Column c;
    for (int f = 0; f < kFours; ++f) c.fours[f] = interleaved(or_zero(4 * f), or_zero(4 * f + 1), or_zero(4 * f + 2), or_zero(4 * f + 3));
    return c;
  }
  [[gnu::always_inline]] static inline __m512i products(__m512i sum, const Column& x, const Column& w, int part) {
    for (int f = 0; f < kFours; ++f) sum = _mm512_dpbusd_epi32(sum, x.fours[f].part[part], w.fours[f].part[part]);
    return sum;
  }
};

// The columns of the window at hand, of which the next window keeps some: three stay in registers and move, more lie in a ring.
template <int kernel> class Window {
 public:
  template <int kx> [[gnu::always_inline]] inline Column<kernel>& at() { return kernel == 3 ? columns_[kx] : columns_[(first_ + kx) % kernel]; }
  template <int count> [[gnu::always_inline]] inline void move_right() {
    if (kernel != 3) {
      first_ = (first_ + count) % kernel;
    } else if (count == 1) {
      columns_[0] = columns_[1], columns_[1] = columns_[2];
    } else {
      columns_[0] = columns_[2];
    }
  }

 private:
  Column<kernel> columns_[kernel] = {};
  int first_ = 0;
};

// What leaves a sum as an integer that already has its zero point, and is saturated later.
class OnnxParts {
 public:
  OnnxParts(const Requant& r, size_t c, size_t n) : zero_point_(_mm512_set1_epi16(static_cast<short>(r.zero_point))) {
    const auto load = [&](size_t i) { return _mm512_castps_si512(load16(r.scale + c + i, i < n ? n - i : 0)); };
    scale_ = unpacked_order(load(0), load(16), load(32), load(48));
  }
  // Scales below 1 keep every product within int32.
  static bool fits(const Requant& r, size_t c, size_t n) {
    for (size_t i = 0; i < n; i += 16)
      if (_mm512_cmp_ps_mask(load16(r.scale + c + i, n - i), splat16(1.0f), _CMP_LT_OQ) != 0xffff) return false;
    return true;
  }
  I32x16 operator()(I32x16 sum, int j) const { return _mm512_cvtps_epi32(mul16(to_float16(sum), _mm512_castsi512_ps(scale_.part[j]))); }
  // 16-bit, saturating.
  __m512i finish(__m512i halves) const { return _mm512_adds_epi16(halves, zero_point_); }

 private:
  Unpacked scale_;
  __m512i zero_point_;
};

// TflmRight16 of vector_avx512.h.
class TflmParts {
 public:
  TflmParts(const Requant& r, size_t c, size_t n) : twice_zero_(splat16(2 * r.zero_point + 1)) {
    const auto factor = [&](size_t i) { return load16(r.multiplier + c + i, i < n ? n - i : 0); };
    const auto shift = [&](size_t i) { return i < n ? load_i8x16(r.shift + c + i, n - i) : splat16(-1); };
    m_ = unpacked_order(factor(0), factor(16), factor(32), factor(48));
    const Unpacked shifts = unpacked_order(shift(0), shift(16), shift(32), shift(48));
    for (int j = 0; j < 4; ++j) right_.part[j] = sub16(splat16(-1), shifts.part[j]);
  }
  static bool fits(const Requant& r, size_t c, size_t n) {
    for (size_t i = 0; i < n; i += 16)
      if (!TflmRight16::fits(r, c + i)) return false;
    return true;
  }
  I32x16 operator()(I32x16 sum, int j) const {
    const I32x16 high = doubling_high_mul16(sum, m_.part[j], _mm512_srli_epi64(m_.part[j], 32));
    const I32x16 twice = _mm512_srav_epi32(add16(high, _mm512_srai_epi32(high, 31)), right_.part[j]);
    return _mm512_srai_epi32(add16(twice, twice_zero_), 1);
  }
  __m512i finish(__m512i halves) const { return halves; }

 private:
  Unpacked m_, right_;
  I32x16 twice_zero_;
};

// Whether a layer has windows that DepthwiseColumns takes.
inline bool suits_columns(const DepthwiseI8& conv) {
  const ConvGeometry& g = conv.geometry;
  const size_t channels = static_cast<size_t>(g.out_c);
  if (g.kernel_h != g.kernel_w || (g.kernel_h != 3 && g.kernel_h != 5) || conv.weight_zero_point || channels < 32) return false;
  if (conv.requant.mode == RequantMode::kOnnx) return OnnxParts::fits(conv.requant, 0, channels);
  return conv.requant.mode == RequantMode::kTflm && TflmParts::fits(conv.requant, 0, channels);
}

template <int kernel> class DepthwiseColumns {
 public:
  DepthwiseColumns(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels)
      : conv_(conv), pixels_(pixels), channels_(static_cast<size_t>(conv.geometry.out_c)) {}

  void run() const { conv_.requant.mode == RequantMode::kOnnx ? run_rule<OnnxParts>() : run_rule<TflmParts>(); }

 private:
  static constexpr size_t kRun = 64, kTaps = kernel * kernel;
  using Weights = Column<kernel>[kernel];

  template <typename Parts> void run_rule() const { conv_.x_unsigned ? run_all<Parts, true>() : run_all<Parts, false>(); }

  // Where channels are left over, the last run starts early and computes some of them again.
  template <typename Parts, bool is_unsigned> void run_all() const {
    if (channels_ < kRun) return run_channels<Parts, is_unsigned>(0, channels_);
    size_t c = 0;
    for (; c + kRun <= channels_; c += kRun) run_channels<Parts, is_unsigned>(c, kRun);
    if (c < channels_) run_channels<Parts, is_unsigned>(channels_ - kRun, kRun);
  }

  template <typename Parts, bool is_unsigned> void run_channels(size_t c, size_t n) const {
    const __mmask64 lanes = n == kRun ? ~__mmask64{0} : (__mmask64{1} << n) - 1;
    const Parts parts(conv_.requant, c, n);
    Weights w;
    for (int kx = 0; kx < kernel; ++kx) w[kx] = weights(kx, c, lanes);
    const Unpacked start = starts(w, c, n);
    Window<kernel> window;
    const void* const* before = nullptr;
    auto* y = static_cast<uint8_t*>(pixels_.output) + c;
    // The columns of window x from the given one on.
    const auto load_one = [&]<int kx>(const void* const* x) __attribute__((always_inline)) {
      window.template at<kx>() = Column<kernel>::of([&](int ky) __attribute__((always_inline)) {
        const __m512i bytes = _mm512_maskz_loadu_epi8(lanes, static_cast<const uint8_t*>(x[kernel * ky + kx]) + c);
        return is_unsigned ? bytes : _mm512_xor_si512(bytes, _mm512_set1_epi8(-128));
      });
    };
    const auto load = [&]<int from>(const void* const* x, std::integral_constant<int, from>) __attribute__((always_inline)) {
      [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) { (load_one.template operator()<from + i>(x), ...); }
      (std::make_integer_sequence<int, kernel - from>());
    };
    for (size_t i = 0; i < pixels_.pixels; ++i, y += conv_.output_step) {
      const void* const* x = pixels_.pointers + kTaps * i;
      if (before && lies_right<1>(before, x)) {
        window.template move_right<1>(), load(x, std::integral_constant<int, kernel - 1>());
      } else if (before && lies_right<2>(before, x)) {
        window.template move_right<2>(), load(x, std::integral_constant<int, kernel - 2>());
      } else {
        load(x, std::integral_constant<int, 0>());
      }
      before = x;
      __m512i sum[4] = {start.part[0], start.part[1], start.part[2], start.part[3]};
      const auto add_one = [&]<int kx>() __attribute__((always_inline)) {
        const Column<kernel>& column = window.template at<kx>();
        for (int j = 0; j < 4; ++j) sum[j] = Column<kernel>::products(sum[j], column, w[kx], j);
      };
      [&]<int... kx>(std::integer_sequence<int, kx...>) __attribute__((always_inline)) { (add_one.template operator()<kx>(), ...); }
      (std::make_integer_sequence<int, kernel>());
      for (int j = 0; j < 4; ++j) sum[j] = parts(sum[j], j);
      _mm512_mask_storeu_epi8(y, lanes, narrow(parts.finish(_mm512_packs_epi32(sum[0], sum[1])), parts.finish(_mm512_packs_epi32(sum[2], sum[3]))));
    }
  }

  // Window x lies so many columns to the right of window `before`.
  template <int right> static bool lies_right(const void* const* before, const void* const* x) {
#pragma GCC unroll 5
    for (int ky = 0; ky < kernel; ++ky)
      for (int kx = 0; kx + right < kernel; ++kx)
        if (x[kernel * ky + kx] != before[kernel * ky + kx + right]) return false;
    return true;
  }

  Column<kernel> weights(int kx, size_t c, __mmask64 lanes) const {
    const size_t step = round_up_columns(channels_);
    return Column<kernel>::of([&](int ky) { return _mm512_maskz_loadu_epi8(lanes, conv_.weights + static_cast<size_t>(kernel * ky + kx) * step + c); });
  }

  // The bias, less 128 times the weights: pixels go in as their int8 view + 128.
  Unpacked starts(const Weights& w, size_t c, size_t n) const {
    const auto bias = [&](size_t i) { return load16(conv_.bias + c + i, i < n ? n - i : 0); };
    Unpacked start = unpacked_order(bias(0), bias(16), bias(32), bias(48));
    Column<kernel> most;
    for (Unpacked& four : most.fours)
      for (__m512i& part : four.part) part = _mm512_set1_epi8(-128);
    for (int j = 0; j < 4; ++j) {
      __m512i sum = _mm512_setzero_si512();
      for (int kx = 0; kx < kernel; ++kx) sum = Column<kernel>::products(sum, most, w[kx], j);
      start.part[j] = sub16(start.part[j], sum);
    }
    return start;
  }

  __m512i narrow(__m512i low, __m512i high) const {
    const __m512i min = _mm512_set1_epi8(static_cast<char>(conv_.requant.min)), max = _mm512_set1_epi8(static_cast<char>(conv_.requant.max));
    if (conv_.requant.max > 127) return _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(low, high), min), max);
    return _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(low, high), min), max);
  }

  const DepthwiseI8& conv_;
  const DepthwiseI8Pixels& pixels_;
  const size_t channels_;
};

}  // namespace
}  // namespace verge
