// The pointwise loops of training, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/training/training_f32.h"

namespace verge {
namespace {

// body(load, store) for every run of V::kWidth floats: load(p) and store(p, v) at that run of an array.
template <typename V, typename Body> [[gnu::always_inline]] inline void for_runs(size_t n, const Body& body) {
  constexpr size_t kStep = V::kWidth;
  size_t i = 0;
  for (; i + kStep <= n; i += kStep)
    body([i](const float* p) __attribute__((always_inline)) { return V::load(p + i); },
         [i](float* p, typename V::Reg v) __attribute__((always_inline)) { V::store(p + i, v); });
  if (const size_t left = n - i)
    body([i, left](const float* p) __attribute__((always_inline)) { return V::load_first(p + i, left); },
         [i, left](float* p, typename V::Reg v) __attribute__((always_inline)) { V::store_first(p + i, v, left); });
}

template <typename V> void clamp_gradient(size_t n, const float* y, const float* dy, float low, float high, float* dx) {
  const auto lo = V::set1(low), hi = V::set1(high), zero = V::set1(0.0f);
  for_runs<V>(n, [&](auto load, auto store) __attribute__((always_inline)) {
    const auto v = load(y);
    store(dx, V::select(V::less(lo, v), V::select(V::less(v, hi), load(dy), zero), zero));
  });
}

template <typename V> void sgd(size_t n, const SgdF32& s, const float* gradient, float* w, float* velocity) {
  const auto rate = V::set1(-s.rate), scale = V::set1(s.scale), momentum = V::set1(s.momentum), decay = V::set1(s.decay);
  for_runs<V>(n, [&](auto load, auto store) __attribute__((always_inline)) {
    const auto value = load(w), g = V::fma(decay, value, V::mul(scale, load(gradient))), fresh = V::fma(momentum, load(velocity), g);
    store(velocity, fresh);
    store(w, V::fma(rate, s.nesterov ? V::fma(momentum, fresh, g) : fresh, value));
  });
}

template <typename V> void adam(size_t n, const AdamF32& s, const float* gradient, float* w, float* m, float* v) {
  const auto rate = V::set1(-s.rate), scale = V::set1(s.scale), decay = V::set1(s.decay), decoupled = V::set1(s.decoupled_decay);
  const auto beta1 = V::set1(s.beta1), rest1 = V::set1(1 - s.beta1), beta2 = V::set1(s.beta2), rest2 = V::set1(1 - s.beta2);
  const auto correct_m = V::set1(s.m_correction), correct_v = V::set1(s.v_correction), epsilon = V::set1(s.epsilon);
  for_runs<V>(n, [&](auto load, auto store) __attribute__((always_inline)) {
    const auto value = load(w), g = V::fma(decay, value, V::mul(scale, load(gradient)));
    const auto first = V::fma(beta1, load(m), V::mul(rest1, g)), second = V::fma(beta2, load(v), V::mul(rest2, V::mul(g, g)));
    store(m, first);
    store(v, second);
    const auto step = V::div(V::mul(first, correct_m), V::fma(V::sqrt(second), correct_v, epsilon));
    store(w, V::fma(rate, V::fma(decoupled, value, step), value));
  });
}

// One register of channels of one window.
template <typename V, typename Load, typename Store> [[gnu::always_inline]] inline void give_to_largest(const MaxPoolGradientF32& a, size_t at, const Load& load, const Store& store, typename V::Reg dy) {
  auto best = load(a.x + at + a.offsets[0]), place = V::set1(0.0f);
  for (size_t t = 1; t < a.taps; ++t) {
    const auto v = load(a.x + at + a.offsets[t]);
    const auto better = V::less(best, v);
    best = V::select(better, v, best);
    place = V::select(better, V::set1(static_cast<float>(t)), place);
  }
  const auto zero = V::set1(0.0f), half = V::set1(0.5f);
  for (size_t t = 0; t < a.taps; ++t) {
    const auto here = V::less(V::abs(V::sub(place, V::set1(static_cast<float>(t)))), half);
    float* dx = a.dx + at + a.offsets[t];
    const auto given = V::select(here, dy, zero);
    store(dx, a.shared ? V::add(load(dx), given) : given);
  }
}

template <typename V> void max_pool_gradient(const MaxPoolGradientF32& a) {
  constexpr size_t kStep = V::kWidth;
  for (size_t p = 0; p < a.pixels; ++p) {
    const float* dy = a.dy + p * a.channels;
    size_t c = 0;
    for (; c + kStep <= a.channels; c += kStep)
      give_to_largest<V>(a, p * a.step + c, [](const float* from) __attribute__((always_inline)) { return V::load(from); },
                         [](float* to, typename V::Reg v) __attribute__((always_inline)) { V::store(to, v); }, V::load(dy + c));
    if (const size_t left = a.channels - c)
      give_to_largest<V>(a, p * a.step + c, [left](const float* from) __attribute__((always_inline)) { return V::load_first(from, left); },
                         [left](float* to, typename V::Reg v) __attribute__((always_inline)) { V::store_first(to, v, left); }, V::load_first(dy + c, left));
  }
}

}  // namespace
}  // namespace verge
