#include <algorithm>
#include <cmath>
#include <cstring>

#include "exec/checks.h"
#include "exec/op_codes.h"
#include "ops/detection/detections_attrs.h"

namespace verge::exec {
namespace {

constexpr int32_t kMostBoxes = 1 << 22, kMostDetections = 1 << 16, kMostClasses = 1 << 16;

struct Corners {
  float top, left, bottom, right;
  float area() const { return (bottom - top) * (right - left); }
};

struct Found {
  int32_t box, label;
  float score;
};

float larger(float a, float b) { return a > b ? a : b; }
float smaller(float a, float b) { return a < b ? a : b; }

float overlap(const Corners& a, const Corners& b) {
  if (!(a.area() > 0) || !(b.area() > 0)) return 0;
  const float height = larger(smaller(a.bottom, b.bottom) - larger(a.top, b.top), 0), width = larger(smaller(a.right, b.right) - larger(a.left, b.left), 0);
  return height * width / (a.area() + b.area() - height * width);
}

double size_of(float box, float scale) { return scale == 0 ? double{box} : std::exp(double{box} / double{scale}); }

Corners corners_of(const DetectionsAttrs& a, const float* box, const float* anchor) {
  const double height = anchor[2], width = anchor[3];
  const auto y = static_cast<float>(double{box[0]} / double{a.y_scale} * height + double{anchor[0]}), x = static_cast<float>(double{box[1]} / double{a.x_scale} * width + double{anchor[1]});
  const auto half_h = static_cast<float>(0.5 * size_of(box[2], a.h_scale) * height);
  const auto half_w = static_cast<float>(0.5 * size_of(box[3], a.w_scale) * width);
  return {y - half_h, x - half_w, y + half_h, x + half_w};
}

// The work of one run, in the scratch memory.
class Detector {
 public:
  explicit Detector(const rt::Instruction& in)
      : a_(*in.attrs_as<DetectionsAttrs>()),
        n_(in.in(0).shape[1]),
        columns_(in.in(1).shape[2]),
        scores_(in.in(1).as<float>() + (columns_ - a_.classes)),
        corners_(in.scratch()->mut<Corners>()),
        best_(reinterpret_cast<float*>(corners_ + n_)),
        order_(reinterpret_cast<int32_t*>(best_ + n_)),
        gone_(order_ + n_),
        found_(reinterpret_cast<Found*>(gone_ + n_)) {
    const int32_t width = in.in(0).shape[2];
    for (int32_t i = 0; i < n_; ++i) corners_[i] = corners_of(a_, in.in(0).as<float>() + static_cast<size_t>(i) * static_cast<size_t>(width), in.in(2).as<float>() + size_t{4} * static_cast<size_t>(i));
  }

  // The best class of each box decides; each box that stays shows its best classes.
  int32_t by_best_class() {
    for (int32_t i = 0; i < n_; ++i) best_[i] = *std::max_element(row(i), row(i) + a_.classes, [](float x, float y) { return x < y; });
    count_ = suppress(a_.most);
    for (int32_t i = 0; i < count_; ++i) found_[i] = {order_[i], 0, 0};
    return count_;
  }

  // Each class by itself, the best of all of them together.
  int32_t by_class() {
    for (int32_t label = 0; label < a_.classes; ++label) {
      for (int32_t i = 0; i < n_; ++i) best_[i] = row(i)[label];
      const int32_t kept = suppress(a_.boxes_per_class < a_.most ? a_.boxes_per_class : a_.most);
      for (int32_t i = 0; i < kept; ++i) insert({order_[i], label, best_[order_[i]]});
    }
    return count_;
  }

  const Found& found(int32_t i) const { return found_[i]; }
  const Corners& corners(int32_t box) const { return corners_[box]; }

  // The class of a box that is its rank-th best; equal scores in the order of classes.
  Found ranked(int32_t box, int32_t rank) const {
    int32_t label = -1;
    for (int32_t r = 0; r <= rank; ++r) label = next_best(row(box), label);
    return {box, label, row(box)[label]};
  }

 private:
  const float* row(int32_t box) const { return scores_ + static_cast<size_t>(box) * static_cast<size_t>(columns_); }

  int32_t next_best(const float* scores, int32_t after) const {
    int32_t best = -1;
    for (int32_t c = 0; c < a_.classes; ++c) {
      if (after >= 0 && !(scores[c] < scores[after] || (scores[c] == scores[after] && c > after))) continue;
      if (best < 0 || scores[c] > scores[best]) best = c;
    }
    return best < 0 ? (after < 0 ? 0 : after) : best;
  }

