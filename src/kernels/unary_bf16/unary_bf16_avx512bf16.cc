#include "kernels/vec/avx512.h"

#include "kernels/unary_bf16/unary_bf16.h"
#include "kernels/vec/channels_avx512bf16.h"

namespace verge {
namespace {

using Reg = __m512;

Reg c(float x) { return F32::set1(x); }

// 1 / (1 + 2^-t), t in units of ln 2.
[[gnu::always_inline]] inline Reg logistic(Reg t) {
  const Reg power = power_of_two(F32::sub(c(0.0f), F32::max(c(-120.0f), F32::min(c(120.0f), t))), static_cast<__mmask16>(0xffff));
  return _mm512_rcp14_ps(F32::add(c(1.0f), power));
}

struct Sigmoid {
  static Reg at(Reg x, UnaryParams) { return logistic(F32::mul(x, c(1.44269504f))); }
};
struct Silu {
  static Reg at(Reg x, UnaryParams p) { return F32::mul(x, Sigmoid::at(x, p)); }
};
// x times the normal distribution's, whose logit is x Q(x^2); Q is a minimax fit up to |x| = 4.5, 1.2e-3 of the logit, and constant beyond.
struct Gelu {
  static Reg at(Reg x, UnaryParams) {
    const Reg square = F32::min(c(20.25f), F32::mul(x, x));
    Reg q = F32::fma(square, c(1.21018464e-5f), c(-1.39779010e-3f));
    q = F32::fma(q, square, c(0.109208496f));
    q = F32::fma(q, square, c(2.29795297f));
    return F32::mul(x, logistic(F32::mul(x, q)));
  }
};
struct GeluTanh {
  static Reg at(Reg x, UnaryParams) { return F32::mul(x, logistic(F32::mul(x, F32::fma(F32::mul(x, x), c(0.102943240f), c(2.30220819f))))); }
};
struct Relu {
  static Reg at(Reg x, UnaryParams) { return F32::max(c(0.0f), x); }
};
struct Clamp {
  static Reg at(Reg x, UnaryParams p) { return F32::min(c(p.b), F32::max(c(p.a), x)); }
};
struct Hsigmoid {
  static Reg at(Reg x, UnaryParams p) { return F32::min(c(1.0f), F32::max(c(0.0f), F32::fma(c(p.a), x, c(p.b)))); }
};
struct Hswish {
  static Reg at(Reg x, UnaryParams) { return F32::mul(x, F32::mul(F32::min(c(6.0f), F32::max(c(0.0f), F32::add(x, c(3.0f)))), c(1.0f / 6))); }
};

template <typename Function> void run(size_t n, const uint16_t* x, uint16_t* y, UnaryParams params) {
  for_channels(n, [&](size_t i, const Channels& some) { some.store(y + i, Function::at(some.even(x + i), params), Function::at(some.odd(x + i), params)); });
}

}  // namespace

UnaryBf16Fn unary_bf16_avx512bf16(UnaryF32 function) {
  switch (function) {
    case UnaryF32::kSigmoid: return run<Sigmoid>;
    case UnaryF32::kSilu: return run<Silu>;
    case UnaryF32::kGelu: return run<Gelu>;
    case UnaryF32::kGeluTanh: return run<GeluTanh>;
    case UnaryF32::kRelu: return run<Relu>;
    case UnaryF32::kClamp: return run<Clamp>;
    case UnaryF32::kHsigmoid: return run<Hsigmoid>;
    case UnaryF32::kHswish: return run<Hswish>;
    default: return nullptr;
  }
}

}  // namespace verge
