// Parts of tensors: slices by begin and size or end, rows by index.
#include <algorithm>
#include <limits>

#include "core/text.h"
#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

using Ints = std::vector<int64_t>;

// The core's slice clamps starts and ends to the axis, so these mean "from or to the edge".
constexpr int64_t kFarEnd = std::numeric_limits<int32_t>::max();
constexpr int64_t kFarBegin = std::numeric_limits<int32_t>::min();

struct Cut {
  Ints starts, ends, axes, steps;
  void add(int64_t axis, int64_t start, int64_t end, int64_t step) {
    starts.push_back(start);
    ends.push_back(end);
    axes.push_back(axis);
    steps.push_back(step);
  }
  Attrs attrs() const { return {{"starts", starts}, {"ends", ends}, {"axes", axes}, {"steps", steps}}; }
};

// What a strided slice says of its output's dimensions, in order: an axis of x kept, one dropped, or a new one of size 1.
enum class Part : uint8_t { kKept, kDropped, kNew };

// A strided slice as TensorFlow writes it: sparse lists where bit i of a mask speaks about entry i.
class StridedSlice {
 public:
  StridedSlice(const schema::StridedSliceOptions& options, size_t rank, Ints begin, Ints end, Ints strides)
      : o_(options), rank_(rank), begin_(std::move(begin)), end_(std::move(end)), strides_(std::move(strides)) {}

  Result<void> resolve() {
    if (begin_.size() != end_.size() || begin_.size() != strides_.size() || begin_.size() > 2 * kMaxRank)
      return corrupt("begin " + bracketed(begin_) + ", end " + bracketed(end_) + ", strides " + bracketed(strides_));
    size_t taken = 0;  // axes of x that entries other than the ellipsis speak about
    for (size_t i = 0; i < begin_.size(); ++i) taken += !bit(o_.ellipsis_mask(), i) && !bit(o_.new_axis_mask(), i);
    if (taken > rank_) return corrupt(std::to_string(taken) + " entries for rank " + std::to_string(rank_));
    bool ellipsis = false;
    for (size_t i = 0; i < begin_.size(); ++i) {
      if (bit(o_.ellipsis_mask(), i)) {
        if (std::exchange(ellipsis, true)) return corrupt("more than one ellipsis");
        keep(rank_ - taken);
      } else if (bit(o_.new_axis_mask(), i)) {
        parts_.push_back(Part::kNew);
      } else {
        VERGE_CHECK(entry(i));
      }
    }
    keep(rank_ - static_cast<size_t>(axis_));
    return done();
  }

  const Cut& cut() const { return cut_; }
  bool reshapes() const {
    return std::any_of(parts_.begin(), parts_.end(), [](Part p) { return p != Part::kKept; });
  }
  // The output's dimensions, from those of the slice.
  std::vector<Dim> dims(const std::vector<Dim>& sliced) const {
    std::vector<Dim> out;
    size_t axis = 0;
    for (Part part : parts_) {
      if (part == Part::kNew) out.push_back(Dim(1));
      if (part == Part::kKept) out.push_back(sliced[axis]);
      axis += part != Part::kNew;
    }
    return out;
  }

 private:
  static bool bit(int32_t mask, size_t i) { return (static_cast<uint32_t>(mask) >> i) & 1; }

  void keep(size_t axes) {
    parts_.insert(parts_.end(), axes, Part::kKept);
    axis_ += static_cast<int64_t>(axes);
  }

  Result<void> entry(size_t i) {
    const int64_t step = strides_[i], begin = begin_[i];
    if (step == 0) return corrupt("stride 0");
    if (bit(o_.shrink_axis_mask(), i)) {
      cut_.add(axis_++, begin, begin == -1 ? kFarEnd : begin + 1, 1);
      parts_.push_back(Part::kDropped);
      return done();
    }
    const int64_t start = bit(o_.begin_mask(), i) ? (step > 0 ? 0 : kFarEnd) : begin;
    int64_t end = end_[i];
    if (o_.offset()) end += begin;
    if (o_.offset() && (begin < 0 || end < 0)) return unsupported("a slice by offset from the end has no translation");
    if (bit(o_.end_mask(), i)) end = step > 0 ? kFarEnd : kFarBegin;
    cut_.add(axis_++, start, end, step);
    parts_.push_back(Part::kKept);
    return done();
  }