  // Boxes whose score reaches the threshold, best first, without those that overlap a better one; at most `limit`, named at the front of order_.
  int32_t suppress(int32_t limit) {
    int32_t candidates = 0, kept = 0;
    for (int32_t i = 0; i < n_; ++i)
      if (best_[i] >= a_.score_threshold) order_[candidates++] = i;
    std::sort(order_, order_ + candidates, [this](int32_t i, int32_t j) { return best_[i] != best_[j] ? best_[i] > best_[j] : i < j; });
    std::memset(gone_, 0, static_cast<size_t>(candidates) * sizeof(int32_t));
    for (int32_t i = 0; i < candidates && kept < limit; ++i) {
      if (gone_[i]) continue;
      const int32_t box = order_[i];
      order_[kept++] = box;
      for (int32_t j = i + 1; j < candidates; ++j) gone_[j] |= overlap(corners_[box], corners_[order_[j]]) > a_.iou_threshold;
    }
    return kept;
  }

  // Into found_, best first, behind what has the same score; the worst falls out.
  void insert(const Found& f) {
    int32_t at = count_;
    while (at > 0 && found_[at - 1].score < f.score) --at;
    if (at >= a_.most) return;
    count_ = count_ < a_.most ? count_ + 1 : count_;
    for (int32_t i = count_ - 1; i > at; --i) found_[i] = found_[i - 1];
    found_[at] = f;
  }

  const DetectionsAttrs& a_;
  int32_t n_, columns_;
  const float* scores_;
  Corners* corners_;
  float* best_;
  int32_t *order_, *gone_;
  Found* found_;
  int32_t count_ = 0;
};

void write(const rt::Instruction& in, const Detector& detector, const Found& f, size_t at) {
  std::memcpy(in.out(0).mut<float>() + 4 * at, &detector.corners(f.box), sizeof(Corners));
  in.out(1).mut<float>()[at] = static_cast<float>(f.label);
  in.out(2).mut<float>()[at] = f.score;
}

bool is_shaped(const TensorView& t, const Shape& shape) { return t.dtype == DataType::kF32 && t.shape == shape; }

}  // namespace

Status check_detections(const rt::Instruction& in) {
  const auto* a = in.attrs_as<DetectionsAttrs>();
  VERGE_REQUIRE(a && arity(in, 3, 4), Code::kCorrupt);
  VERGE_REQUIRE(a->most >= 1 && a->most <= kMostDetections && a->classes >= 1 && a->classes <= kMostClasses, Code::kCorrupt);
  VERGE_REQUIRE(a->classes_per_box >= 1 && a->classes_per_box <= kMostDetections && (!a->per_class || a->boxes_per_class >= 1), Code::kCorrupt);
  const TensorView &boxes = in.in(0), &scores = in.in(1);
  VERGE_REQUIRE(is_type(boxes, DataType::kF32) && boxes.shape.rank == 3 && boxes.shape[0] == 1 && boxes.shape[1] <= kMostBoxes && boxes.shape[2] >= 4, Code::kCorrupt);
  const int32_t n = boxes.shape[1], background = scores.shape.rank == 3 ? scores.shape[2] - a->classes : -1;
  VERGE_REQUIRE((background == 0 || background == 1) && is_shaped(scores, {1, n, scores.shape[2]}) && is_shaped(in.in(2), {n, 4}), Code::kCorrupt);
  VERGE_REQUIRE(int64_t{a->most} * a->classes_per_box <= INT32_MAX, Code::kCorrupt);
  const int32_t d = a->most * a->classes_per_box;
  VERGE_REQUIRE(is_shaped(in.out(0), {1, d, 4}) && is_shaped(in.out(1), {1, d}) && is_shaped(in.out(2), {1, d}) && is_shaped(in.out(3), {1}), Code::kCorrupt);
  VERGE_REQUIRE(in.scratch_bytes() >= detections_scratch_bytes(static_cast<size_t>(n), static_cast<size_t>(a->most)), Code::kCorrupt);
  return {};
}

Status run_detections(const rt::Instruction& in, const rt::RunEnv&) {
  const auto& a = *in.attrs_as<DetectionsAttrs>();
  Detector detector(in);
  const int32_t count = a.per_class ? detector.by_class() : detector.by_best_class();
  for (int i = 0; i < 3; ++i) std::memset(in.out(i).data, 0, in.out(i).bytes());
  const int32_t shown = a.classes_per_box < a.classes ? a.classes_per_box : a.classes;
  for (int32_t i = 0; i < count; ++i) {
    if (a.per_class) write(in, detector, detector.found(i), static_cast<size_t>(i));
    for (int32_t k = 0; !a.per_class && k < shown; ++k)
      write(in, detector, detector.ranked(detector.found(i).box, k), static_cast<size_t>(i) * static_cast<size_t>(a.classes_per_box) + static_cast<size_t>(k));
  }
  *in.out(3).mut<float>() = static_cast<float>(count);
  return {};
}

}  // namespace verge::exec
