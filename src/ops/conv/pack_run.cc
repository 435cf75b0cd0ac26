#include <cstring>

#include "exec/blocks.h"
#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/depthwise/depthwise_f32.h"
#include "kernels/gemm/igemm_f32.h"
#include "kernels/gemm/pack_f32.h"
#include "ops/conv/pack_attrs.h"

namespace verge::exec {
namespace {

constexpr int32_t kMostSize = 1 << 26, kMostKernel = 1 << 14;

bool taps_fit(int32_t kernel, int32_t first, int32_t step, int32_t taps) {
  if (kernel < 1 || kernel > kMostKernel || taps < 1 || taps > kernel || step < -kMostKernel || step > kMostKernel) return false;
  const int64_t last = first + int64_t{step} * (taps - 1);
  return first >= 0 && first < kernel && last >= 0 && last < kernel;
}

struct Sizes {
  uint64_t source, packed;
};

// Every factor is bounded, so that no product leaves 64 bits before it is compared.
bool sizes_of(const PackF32Attrs& a, Sizes* sizes) {
  const auto groups = static_cast<uint64_t>(a.groups), n = static_cast<uint64_t>(a.n), k = static_cast<uint64_t>(a.k);
  const uint64_t source_taps = static_cast<uint64_t>(a.kernel_h) * static_cast<uint64_t>(a.kernel_w), taps = static_cast<uint64_t>(a.taps_h) * static_cast<uint64_t>(a.taps_w);
  constexpr uint64_t kMost = uint64_t{1} << 40;
  if (groups * n > kMost || groups * n * k > kMost / source_taps) return false;
  const auto kind = static_cast<PackKind>(a.kind);
  if (kind == PackKind::kBias) *sizes = {groups * n, groups * packed_bias_f32_size(n)};
  else if (kind == PackKind::kDepthwise) *sizes = {groups * n * source_taps, packed_depthwise_f32_size(groups * n, taps)};
  else *sizes = {groups * n * k * source_taps, groups * packed_weights_f32_size(n, taps, k)};
  return true;
}

size_t source_tap(const PackF32Attrs& a, size_t t) {
  const auto ty = static_cast<int32_t>(t) / a.taps_w, tx = static_cast<int32_t>(t) % a.taps_w;
  return static_cast<size_t>((a.first_h + ty * a.step_h) * a.kernel_w + a.first_w + tx * a.step_w);
}

// One panel of one group: all its taps.
void pack_panel(const PackF32Attrs& a, size_t panel, const float* source, float* packed) {
  const auto n = static_cast<size_t>(a.n), k = static_cast<size_t>(a.k), source_taps = static_cast<size_t>(a.kernel_h) * static_cast<size_t>(a.kernel_w);
  const size_t taps = static_cast<size_t>(a.taps_h) * static_cast<size_t>(a.taps_w), column = panel * kPanelF32, columns = n - column < kPanelF32 ? n - column : kPanelF32;
  const WeightSteps steps = a.transposed ? WeightSteps{1, 0, source_taps * n} : WeightSteps{source_taps * k, 0, 1};
  for (size_t t = 0; t < taps; ++t) {
    const float* from = source + source_tap(a, t) * (a.transposed ? n : k) + column * steps.n;
    pack_weights_f32(columns, 1, k, from, steps, packed + (panel * taps + t) * k * kPanelF32);
  }
}

void pack_product(const rt::Instruction& in, const PackF32Attrs& a, const rt::RunEnv& env) {
  const auto n = static_cast<size_t>(a.n), k = static_cast<size_t>(a.k), taps = static_cast<size_t>(a.taps_h) * static_cast<size_t>(a.taps_w);
  const size_t panels = (n + kPanelF32 - 1) / kPanelF32, group = n * k * static_cast<size_t>(a.kernel_h) * static_cast<size_t>(a.kernel_w);
  for_blocks(env, static_cast<size_t>(a.groups) * panels, items_per_block(taps * k * kPanelF32), [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      pack_panel(a, i % panels, in.in(0).as<float>() + i / panels * group, in.out().mut<float>() + i / panels * packed_weights_f32_size(n, taps, k));
  });
}

void pack_depthwise(const rt::Instruction& in, const PackF32Attrs& a) {
  const size_t channels = static_cast<size_t>(a.groups) * static_cast<size_t>(a.n), taps = static_cast<size_t>(a.taps_h) * static_cast<size_t>(a.taps_w);
  const size_t source_taps = static_cast<size_t>(a.kernel_h) * static_cast<size_t>(a.kernel_w), step = packed_depthwise_f32_size(channels, 1);
  for (size_t t = 0; t < taps; ++t)
    pack_depthwise_f32(channels, 1, in.in(0).as<float>() + source_tap(a, t), 0, source_taps, in.out().mut<float>() + t * step);
}

}  // namespace

Status check_pack_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<PackF32Attrs>();
  VERGE_REQUIRE(a && arity(in, 1, 1) && a->kind >= 0 && a->kind <= static_cast<int32_t>(PackKind::kBias), Code::kCorrupt);
  VERGE_REQUIRE(a->groups >= 1 && a->n >= 1 && a->k >= 1 && a->groups <= kMostSize && a->n <= kMostSize && a->k <= kMostSize, Code::kCorrupt);
  VERGE_REQUIRE(taps_fit(a->kernel_h, a->first_h, a->step_h, a->taps_h) && taps_fit(a->kernel_w, a->first_w, a->step_w, a->taps_w), Code::kCorrupt);
  Sizes sizes;
  VERGE_REQUIRE(sizes_of(*a, &sizes) && holds(in.in(0), DataType::kF32, sizes.source) && holds(in.out(), DataType::kF32, sizes.packed), Code::kCorrupt);
  return {};
}

