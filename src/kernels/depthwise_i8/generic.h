// The loop of depthwise_i8.h over two taps at a time. Include after one of requant/vector_*.h.
//
// A policy `Lanes` supplies
//   kChannels                     16 or 32
//   Wide load(p, n, flip)         n <= kChannels bytes xor flip as int16, the rest anything; never past p + n
//   Wide weights(w, zero)         kChannels weights less their zero points (null: zeros); none(): zeros
//   Pair pair(a, b)               two taps interleaved, in any order that add() and sums() agree on
//   Acc zero(), add(acc, x, w)    acc + x.a * w.a + x.b * w.b
//   I32x16 sums(acc, i)           channels 16 i and on
#pragma once
#include <cstring>
#include <type_traits>

#include "kernels/depthwise_i8/depthwise_i8.h"
#include "kernels/requant/generic.h"

namespace verge {
namespace {

template <typename Lanes> class DepthwiseLoop {
 public:
  DepthwiseLoop(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels)
      : conv_(conv), pixels_(pixels), taps_(conv.geometry.taps()), channels_(static_cast<size_t>(conv.geometry.out_c)) {}

  // Where channels are left over, the last run starts early and computes some of them again.
  void run() {
    if (channels_ < kRun) return run_channels(0, channels_);
    size_t c = 0;
    for (; c + kRun <= channels_; c += kRun) run_channels(c, kRun);
    if (c < channels_) run_channels(channels_ - kRun, kRun);
  }

 private:
  static constexpr size_t kRun = Lanes::kChannels, kAnyTaps = 0;
  using Pair = typename Lanes::Pair;

  void run_channels(size_t c, size_t n) const {
    Pair weights[(kDepthwiseI8Taps + 1) / 2];
    load_weights(c, n, weights);
    // One rule serves both halves of a run: what fits the second alone is left.
    with_rule(conv_.requant, c, [&]<typename Rule>() {
      if (n > 16 && !rule_fits<Rule>(c + 16)) return run_pixels<Tflm16, kAnyTaps>(c, n, weights);
      // Nine taps of int8 in most networks: the loop unrolled, nothing to flip.
      taps_ == 9 && n == kRun && !conv_.x_unsigned ? run_pixels<Rule, 9>(c, kRun, weights) : run_pixels<Rule, kAnyTaps>(c, n, weights);
    });
  }

  template <typename Rule> bool rule_fits(size_t c) const {
    if constexpr (std::is_same_v<Rule, TflmRight16>) return TflmRight16::fits(conv_.requant, c);
    return true;
  }

  template <typename Rule, size_t taps> void run_pixels(size_t c, size_t n, const Pair* weights) const {
    const bool second = n > 16;
    const size_t c1 = c + (second ? 16 : 0);
    const Rule rule0(conv_.requant, c), rule1(conv_.requant, c1);
    const I32x16 bias0 = load16(conv_.bias + c), bias1 = load16(conv_.bias + c1);
    auto* y = static_cast<typename Rule::Out*>(pixels_.output) + c;
    for (size_t i = 0; i < pixels_.pixels; ++i, y += conv_.output_step) {
      const typename Lanes::Acc acc = accumulate<taps>(pixels_.pointers + i * taps_, c, n, weights);
      rule0.store(y, add16(Lanes::sums(acc, 0), bias0), n);
      if (kRun > 16 && second) rule1.store(y + 16, add16(Lanes::sums(acc, 1), bias1), n - 16);
    }
  }

  // The packed rows are padded to 16 channels; a wider run at their end goes through a copy.
  typename Lanes::Wide tap_weights(size_t t, size_t c, size_t n) const {
    const size_t step = round_up_columns(channels_);
    const int8_t* w = conv_.weights + t * step + c;
    const int32_t* zero = conv_.weight_zero_point ? conv_.weight_zero_point + c : nullptr;
    if (n == kRun || kRun == 16) return Lanes::weights(w, zero);
    int8_t last[kRun] = {};
    int32_t last_zero[kRun] = {};
    std::memcpy(last, w, n);
    if (zero) std::memcpy(last_zero, zero, n * sizeof(int32_t));
    return Lanes::weights(last, zero ? last_zero : nullptr);
  }

  void load_weights(size_t c, size_t n, Pair* weights) const {
    for (size_t t = 0; t + 1 < taps_; t += 2) *weights++ = Lanes::pair(tap_weights(t, c, n), tap_weights(t + 1, c, n));
    if (taps_ % 2) *weights = Lanes::pair(tap_weights(taps_ - 1, c, n), Lanes::none());
  }

  template <size_t fixed> typename Lanes::Acc accumulate(const void* const* x, size_t c, size_t n, const Pair* weights) const {
    const size_t taps = fixed == kAnyTaps ? taps_ : fixed;
    const uint8_t flip = fixed == kAnyTaps && conv_.x_unsigned ? 0x80 : 0;
    const auto load = [&](size_t t) { return Lanes::load(static_cast<const uint8_t*>(x[t]) + c, n, flip); };
    typename Lanes::Acc acc = Lanes::zero();
#pragma GCC unroll 5
    for (size_t t = 0; t + 1 < taps; t += 2) acc = Lanes::add(acc, Lanes::pair(load(t), load(t + 1)), weights[t / 2]);
    if (taps % 2) acc = Lanes::add(acc, Lanes::pair(load(taps - 1), Lanes::none()), weights[taps / 2]);
    return acc;
  }

  const DepthwiseI8& conv_;
  const DepthwiseI8Pixels& pixels_;
  const size_t taps_, channels_;
};

template <typename Lanes> void run_depthwise(const DepthwiseI8& conv, const DepthwiseI8Pixels& pixels) { DepthwiseLoop<Lanes>(conv, pixels).run(); }

}  // namespace
}  // namespace verge
