#include "kernels/gemm_i8/gemm_i8.h"

#include <cstring>

#include "kernels/requant/vector_scalar.h"

#include "kernels/gemm_i8/generic.h"

namespace verge {
namespace {

constexpr GemmI8Kernel kList[] = {
#define VERGE_KERNEL(isa, name, rows, panels, narrow_rows) VERGE_ON_##isa({isas::isa, #name, name, rows, panels, narrow_rows}, )
#include "kernels/gemm_i8/kernels.inc"
#undef VERGE_KERNEL
};

struct Scalar {
  using Acc = I32x16;
  using X = uint32_t;
  static constexpr int32_t kOffset = 0;

  static Acc zero() { return splat16(0); }
  static X broadcast(uint32_t word) { return word; }
  static X load(const uint8_t* p, uint32_t flip) { return load_word(p) ^ flip; }
  template <int rows, int panels> static void step(Acc (&acc)[rows][panels], const int8_t* w, size_t stride, const X (&x)[rows]) {
    for (int r = 0; r < rows; ++r)
      for (size_t p = 0; p < panels; ++p)
        for (int k = 0; k < 4; ++k) {
          const int32_t byte = static_cast<int8_t>(x[r] >> (8 * k));
          for (int n = 0; n < 16; ++n) acc[r][p].lane[n] += byte * w[p * stride + static_cast<size_t>(4 * n + k)];
        }
  }
  static void expand(const int8_t* packed, int8_t* bytes) { expand_nibbles(packed, bytes); }
  static I32x16 sums(const Acc& acc) { return acc; }
};

// Calls body(index in w, group, weight of the group) for every weight.
template <typename Body> void each_weight(const GemmI8Layout& layout, Body&& body) {
  for (size_t n = 0; n < layout.n; ++n)
    for (size_t t = 0; t < layout.taps; ++t)
      for (size_t k = 0; k < layout.k; ++k) {
        const size_t group = (n / kColumnBlock * layout.taps + t) * layout.groups() + k / 4;
        body((n * layout.taps + t) * layout.k + k, group, n % kColumnBlock * 4 + k % 4);
      }
}

}  // namespace

std::span<const GemmI8Kernel> gemm_i8_kernels() { return kList; }

const GemmI8Kernel& pick_gemm_i8() {
  static constinit Pick pick;
  return pick.from(gemm_i8_kernels());
}

void gemm_i8_i8_2x16_scalar(const GemmI8& g, const GemmI8Tile& tile) { run_gemm<Scalar, 2, 1>(g, tile); }

void pack_gemm_i8(const GemmI8Layout& layout, const int8_t* w, int8_t* packed) {
  std::memset(packed, 0, layout.bytes());
  each_weight(layout, [&](size_t at, size_t group, size_t lane) {
    int8_t* to = packed + group * layout.group_bytes();
    if (!layout.nibbles) {
      to[lane] = w[at];
    } else {
      to[lane % 32] = static_cast<int8_t>(to[lane % 32] | (w[at] & 15) << lane / 32 * 4);
    }
  });
}

void unpack_gemm_i8(const GemmI8Layout& layout, const int8_t* packed, int8_t* w) {
  each_weight(layout, [&](size_t at, size_t group, size_t lane) {
    int8_t bytes[64];
    const int8_t* from = packed + group * layout.group_bytes();
    if (layout.nibbles) expand_nibbles(from, bytes), from = bytes;
    w[at] = from[lane];
  });
}

void fold_gemm_i8(const GemmI8Layout& layout, const int8_t* w, const int32_t* bias, int32_t x_zero_point, const int32_t* w_zero_point, int32_t* bias_folded,
                  int32_t* column_sum) {
  const size_t length = layout.taps * layout.k;
  for (size_t n = 0; n < round_up_columns(layout.n); ++n) {
    int32_t sum = 0;
    for (size_t k = 0; n < layout.n && k < length; ++k) sum += w[n * length + k];
    column_sum[n] = sum;
    const int64_t weight_zero = w_zero_point && n < layout.n ? w_zero_point[n] : 0;
    const int64_t folded = (bias && n < layout.n ? bias[n] : 0) - int64_t{x_zero_point} * sum + static_cast<int64_t>(length) * x_zero_point * weight_zero;
    bias_folded[n] = static_cast<int32_t>(static_cast<uint32_t>(folded));
  }
}

}  // namespace verge
