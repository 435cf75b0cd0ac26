// Functions of F32 registers that several families need. Only for ISA files, after the header of the vector type.
//
// The polynomials are minimax fits in relative error; the largest relative error of each before rounding stands with it.
#include <cstddef>

namespace verge {
namespace {

template <typename V> struct VecMath {
  using Reg = typename V::Reg;

  [[gnu::always_inline]] static inline Reg c(float x) { return V::set1(x); }

  // c0 + x * (c1 + x * (c2 + ...))
  template <int n> [[gnu::always_inline]] static inline Reg poly(Reg x, const float (&coefficients)[n]) {
    Reg sum = c(coefficients[n - 1]);
#pragma GCC unroll 16
    for (int i = n - 2; i >= 0; --i) sum = V::fma(sum, x, c(coefficients[i]));
    return sum;
  }

  // e^x = 2^n * e^r with |r| <= ln 2 / 2. Overflows to infinity, underflows through the denormals to zero, keeps NaN.
  [[gnu::always_inline]] static inline Reg exp(Reg x) {
    constexpr float kP[] = {0.5000000096f, 0.1666651831f, 0.0416662041f, 0.0083689535f, 0.0013950602f};  // (e^r - 1 - r) / r^2, 3.2e-9
    x = V::max(c(-105.0f), V::min(c(89.0f), x));
    const Reg n = V::round(V::mul(x, c(1.44269504f)));
    Reg r = V::fma(n, c(-0.693359375f), x);  // ln 2 in two parts: the first has 9 bits, so that n times it is exact
    r = V::fma(n, c(2.12194440e-4f), r);
    const Reg e = V::add(c(1.0f), V::fma(V::mul(r, r), poly(r, kP), r));
    if constexpr (requires(Reg v) { V::times_exp2(v, v); }) return V::times_exp2(e, n);
    const Reg half = V::round(V::mul(n, c(0.5f)));
    return V::mul(V::mul(e, V::exp2i(half)), V::exp2i(V::sub(n, half)));
  }

  [[gnu::always_inline]] static inline Reg sigmoid(Reg x) { return V::div(c(1.0f), V::add(c(1.0f), exp(V::sub(c(0.0f), x)))); }

  // 1 - 2 / (e^2|x| + 1), or a polynomial where that would cancel.
  [[gnu::always_inline]] static inline Reg tanh(Reg x) {
    constexpr float kP[] = {-0.3333327806f, 0.13331331f, -0.0537300071f, 0.0206061766f, -0.0056669771f};  // (tanh x - x) / x^3 in x^2, 4.8e-9
    const Reg size = V::abs(x), square = V::mul(x, x);
    const Reg small = V::fma(V::mul(x, square), poly(square, kP), x);
    const Reg large = V::sub(c(1.0f), V::div(c(2.0f), V::add(exp(V::add(size, size)), c(1.0f))));
    return V::select(V::less(size, c(0.625f)), small, V::sign_of(x, large));
  }

  // 1 - e^(-t R(t)), or a polynomial where that would cancel.
  [[gnu::always_inline]] static inline Reg erf(Reg x) {
    constexpr float kSmall[] = {0.1283791477f, -0.3761248112f, 0.1128168265f, -0.0267617227f, 0.0049859438f, -0.0005953755f};  // erf x / x - 1 in x^2, 1.8e-8
    constexpr float kLarge[] = {1.1285143609f, 0.63571831547f, 0.1052618430f, -0.022889964222f, 0.0032149556377f, -0.00021398495611f};  // R, 3e-9
    const Reg size = V::min(c(4.0f), V::abs(x)), square = V::mul(x, x);                                                                 // erf(4) rounds to 1
    const Reg small = V::fma(x, poly(square, kSmall), x);
    const Reg large = V::sub(c(1.0f), exp(V::mul(V::sub(c(0.0f), size), poly(size, kLarge))));
    return V::select(V::less(size, c(0.92f)), small, V::sign_of(x, large));
  }

  // log(1 + t) for 0 <= t <= 1.
  [[gnu::always_inline]] static inline Reg log1p_unit(Reg t) {
    constexpr float kP[] = {0.9999999993f, -0.4999998142f, 0.3333255935f, -0.2498726818f, 0.1989073311f, -0.1610564379f,
                            0.1241833829f, -0.082440487f,  0.0414772227f, -0.0134070838f, 0.0020301564f};  // log(1 + t) / t, 7.5e-10
    return V::mul(t, poly(t, kP));
  }
};

}  // namespace
}  // namespace verge