Status run_pack_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const PackF32Attrs& a = *in.attrs_as<PackF32Attrs>();
  switch (static_cast<PackKind>(a.kind)) {
    case PackKind::kProduct: pack_product(in, a, env); break;
    case PackKind::kDepthwise: pack_depthwise(in, a); break;
    case PackKind::kBias:
      for (int32_t g = 0; g < a.groups; ++g) {
        const auto n = static_cast<size_t>(a.n), group = static_cast<size_t>(g);
        pack_bias_f32(n, in.in(0).as<float>() + group * n, in.out().mut<float>() + group * packed_bias_f32_size(n));
      }
  }
  return {};
}

Status check_interleave_f32(const rt::Instruction& in) {
  const auto* a = in.attrs_as<InterleaveF32Attrs>();
  VERGE_REQUIRE(a && a->stride_h >= 1 && a->stride_w >= 1 && a->stride_h <= 15 && a->stride_w <= 15 && in.out_count == 1, Code::kCorrupt);
  VERGE_REQUIRE(in.in_count == a->stride_h * a->stride_w && in.out().dtype == DataType::kF32 && in.out().shape.rank == 4, Code::kCorrupt);
  const Shape& y = in.out().shape;
  for (int32_t i = 0; i < in.in_count; ++i) {
    if (!in.has(i)) continue;
    const int32_t rows = (y[1] - i / a->stride_w + a->stride_h - 1) / a->stride_h, columns = (y[2] - i % a->stride_w + a->stride_w - 1) / a->stride_w;
    VERGE_REQUIRE(in.in(i).dtype == DataType::kF32 && in.in(i).shape == (Shape{y[0], rows, columns, y[3]}), Code::kCorrupt);
  }
  return {};
}

Status run_interleave_f32(const rt::Instruction& in, const rt::RunEnv& env) {
  const InterleaveF32Attrs& a = *in.attrs_as<InterleaveF32Attrs>();
  const Shape& y = in.out().shape;
  const auto width = static_cast<size_t>(y[2]), channels = static_cast<size_t>(y[3]), height = static_cast<size_t>(y[1]);
  for_blocks(env, static_cast<size_t>(y[0]) * height, items_per_block(width * channels), [&](size_t begin, size_t end) {
    for (size_t row = begin; row < end; ++row) {
      const size_t b = row / height, iy = row % height, phase = iy % static_cast<size_t>(a.stride_h) * static_cast<size_t>(a.stride_w);
      float* to = in.out().mut<float>() + row * width * channels;
      for (size_t ix = 0; ix < width; ++ix, to += channels) {
        const auto i = static_cast<int>(phase + ix % static_cast<size_t>(a.stride_w));
        if (!in.has(i)) {
          std::memset(to, 0, channels * sizeof(float));
          continue;
        }
        const Shape& p = in.in(i).shape;
        const size_t at = (b * static_cast<size_t>(p[1]) + iy / static_cast<size_t>(a.stride_h)) * static_cast<size_t>(p[2]) + ix / static_cast<size_t>(a.stride_w);
        std::memmove(to, in.in(i).as<float>() + at * channels, channels * sizeof(float));
      }
    }
  });
  return {};
}

}  // namespace verge::exec
