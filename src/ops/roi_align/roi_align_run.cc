#include <cmath>

#include "exec/checks.h"
#include "exec/integers.h"
#include "exec/op_codes.h"
#include "ops/roi_align/roi_align_attrs.h"

namespace verge::exec {
namespace {

constexpr float kMostSamples = 1024;

// One side of a rectangle, cut into cells of some samples each.
struct Side {
  float begin = 0, cell = 0;
  int32_t samples = 1;

  float at(int32_t i, int32_t k) const { return begin + static_cast<float>(i) * cell + (static_cast<float>(k) + 0.5f) * cell / static_cast<float>(samples); }
};

Side make_side(const RoiAlignAttrs& a, float from, float to, int32_t cells) {
  const float offset = a.half_pixel ? 0.5f : 0.0f;
  Side side;
  side.begin = from * a.scale - offset;
  float length = to * a.scale - offset - side.begin;
  if (!a.half_pixel && length < 1) length = 1;
  side.cell = length / static_cast<float>(cells);
  const float own = std::ceil(side.cell);
  side.samples = a.samples > 0 ? a.samples : own < 1 ? 0 : static_cast<int32_t>(own > kMostSamples ? kMostSamples : own);
  return side;
}

// Two neighbours along an axis, and the weight of the second; outside the image by more than one element: nothing.
struct Pair {
  bool inside = false;
  int32_t low = 0, high = 0;
  float far = 0;
};

Pair neighbours(float x, int32_t size) {
  Pair p;
  p.inside = x >= -1 && x <= static_cast<float>(size);
  if (!p.inside) return p;
  if (x < 0) x = 0;
  p.low = static_cast<int32_t>(x);
  if (p.low >= size - 1) {
    p.low = p.high = size - 1;
    return p;
  }
  p.high = p.low + 1;
  p.far = x - static_cast<float>(p.low);
  return p;
}

float cell_value(const RoiAlignAttrs& a, const float* x, int32_t w, int32_t h, const Side& sy, const Side& sx, int32_t i, int32_t j) {
  float sum = 0, most = 0;
  bool any = false;
  for (int32_t ky = 0; ky < sy.samples; ++ky) {
    const Pair py = neighbours(sy.at(i, ky), h);
    for (int32_t kx = 0; kx < sx.samples; ++kx) {
      const Pair px = neighbours(sx.at(j, kx), w);
      float corner[4] = {};
      if (py.inside && px.inside) {
        const float *low = x + static_cast<int64_t>(py.low) * w, *high = x + static_cast<int64_t>(py.high) * w;
        corner[0] = (1 - py.far) * (1 - px.far) * low[px.low];
        corner[1] = (1 - py.far) * px.far * low[px.high];
        corner[2] = py.far * (1 - px.far) * high[px.low];
        corner[3] = py.far * px.far * high[px.high];
      }
      for (const float value : corner) {
        sum += value;
        if (!any || value > most) most = value;
        any = true;
      }
    }
  }
  const int64_t count = int64_t{sy.samples} * sx.samples;
  return a.max ? most : sum / static_cast<float>(count > 0 ? count : 1);
}

}  // namespace

Status check_roi_align_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<RoiAlignAttrs>();
  VERGE_REQUIRE(a && std::isfinite(a->scale) && a->samples >= 0 && static_cast<float>(a->samples) <= kMostSamples && a->half_pixel <= 1 && a->max <= 1, Code::kCorrupt);
  VERGE_REQUIRE(arity(in, 3, 1) && is_type(in.in(0), DataType::kF32) && is_type(in.in(1), DataType::kF32) && is_type(in.out(), DataType::kF32), Code::kCorrupt);
  VERGE_REQUIRE(in.in(2).dtype == DataType::kI32 || in.in(2).dtype == DataType::kI64, Code::kCorrupt);
  const Shape &x = in.in(0).shape, &rectangles = in.in(1).shape, &image = in.in(2).shape, &y = in.out().shape;
  VERGE_REQUIRE(x.rank == 4 && y.rank == 4 && rectangles.rank == 2 && rectangles[1] == 4 && image.rank == 1 && x[2] >= 1 && x[3] >= 1, Code::kCorrupt);
  VERGE_REQUIRE(y[0] == rectangles[0] && y[0] == image[0] && y[1] == x[1], Code::kCorrupt);
  return {};
}

Status run_roi_align_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const auto& a = *in.attrs_as<RoiAlignAttrs>();
  const Shape &x = in.in(0).shape, &y = in.out().shape;
  const auto* rectangles = in.in(1).as<float>();
  for (int32_t r = 0; r < y[0]; ++r) {
    int64_t image;
    load_integers(in.in(2).dtype, in.in(2).data, static_cast<size_t>(r), 1, &image);
    const float* box = rectangles + int64_t{4} * r;
    const bool finite = std::isfinite(box[0]) && std::isfinite(box[1]) && std::isfinite(box[2]) && std::isfinite(box[3]);
    VERGE_REQUIRE(image >= 0 && image < x[0] && finite, Code::kInvalidArgument);
    const Side sx = make_side(a, box[0], box[2], y[3]), sy = make_side(a, box[1], box[3], y[2]);
    env.parallel.each(static_cast<size_t>(y[1]), [&](size_t c) {
      const float* from = in.in(0).as<float>() + (image * x[1] + static_cast<int64_t>(c)) * x[2] * x[3];
      float* to = in.out().mut<float>() + (int64_t{r} * y[1] + static_cast<int64_t>(c)) * y[2] * y[3];
      for (int32_t i = 0; i < y[2]; ++i)
        for (int32_t j = 0; j < y[3]; ++j) to[int64_t{i} * y[3] + j] = cell_value(a, from, x[3], x[2], sy, sx, i, j);
    });
  }
  return {};
}

}  // namespace verge::exec