  const schema::StridedSliceOptions& o_;
  size_t rank_;
  Ints begin_, end_, strides_;
  int64_t axis_ = 0;
  Cut cut_;
  std::vector<Part> parts_;
};

}  // namespace

Result<void> slice(Op& op) {
  VERGE_TRY(const Ints begin, op.ints(1, "the begin of the slice"));
  VERGE_TRY(const Ints size, op.ints(2, "the size of the slice"));
  if (begin.size() != size.size()) return corrupt("begin " + bracketed(begin) + ", size " + bracketed(size));
  Cut cut;
  for (size_t i = 0; i < begin.size(); ++i) {
    if (begin[i] < 0 || size[i] < -1) return corrupt("begin " + bracketed(begin) + ", size " + bracketed(size));
    cut.add(static_cast<int64_t>(i), begin[i], size[i] < 0 ? kFarEnd : begin[i] + size[i], 1);
  }
  return op.result(op.core(), {op.in(0)}, cut.attrs());
}

Result<void> strided_slice(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::StridedSliceOptions>());
  VERGE_TRY(Ints begin, op.ints(1, "the begin of the slice"));
  VERGE_TRY(Ints end, op.ints(2, "the end of the slice"));
  VERGE_TRY(Ints strides, op.ints(3, "the strides of the slice"));
  if (!op.type(size_t{0}).ranked) return op.refuse("the rank of its input is not known");
  StridedSlice slice(*o, op.type(size_t{0}).dims.size(), std::move(begin), std::move(end), std::move(strides));
  VERGE_CHECK(slice.resolve());
  if (!slice.reshapes()) return op.result(op.core(), {op.in(0)}, slice.cut().attrs());
  ValueId x = op.in(0);
  if (!slice.cut().axes.empty()) {
    VERGE_TRY(x, op.add(op.core(), {x}, slice.cut().attrs()));
  }
  VERGE_TRY(Attrs attrs, op.shape_attr(slice.dims(op.type(x).dims)));
  return op.result("reshape", {x}, std::move(attrs));
}

Result<void> reverse(Op& op) {
  VERGE_TRY(const Ints axes, op.ints(1, "the axes"));
  Cut cut;
  for (int64_t given : axes) {
    VERGE_TRY(const int64_t axis, op.axis(given, op.type(size_t{0}).rank()));
    cut.add(axis, kFarEnd, kFarBegin, -1);
  }
  return op.result(op.core(), {op.in(0)}, cut.attrs());
}

Result<void> gather(Op& op) {
  VERGE_TRY(const auto* o, op.options<schema::GatherOptions>());
  VERGE_TRY(const int64_t axis, op.axis(o->axis(), op.type(size_t{0}).rank()));
  if (o->batch_dims() == 0) return op.result(op.core(), {op.in(0), op.in(1)}, {{"axis", axis}});
  const TensorType indices = op.type(1);
  if (!indices.ranked) return op.refuse("the rank of its indices is not known");
  VERGE_TRY(const int64_t batch, op.axis(o->batch_dims(), indices.rank() + 1, "batch_dims"));
  if (batch != axis) return op.refuse("gathering along another axis than the first behind the batch has no translation");
  std::vector<Dim> dims = indices.dims;
  dims.push_back(Dim(1));
  VERGE_TRY(Attrs attrs, op.shape_attr(dims));
  VERGE_TRY(const ValueId tuples, op.add("reshape", {op.in(1)}, std::move(attrs)));
  return op.result("gather_nd", {op.in(0), tuples}, {{"batch_dims", batch}});
}

Result<void> gather_nd(Op& op) { return op.result(op.core(), {op.in(0), op.in(1)}, {{"batch_dims", int64_t{0}}}); }

// Updates are added to zeros.
Result<void> scatter_nd(Op& op) {
  VERGE_TRY(Ints dims, op.ints(2, "the shape"));
  const TensorType updates = op.type(1);
  if (updates.quantized()) return op.refuse("scattering quantised numbers has no translation");
  VERGE_TRY(const ValueId zero, op.add_constant(cast_tensor(Tensor::scalar<float>(0), updates.dtype)));
  VERGE_TRY(const ValueId zeros, op.add_as(updates, "expand", {zero}, {{"shape", std::move(dims)}}));
  return op.result(op.core(), {zeros, op.in(0), op.in(1)}, {{"reduction", std::string("add")}});
}

}  // namespace verge::formats::tflite::builtins
