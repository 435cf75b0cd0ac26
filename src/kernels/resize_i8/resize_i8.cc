#include "kernels/resize_i8/resize_i8.h"

namespace verge {
namespace {

constexpr int32_t kOne = 1 << 10;

struct Place {
  int32_t low, high, weight;  // of high; low's is kOne - weight
};

// One axis of the picture.
class Axis {
 public:
  Axis(int32_t in, int32_t out, const ResizeI8& r) : in_(in), half_pixel_(r.half_pixel_centers) {
    const bool corners = r.align_corners && out > 1;
    const int32_t from = corners ? in - 1 : in, to = corners ? out - 1 : out;
    step_ = (kOne * from + to / 2) / to;
  }
  Place at(int32_t o) const {
    const int32_t position = o * step_ + (half_pixel_ ? step_ / 2 - kOne / 2 : 0);
    const int32_t low = position / kOne > 0 ? position / kOne : 0, high = (position + kOne - 1) / kOne;
    return {low, high < in_ - 1 ? high : in_ - 1, position - kOne * low};
  }

 private:
  int32_t in_, step_;
  bool half_pixel_;
};

// Sums stay below 2^31: the weights of one value are at most 1536 each where positions reach beyond the edge.
template <typename T> void blend(size_t n, const T* const (&corner)[4], const int32_t (&weight)[4], T* y) {
  for (size_t c = 0; c < n; ++c) {
    const int32_t sum = corner[0][c] * weight[0] + corner[1][c] * weight[1] + corner[2][c] * weight[2] + corner[3][c] * weight[3];
    const int32_t size = ((sum < 0 ? -sum : sum) + (1 << 19)) >> 20;
    y[c] = static_cast<T>(sum < 0 ? -size : size);
  }
}

template <typename T> void resize_rows(const ResizeI8& r, size_t begin, size_t end) {
  const Axis rows(r.in_h, r.out_h, r), columns(r.in_w, r.out_w, r);
  const size_t channels = static_cast<size_t>(r.channels), in_row = static_cast<size_t>(r.in_w) * channels, out_row = static_cast<size_t>(r.out_w) * channels;
  for (size_t i = begin; i < end; ++i) {
    const Place v = rows.at(static_cast<int32_t>(i % static_cast<size_t>(r.out_h)));
    const T* picture = static_cast<const T*>(r.x) + i / static_cast<size_t>(r.out_h) * static_cast<size_t>(r.in_h) * in_row;
    const T *top = picture + static_cast<size_t>(v.low) * in_row, *bottom = picture + static_cast<size_t>(v.high) * in_row;
    T* y = static_cast<T*>(r.y) + i * out_row;
    for (int32_t o = 0; o < r.out_w; ++o, y += channels) {
      const Place h = columns.at(o);
      const size_t left = static_cast<size_t>(h.low) * channels, right = static_cast<size_t>(h.high) * channels;
      const T* const corner[4] = {top + left, bottom + left, top + right, bottom + right};
      const int32_t weight[4] = {(kOne - v.weight) * (kOne - h.weight), v.weight * (kOne - h.weight), (kOne - v.weight) * h.weight, v.weight * h.weight};
      blend(channels, corner, weight, y);
    }
  }
}

}  // namespace

void resize_bilinear_i8(const ResizeI8& r, size_t begin, size_t end) { (r.is_unsigned ? resize_rows<uint8_t> : resize_rows<int8_t>)(r, begin, end); }

}  // namespace verge
