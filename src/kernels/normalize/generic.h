// The loops of normalize_f32, once for every instruction set. V is the F32 of kernels/vec/.
#include <math.h>

#include "kernels/normalize/normalize_f32.h"

namespace verge {
namespace {

// The sum of (x - mean)^power over all values, power 1 or 2.
template <typename V, int power, typename T> float sum_of(const Normalize<T>& p, float mean) {
  using Reg = typename V::Reg;
  constexpr size_t kStep = V::kWidth, kSums = 4;
  float means[kStep];
  V::store(means, V::set1(mean));
  const auto add = [](Reg sum, Reg x, Reg from) {
    const Reg d = V::sub(x, from);
    return power == 1 ? V::add(sum, d) : V::fma(d, d, sum);
  };
  Reg sums[kSums];
  for (Reg& s : sums) s = V::set1(0);
  const T* x = p.x;
  for (size_t r = 0; r < p.rows; ++r, x += p.step) {
    size_t i = 0;
    for (; i + kSums * kStep <= p.width; i += kSums * kStep)
      for (size_t j = 0; j < kSums; ++j) sums[j] = add(sums[j], V::load(x + i + j * kStep), V::set1(mean));
    for (; i + kStep <= p.width; i += kStep) sums[0] = add(sums[0], V::load(x + i), V::set1(mean));
    if (i < p.width) sums[1] = add(sums[1], V::load_first(x + i, p.width - i), V::load_first(means, p.width - i));
  }
  float lanes[kStep], sum = 0;
  V::store(lanes, V::add(V::add(sums[0], sums[1]), V::add(sums[2], sums[3])));
  for (const float lane : lanes) sum += lane;
  return sum;
}

template <typename V, typename T> void normalize_row(const Normalize<T>& p, const T* x, T* y, float mean, float factor) {
  using Reg = typename V::Reg;
  constexpr size_t kStep = V::kWidth;
  const auto value = [&](Reg v, size_t i, auto load) {
    const Reg centred = V::mul(V::sub(v, V::set1(mean)), V::set1(factor));
    const Reg scaled = p.scale ? V::mul(centred, load(p.scale + i)) : centred;
    return p.bias ? V::add(scaled, load(p.bias + i)) : scaled;
  };
  size_t i = 0;
  for (; i + kStep <= p.width; i += kStep) V::store(y + i, value(V::load(x + i), i, [](const float* from) { return V::load(from); }));
  const size_t left = p.width - i;
  if (left > 0) V::store_first(y + i, value(V::load_first(x + i, left), i, [left](const float* from) { return V::load_first(from, left); }), left);
}

template <typename V, typename T> void normalize(const Normalize<T>& p) {
  const float n = static_cast<float>(p.rows) * static_cast<float>(p.width);
  const float mean = p.centre ? sum_of<V, 1>(p, 0) / n : 0, factor = 1 / sqrtf(sum_of<V, 2>(p, mean) / n + p.epsilon);
  for (size_t r = 0; r < p.rows; ++r) normalize_row<V>(p, p.x + r * p.step, p.y + r * p.step, mean, factor);
}

}  // namespace
}  // namespace verge
