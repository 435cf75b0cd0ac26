// Convolutions that follow each other over pictures larger than the cache become one instruction that computes them by stripes of lines.
//
//   a = conv_f32 x
//   b = depthwise_f32 a   ->   y = stripes_f32 x
//   y = conv_f32 b, r                         r
//
// A link is worth it where what lies between two layers is read by the second alone and takes kLinkBytes; one of them at least kLargeBytes. At least one
// of the layers is depthwise: what it reads and writes costs more than its arithmetic.
#include <algorithm>

#include "lower/program_builder.h"
#include "ops/conv/conv_attrs.h"
#include "ops/conv/stripes_attrs.h"
#include "ops/unary/unary_attrs.h"

namespace verge {
namespace {

constexpr int64_t kLinkBytes = 256 * 1024, kLargeBytes = 768 * 1024;
constexpr int32_t kNarrow = 32;
constexpr int64_t kStripeBytes = 768 * 1024;  // that the steps' lines take together: half a level 2 cache, beside weights and what is read and written

// As many lines as fit, evenly divided.
int32_t lines_that_fit(exec::StripesF32Attrs a, int32_t in_c, int32_t height) {
  const auto fits = [&](int32_t lines) { return a.lines = lines, exec::stripes_bytes(a, in_c) <= kStripeBytes; };
  int32_t lines = 1;
  while (lines < height && fits(lines + 1)) ++lines;
  const int32_t stripes = (height + lines - 1) / lines;
  return (height + stripes - 1) / stripes;
}

}  // namespace

// A layer that a stripe may compute: over one picture, with constant weights. Products of many columns and long sums wait for arithmetic, not for memory.
bool ProgramBuilder::is_step(const BuildInstruction& n) const {
  if ((n.op != exec::Op::conv_f32 && n.op != exec::Op::depthwise_f32) || n.attr_bytes != sizeof(exec::ConvF32Attrs)) return false;
  const BuildTensor &x = tensors_[n.in[0].index], &y = tensors_[n.out[0].index];
  const auto constant = [&](size_t i) { return pieces_[tensors_[n.in[i].index].piece].section == rt::Section::kConst; };
  if (x.dtype != DataType::kF32 || y.dtype != DataType::kF32 || x.shape.rank != 4 || x.shape[0] != 1 || !constant(1) || !constant(2)) return false;
  const auto& window = reinterpret_cast<const exec::ConvF32Attrs*>(attributes_.data() + n.attr_offset)->window;
  return n.op == exec::Op::depthwise_f32 || std::min(y.shape[3], x.shape[3] * window.kernel_h * window.kernel_w) <= kNarrow;
}

int64_t ProgramBuilder::bytes_of(ops::TensorRef tensor) const { return static_cast<int64_t>(pieces_[tensors_[tensor.index].piece].bytes); }

// Only instruction i + 1 reads what instruction i writes.
bool ProgramBuilder::feeds_the_next_alone(size_t i) const {
  if (i + 1 >= instructions_.size() || instructions_[i].out.size() != 1 || instructions_[i + 1].in.empty()) return false;
  const ops::TensorRef out = instructions_[i].out[0];
  const uint32_t piece = tensors_[out.index].piece;
  if (pieces_[piece].section != rt::Section::kArena || instructions_[i + 1].in[0] != out) return false;
  const auto shares = [&](ops::TensorRef t) { return t.valid() && tensors_[t.index].piece == piece; };
  int64_t uses = 0;
  for (const BuildInstruction& n : instructions_) uses += std::count_if(n.in.begin(), n.in.end(), shares) + std::count_if(n.out.begin(), n.out.end(), shares);
  const auto outputs = graph_.outputs();
  return uses == 2 && std::none_of(outputs.begin(), outputs.end(), [&](ValueId v) { return shares(value_tensor_[v.index]); });
}

// Instructions from `first` that one stripes_f32 computes, and its attributes.
size_t ProgramBuilder::stripe_length(size_t first, exec::StripesF32Attrs& attrs) const {
  size_t length = 0;
  bool large = false;
  for (size_t i = first; attrs.steps < exec::kMostStripeSteps && i < instructions_.size() && is_step(instructions_[i]);) {
    const BuildInstruction& n = instructions_[i];
    exec::StripeStep& step = attrs.step[attrs.steps++];
    const auto& conv = *reinterpret_cast<const exec::ConvF32Attrs*>(attributes_.data() + n.attr_offset);
    const Shape& y = tensors_[n.out[0].index].shape;
    step.window = conv.window, step.groups = conv.groups, step.clamp_min = conv.clamp_min, step.clamp_max = conv.clamp_max;
    step.depthwise = n.op == exec::Op::depthwise_f32, step.out_h = y[1], step.out_w = y[2], step.out_c = y[3];
    const bool residual = n.in.size() > 3;
    if (!residual && feeds_the_next_alone(i) && instructions_[i + 1].op == exec::Op::unary_f32) {
      const auto& function = *reinterpret_cast<const exec::UnaryF32Attrs*>(attributes_.data() + instructions_[++i].attr_offset);
      step.function = static_cast<int32_t>(function.function), step.a = function.a, step.b = function.b;
    }
    length = ++i - first;
    const int64_t bytes = bytes_of(instructions_[i - 1].out[0]);
    if (residual || bytes < kLinkBytes || !feeds_the_next_alone(i - 1) || i >= instructions_.size() || !is_step(instructions_[i])) break;
    large = large || (attrs.steps < exec::kMostStripeSteps && bytes >= kLargeBytes);
  }
  const bool depthwise = std::any_of(attrs.step, attrs.step + attrs.steps, [](const exec::StripeStep& s) { return s.depthwise != 0; });
  return large && depthwise ? length : 0;
}

void ProgramBuilder::join_stripes() {
  for (size_t first = 0; first < instructions_.size(); ++first) {
    exec::StripesF32Attrs attrs;
    const size_t length = stripe_length(first, attrs);
    if (length == 0) continue;
    const Shape& x = tensors_[instructions_[first].in[0].index].shape;
    attrs.lines = lines_that_fit(attrs, x[3], attrs.step[attrs.steps - 1].out_h);
    BuildInstruction joined = instructions_[first];
    joined.in.resize(1);
    joined.op = exec::Op::stripes_f32, joined.macs = 0, joined.in_place = -1;
    for (size_t i = first; i < first + length; ++i) {
      const BuildInstruction& n = instructions_[i];
      joined.macs += n.macs;
      if (is_step(n)) joined.in.insert(joined.in.end(), n.in.begin() + 1, n.in.end());
    }
    for (size_t i = first; i + 1 < first + length; ++i) tensors_[instructions_[i].out[0].index].shape = Shape{0};  // which lie nowhere
    joined.out = instructions_[first + length - 1].out;
    joined.name += ".." + instructions_[first + length - 1].name;
    joined.attr_offset = place_attributes({reinterpret_cast<const char*>(&attrs), sizeof(attrs)});
    joined.attr_bytes = sizeof(attrs);
    joined.scratch = scratch(static_cast<size_t>(std::max(1, options_.threads)) * static_cast<size_t>(exec::stripes_bytes(attrs, x[3])));
    const auto at = instructions_.begin() + static_cast<int64_t>(first);
    instructions_.erase(at + 1, at + static_cast<int64_t>(length));
    instructions_[first] = std::move(joined);
  }
}

}  // namespace verge
