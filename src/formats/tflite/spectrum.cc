// Complex numbers, as far as spectrograms need them: RFFT2D, and what makes real numbers of its result. A complex tensor [d..] of the file is f32 [2, d..]
// in the Graph, real parts first.
#include <cmath>

#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

using Ints = std::vector<int64_t>;

struct Complex {
  ValueId re, im;
};

// cos or sin(2 pi i j / n) for `rows` i and `columns` j. The product is reduced modulo n first, so that the angle is exact.
Tensor waves(int64_t rows, int64_t columns, int64_t n, double (*function)(double)) {
  constexpr double kPi = 3.14159265358979323846;
  Tensor out(DataType::kF32, {static_cast<int32_t>(rows), static_cast<int32_t>(columns)});
  float* w = out.mut<float>().data();
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) *w++ = static_cast<float>(function(2 * kPi * static_cast<double>(i * j % n) / static_cast<double>(n)));
  return out;
}

Result<ValueId> times_waves(Op& op, ValueId x, int64_t bins, int64_t length, int64_t n, double (*function)(double)) {
  VERGE_CHECK(op.charge(static_cast<size_t>(bins * length) * sizeof(float)));
  VERGE_TRY(const ValueId w, op.add_constant(waves(bins, length, n, function)));
  return op.add("dense", {x, w});
}

double cosine(double a) { return std::cos(a); }
double sine(double a) { return std::sin(a); }

// The first `bins` terms of the Fourier transform of length n along the last axis, whose size is at most n: zeros follow it.
Result<Complex> transformed(Op& op, const Complex& x, int64_t bins, int64_t n) {
  const int64_t length = op.type(x.re).dims.back().size;
  Complex y;
  VERGE_TRY(y.re, times_waves(op, x.re, bins, length, n, cosine));
  VERGE_TRY(y.im, times_waves(op, x.re, bins, length, n, sine));
  VERGE_TRY(y.im, op.add("neg", {y.im}));
  if (!x.im.valid()) return y;
  VERGE_TRY(const ValueId re, times_waves(op, x.im, bins, length, n, sine));
  VERGE_TRY(const ValueId im, times_waves(op, x.im, bins, length, n, cosine));
  VERGE_TRY(y.re, op.add("add", {y.re, re}));
  VERGE_TRY(y.im, op.add("add", {y.im, im}));
  return y;
}

Result<ValueId> without_end(Op& op, ValueId x, int64_t axis, int64_t size) {
  return op.add("slice", {x}, {{"starts", Ints{0}}, {"ends", Ints{size}}, {"axes", Ints{axis}}, {"steps", Ints{1}}});
}

Result<ValueId> turned(Op& op, ValueId x) {
  Ints perm;
  for (int64_t i = 0; i < op.type(x).rank(); ++i) perm.push_back(i);
  std::swap(perm[perm.size() - 2], perm[perm.size() - 1]);
  return op.add("transpose", {x}, {{"perm", std::move(perm)}});
}

// One of the two parts, without the axis that tells them apart.
Result<void> part_of(Op& op, int64_t part) {
  VERGE_TRY(const ValueId both, op.add("slice", {op.in(0)}, {{"starts", Ints{part}}, {"ends", Ints{part + 1}}, {"axes", Ints{0}}, {"steps", Ints{1}}}));
  std::vector<Dim> dims = op.type(both).dims;
  dims.erase(dims.begin());
  VERGE_TRY(Attrs attrs, op.shape_attr(dims));
  return op.result("reshape", {both}, std::move(attrs));
}

}  // namespace

Result<void> rfft2d(Op& op) {
  constexpr int64_t kLongest = 1 << 13;  // a transform is a matrix product here
  VERGE_TRY(const Ints n, op.ints(1, "the length of the transform"));
  VERGE_TRY(const Ints x, op.sizes(0, "a Fourier transform"));
  if (n.size() != 2 || x.size() < 2 || n[0] < 1 || n[1] < 1) return corrupt("lengths " + bracketed(n) + " for " + op.type(size_t{0}).text());
  if (n[0] > kLongest || n[1] > kLongest) return op.refuse("a Fourier transform longer than " + std::to_string(kLongest));
  const int64_t rank = static_cast<int64_t>(x.size());
  Complex y{op.in(0), {}};
  for (int64_t axis = 0; axis < 2; ++axis)
    if (x[static_cast<size_t>(rank - 2 + axis)] > n[static_cast<size_t>(axis)]) {
      VERGE_TRY(y.re, without_end(op, y.re, rank - 2 + axis, n[static_cast<size_t>(axis)]));
    }
  VERGE_TRY(y, transformed(op, y, n[1] / 2 + 1, n[1]));
  if (n[0] > 1) {
    VERGE_TRY(y.re, turned(op, y.re));
    VERGE_TRY(y.im, turned(op, y.im));
    VERGE_TRY(y, transformed(op, y, n[0], n[0]));
    VERGE_TRY(y.re, turned(op, y.re));
    VERGE_TRY(y.im, turned(op, y.im));
  }
  std::vector<Dim> dims = op.type(y.re).dims;
  dims.insert(dims.begin(), Dim(1));
  VERGE_TRY(const Attrs attrs, op.shape_attr(dims));
  VERGE_TRY(const ValueId re, op.add("reshape", {y.re}, attrs));
  VERGE_TRY(const ValueId im, op.add("reshape", {y.im}, attrs));
  return op.result("concat", {re, im}, {{"axis", int64_t{0}}});
}

Result<void> complex_abs(Op& op) { return op.result("reduce_l2", {op.in(0)}, {{"axes", Ints{0}}, {"keepdims", int64_t{0}}}); }
Result<void> real_part(Op& op) { return part_of(op, 0); }
Result<void> imaginary_part(Op& op) { return part_of(op, 1); }

}  // namespace verge::formats::tflite::builtins
