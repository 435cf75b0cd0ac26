// The loops of gates_f32, once for every instruction set. V is the F32 of kernels/vec/.
#include <cstddef>

#include "kernels/gates/gates_f32.h"
#include "kernels/vec/math.h"

namespace verge {
namespace {

// Registers at i: whole, or the first n.
template <typename V> struct WholeGate {
  typename V::Reg load(const float* p) const { return V::load(p); }
  void store(float* p, typename V::Reg v) const { V::store(p, v); }
};
template <typename V> struct PartGate {
  size_t n;
  typename V::Reg load(const float* p) const { return V::load_first(p, n); }
  void store(float* p, typename V::Reg v) const { V::store_first(p, v, n); }
};

template <typename V, typename Body> [[gnu::always_inline]] inline void for_cells(size_t hidden, const Body& body) {
  constexpr size_t kStep = V::kWidth;
  size_t i = 0;
  for (; i + kStep <= hidden; i += kStep) body(i, WholeGate<V>());
  if (i < hidden) body(i, PartGate<V>{hidden - i});
}

template <typename V> void lstm_cells(const GatesF32& a) {
  using M = VecMath<V>;
  for_cells<V>(a.hidden, [&](size_t i, auto part) {
    const auto sum = [&](size_t gate) { return V::add(part.load(a.gates + gate * a.hidden + i), part.load(a.x + gate * a.hidden + i)); };
    const auto input = M::sigmoid(sum(0)), output = M::sigmoid(sum(1)), forget = M::sigmoid(sum(2)), candidate = M::tanh(sum(3));
    const auto c = V::add(V::mul(forget, part.load(a.c + i)), V::mul(input, candidate));
    const auto h = V::mul(output, M::tanh(c));
    part.store(a.c + i, c);
    part.store(a.h + i, h);
    part.store(a.y + i, h);
  });
}

template <typename V> void gru_cells(const GatesF32& a) {
  using M = VecMath<V>;
  const size_t hidden = a.hidden;
  for_cells<V>(hidden, [&](size_t i, auto part) {
    const auto z = M::sigmoid(V::add(part.load(a.gates + i), part.load(a.x + i)));
    const auto r = M::sigmoid(V::add(part.load(a.gates + hidden + i), part.load(a.x + hidden + i)));
    const auto n = M::tanh(V::add(V::mul(part.load(a.gates + 2 * hidden + i), r), part.load(a.x + 2 * hidden + i)));
    const auto h = V::add(V::mul(V::sub(V::set1(1.0f), z), n), V::mul(z, part.load(a.h + i)));
    part.store(a.h + i, h);
    part.store(a.y + i, h);
  });
}

}  // namespace
}  // namespace verge
