// Spectra: discrete Fourier transforms as products with constant matrices, frames, windows, mel filters.
#include <cmath>
#include <numbers>

#include "formats/onnx/shorthand.h"
#include "base/integers.h"
#include "formats/onnx/table.h"

namespace verge::formats::onnx {
namespace {

constexpr int64_t kMostEntries = int64_t{1} << 26;  // of a matrix or a table of places

struct Transform {
  int64_t in = 0;      // numbers along the axis that are read
  int64_t length = 0;  // of the transform
  int64_t parts = 1;   // 1: real input, 2: real and imaginary
  bool inverse = false, onesided = false;

  bool to_real() const { return inverse && onesided; }
  int64_t out() const { return onesided && !inverse ? length / 2 + 1 : length; }
  int64_t out_parts() const { return to_real() ? 1 : 2; }
};

// Weights [out, part] x [in, part] of the transform of interleaved numbers.
std::vector<double> matrix_of(const Transform& t) {
  std::vector<double> w(static_cast<size_t>(t.out() * t.out_parts() * t.in * t.parts));
  for (int64_t k = 0; k < t.out(); ++k)
    for (int64_t j = 0; j < t.in; ++j) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(k * j % t.length) / static_cast<double>(t.length);
      const bool twice = t.to_real() && j != 0 && 2 * j != t.length;
      const double factor = (t.inverse ? 1.0 / static_cast<double>(t.length) : 1.0) * (twice ? 2 : 1);
      const double re = factor * std::cos(angle), im = factor * std::sin(angle) * (t.inverse ? 1 : -1);
      const auto at = [&](int64_t out_part, int64_t part) -> double& { return w[((k * t.out_parts() + out_part) * t.in + j) * t.parts + part]; };
      at(0, 0) = re;
      if (t.out_parts() == 2) at(1, 0) = im;
      if (t.parts == 2) at(0, 1) = -im;
      if (t.parts == 2 && t.out_parts() == 2) at(1, 1) = re;
    }
  return w;
}

// x [..., n, ..., parts] transformed along `axis`.
Result<ValueId> transformed(NodeContext& c, ValueId x, int axis, Transform t) {
  VERGE_TRY(const Shape shape, known_shape(c, x, "signal"));
  const int rank = shape.rank;
  t.parts = shape.back(0);
  if (rank < 2 || axis >= rank - 1 || (t.parts != 1 && t.parts != 2)) return c.damaged("its signal is " + c.type(x).text() + ", its last dimension wants 1 or 2 numbers");
  if (t.length < 1 || t.length > kMostEntries) return c.damaged("a transform of length " + std::to_string(t.length));
  const int64_t readable = t.to_real() ? t.length / 2 + 1 : t.length;
  t.in = std::min<int64_t>(shape[axis], readable);
  if (t.out() * t.out_parts() > kMostEntries / std::max<int64_t>(1, t.in * t.parts)) return c.refuse("its matrix is too large");
  VERGE_CHECK(c.reserve(static_cast<double>(t.out() * t.out_parts() * t.in * t.parts)));
  std::vector<int64_t> to_end, back(static_cast<size_t>(rank)), dims;
  for (int d = 0; d < rank - 1; ++d)
    if (d != axis) to_end.push_back(d);
  to_end.push_back(axis);
  to_end.push_back(rank - 1);
  for (int d = 0; d < rank; ++d) back[static_cast<size_t>(to_end[static_cast<size_t>(d)])] = d;
  for (int d = 0; d < rank - 2; ++d) dims.push_back(shape[static_cast<int>(to_end[static_cast<size_t>(d)])]);
  std::vector<int64_t> rows = dims, result = dims;
  rows.push_back(t.in * t.parts);
  result.push_back(t.out());
  result.push_back(t.out_parts());
  ValueId line = transposed(c, x, to_end);
  if (t.in < shape[axis]) line = sliced(c, line, rank - 2, 0, t.in);
  const Shape weights{static_cast<int32_t>(t.out() * t.out_parts()), static_cast<int32_t>(t.in * t.parts)};
  const ValueId matrix = c.constant(cast_tensor(Tensor::of<double>(weights, matrix_of(t)), c.type(x).dtype));
  return transposed(c, shaped(c, c.add("dense", {shaped(c, line, rows), matrix}), result), back);
}

Result<void> dft(NodeContext& c) {
  VERGE_TRY(const int rank, c.rank());
  int64_t given_axis = c.opset() < 20 ? c.integer("axis", 1) : -2;
  if (c.opset() >= 20 && c.has(2)) {
    VERGE_TRY(const double axis, c.number(2, "axis"));
    given_axis = static_cast<int64_t>(axis);
  }
  VERGE_TRY(const int axis, c.axis(given_axis, rank));
  Transform t;
  t.inverse = c.integer("inverse", 0) != 0;
  t.onesided = c.integer("onesided", 0) != 0;
  const Dim n = c.type(size_t{0}).dims[static_cast<size_t>(axis)];
  t.length = t.to_real() ? 2 * (n.size - 1) : n.size;
  if (c.has(1)) {
    VERGE_TRY(const double length, c.number(1, "dft_length"));
    t.length = static_cast<int64_t>(length);
  }
  VERGE_TRY(const ValueId y, transformed(c, c.in(0), axis, t));
  return c.finish(y);
}

// Frames of `length` samples, one every `step`: places in the signal, [frames, length].
Result<ValueId> frame_places(NodeContext& c, int64_t samples, int64_t step, int64_t length) {
  if (step < 1 || length < 1 || length > samples) return c.damaged("frames of " + std::to_string(length) + " every " + std::to_string(step) + " of " + std::to_string(samples) + " samples");
  const int64_t frames = 1 + (samples - length) / step;
  if (frames > kMostEntries / length) return c.refuse("its frames are too many");
  VERGE_CHECK(c.reserve(static_cast<double>(frames * length)));
  std::vector<int64_t> places;
  for (int64_t f = 0; f < frames; ++f)
    for (int64_t i = 0; i < length; ++i) places.push_back(f * step + i);
  return integers(c, places, {static_cast<int32_t>(frames), static_cast<int32_t>(length)});
}

// signal [batch, samples, parts], frame_step, window, frame_length
Result<void> stft(NodeContext& c) {
  VERGE_TRY(const Shape signal, known_shape(c, c.in(0), "signal"));
  if (signal.rank != 2 && signal.rank != 3) return c.damaged("its signal is " + c.type(size_t{0}).text() + ", wants rank 3");
  VERGE_TRY(const double step, c.number(1, "frame_step"));
  double length = signal[1];
  if (c.has(3)) {
    VERGE_TRY(length, c.number(3, "frame_length"));
  } else if (c.has(2)) {
    VERGE_TRY(const Shape window, known_shape(c, c.in(2), "window"));
    length = static_cast<double>(window.count());
  }
  const ValueId x = signal.rank == 2 ? shaped(c, c.in(0), {0, 0, 1}) : c.in(0);
  VERGE_TRY(const ValueId places, frame_places(c, signal[1], static_cast<int64_t>(step), static_cast<int64_t>(length)));
  ValueId frames = c.add("gather", {x, places}, {{"axis", int64_t{1}}});
  if (c.has(2)) frames = c.add("mul", {frames, shaped(c, c.in(2), {-1, 1})});
  Transform t;
  t.length = static_cast<int64_t>(length);
  t.onesided = c.integer("onesided", 1) != 0;
  VERGE_TRY(const ValueId y, transformed(c, frames, 2, t));
  return c.finish(y);
}

// a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n)
Result<void> cosine_window(NodeContext& c, double a0, double a1, double a2) {
  VERGE_TRY(const double size, c.number(0, "size"));
  if (!(size >= 0 && size <= static_cast<double>(kMostEntries))) return c.damaged("a window of size " + std::to_string(size));
  VERGE_CHECK(c.reserve(size));
  const int32_t type = static_cast<int32_t>(c.integer("output_datatype", 1));
  const DataType dtype = dtype_from_onnx(type);
  if (dtype == DataType::kNone) return c.refuse("its type " + onnx_type_name(type) + " is not supported");
  const double n = c.integer("periodic", 1) ? size : size - 1;
  std::vector<double> values;
  for (double i = 0; i < size; ++i) values.push_back(a0 - a1 * std::cos(2 * std::numbers::pi * i / n) + a2 * std::cos(4 * std::numbers::pi * i / n));
  return c.finish(c.constant(cast_tensor(Tensor::of<double>({static_cast<int32_t>(values.size())}, values), dtype)));
}

Result<void> hann(NodeContext& c) { return cosine_window(c, 0.5, 0.5, 0); }
Result<void> hamming(NodeContext& c) { return cosine_window(c, 25.0 / 46, 21.0 / 46, 0); }
Result<void> blackman(NodeContext& c) { return cosine_window(c, 0.42, 0.5, 0.08); }

// Places of the corners of triangular filters that lie evenly on the mel scale.
std::vector<int64_t> mel_corners(int64_t bins, int64_t length, double rate, double low, double high) {
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double from = mel(low), step = (mel(high) - from) / static_cast<double>(bins + 2);
  std::vector<int64_t> corners;
  for (int64_t i = 0; i < bins + 2; ++i) {
    const double hertz = 700 * (std::pow(10, (from + static_cast<double>(i) * step) / 2595) - 1);
    corners.push_back(to_integer<int64_t>(std::floor(static_cast<double>(length + 1) * hertz / rate)));
  }
  return corners;
}

// num_mel_bins, dft_length, sample_rate, lower and upper edge in Hz: [dft_length / 2 + 1, num_mel_bins]
Result<void> mel_weight_matrix(NodeContext& c) {
  double in[5];
  for (size_t i = 0; i < 5; ++i) {
    VERGE_TRY(in[i], c.number(i, "sizes and frequencies"));
  }
  const auto bins = static_cast<int64_t>(in[0]), rows = static_cast<int64_t>(in[1]) / 2 + 1;
  if (!(in[0] >= 1 && in[1] >= 1 && in[2] > 0 && in[0] * in[1] <= static_cast<double>(kMostEntries))) return c.damaged("a matrix of " + std::to_string(in[0]) + " x " + std::to_string(in[1]));
  VERGE_CHECK(c.reserve(in[0] * static_cast<double>(rows)));
  const DataType dtype = dtype_from_onnx(static_cast<int32_t>(c.integer("output_datatype", 1)));
  const std::vector<int64_t> corners = mel_corners(bins, static_cast<int64_t>(in[1]), in[2], in[3], in[4]);
  std::vector<double> values(static_cast<size_t>(rows * bins));
  for (int64_t b = 0; b < bins; ++b) {
    const int64_t left = corners[b], middle = corners[b + 1], right = corners[b + 2];
    if (left < 0 || right >= rows + 1) return c.damaged("its upper edge lies beyond the spectrum");
    for (int64_t r = left; r < right; ++r)
      values[r * bins + b] = r < middle ? static_cast<double>(r - left) / static_cast<double>(middle - left) : static_cast<double>(right - r) / static_cast<double>(right - middle);
    if (middle < rows && (left == middle || right == middle)) values[middle * bins + b] = 1;
  }
  if (dtype == DataType::kNone) return c.refuse("its type is not supported");
  return c.finish(c.constant(cast_tensor(Tensor::of<double>({static_cast<int32_t>(rows), static_cast<int32_t>(bins)}, values), dtype)));
}

constexpr Row kRows[] = {
    {"BlackmanWindow", 17, kNewest, blackman},
    {"DFT", 17, kNewest, dft},
    {"HammingWindow", 17, kNewest, hamming},
    {"HannWindow", 17, kNewest, hann},
    {"MelWeightMatrix", 17, kNewest, mel_weight_matrix},
    {"STFT", 17, kNewest, stft},
};

}  // namespace

std::span<const Row> signal_rows() { return kRows; }

}  // namespace verge::formats::onnx
