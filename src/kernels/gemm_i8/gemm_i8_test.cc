#include "kernels/gemm_i8/gemm_i8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <random>
#include <vector>

namespace verge {
namespace {

struct Size {
  size_t rows, n, taps, k;
};

enum class Data { kRandom, kLowest, kHighest, kNibbles };

struct Aligned {
  std::vector<int8_t> storage;
  int8_t* data;
  explicit Aligned(size_t bytes) : storage(bytes + 64), data(storage.data() + (64 - reinterpret_cast<uintptr_t>(storage.data()) % 64) % 64) {}
};

// A product with everything it needs, and its result by the formula of the header in 64-bit integers.
struct Case {
  Size s;
  bool x_unsigned, asymmetric;
  RequantMode mode;
  int32_t x_zero;  // int8 view
  std::vector<int8_t> w, x;
  std::vector<int32_t> bias, w_zero, folded, column_sum, row_sum, multiplier;
  std::vector<int16_t> narrow_sum;
  std::vector<int8_t> shift;
  std::vector<float> scale;
  std::vector<std::unique_ptr<uint8_t[]>> cells;  // each exactly k bytes, so that a sanitizer sees every byte read past one
  std::vector<const void*> pointers;
  GemmI8Layout layout;
  Aligned packed;
  GemmI8 gemm;

  Case(Size size, uint32_t seed, Data data = Data::kRandom)
      : s(size),
        x_unsigned(seed & 1),
        asymmetric(seed & 2),
        mode(static_cast<RequantMode>(seed % 3)),
        x_zero(seed % 5 == 0   ? -128
               : seed % 5 == 1 ? 127
                               : 3),
        layout{s.n, s.taps, s.k, data == Data::kNibbles},
        packed(layout.bytes()) {
    std::mt19937 random(seed * 7919 + static_cast<uint32_t>(s.n * 31 + s.k));
    const auto byte = [&] { return static_cast<int8_t>(data == Data::kLowest ? -128 : data == Data::kHighest ? 127 : random()); };
    w.resize(s.n * s.taps * s.k);
    for (auto& v : w) v = static_cast<int8_t>(layout.nibbles ? byte() >> 4 : byte());
    x.resize(s.rows * s.taps * s.k);
    for (auto& v : x) v = byte();
    for (size_t n = 0; n < s.n; ++n) bias.push_back(static_cast<int32_t>(random()) >> 12), w_zero.push_back(asymmetric ? int32_t(random() % 256) - 128 : 0);
    w_zero.resize(round_up_columns(s.n));
    for (size_t n = 0; n < round_up_columns(s.n); ++n) {
      multiplier.push_back(static_cast<int32_t>((1u << 30) + (random() >> 2)));
      shift.push_back(static_cast<int8_t>(-static_cast<int32_t>(random() % 14)));
      scale.push_back(std::ldexp(1.0f + static_cast<float>(random() % 1000) / 999.0f, -static_cast<int>(random() % 14)));
    }
    make_rows();
    pack_gemm_i8(layout, w.data(), packed.data);
    folded.resize(round_up_columns(s.n)), column_sum.resize(round_up_columns(s.n));
    fold_gemm_i8(layout, w.data(), bias.data(), x_zero, asymmetric ? w_zero.data() : nullptr, folded.data(), column_sum.data());
    const Requant requant{mode, multiplier.data(), shift.data(), scale.data(), x_unsigned ? 131 : -4, x_unsigned ? 0 : -128, x_unsigned ? 250 : 127};
    gemm = {layout, packed.data, folded.data(), column_sums(seed), asymmetric ? w_zero.data() : nullptr, layout.panel_bytes(), x_unsigned, requant};
  }

  // In the narrow form for some seeds, where it holds them.
  ColumnSums column_sums(uint32_t seed) {
    const bool fits = std::all_of(column_sum.begin(), column_sum.end(), [](int32_t v) { return v >= INT16_MIN && v <= INT16_MAX; });
    if (seed % 2 || !fits) return {column_sum.data()};
    narrow_sum.assign(column_sum.begin(), column_sum.end());
    return {nullptr, narrow_sum.data()};
  }

  void make_rows() {
    for (size_t r = 0; r < s.rows; ++r) {
      int32_t sum = 0;
      for (size_t t = 0; t < s.taps; ++t) {
        cells.push_back(std::make_unique<uint8_t[]>(s.k));
        for (size_t k = 0; k < s.k; ++k) {
          const int8_t v = x[(r * s.taps + t) * s.k + k];
          sum += v;
          cells.back()[k] = static_cast<uint8_t>(v ^ (x_unsigned ? 0x80 : 0));
        }
        pointers.push_back(cells.back().get());
      }
      row_sum.push_back(sum);
    }
  }

  int32_t accumulator(size_t r, size_t n) const {
    int64_t acc = bias[n];
    for (size_t i = 0; i < s.taps * s.k; ++i) acc += (int64_t{x[r * s.taps * s.k + i]} - x_zero) * (int64_t{w[n * s.taps * s.k + i]} - w_zero[n]);
    return static_cast<int32_t>(acc);
  }

  int32_t expected(size_t r, size_t n) const {
    const int32_t acc = accumulator(r, n);
    if (mode == RequantMode::kNone) return acc;
    const double y =
        mode == RequantMode::kTflm ? multiply_by_quantized_multiplier(acc, {multiplier[n], shift[n]}) : std::nearbyint(static_cast<float>(acc) * scale[n]);
    return static_cast<int32_t>(std::fmin(std::fmax(y + gemm.requant.zero_point, gemm.requant.min), gemm.requant.max));
  }
};

std::string describe(const Case& c, const GemmI8Kernel& kernel) {
  return std::string(kernel.name) + " rows=" + std::to_string(c.s.rows) + " n=" + std::to_string(c.s.n) + " taps=" + std::to_string(c.s.taps) +
         " k=" + std::to_string(c.s.k) + " unsigned=" + std::to_string(c.x_unsigned) + " asymmetric=" + std::to_string(c.asymmetric) +
         " mode=" + std::to_string(int(c.mode));
}

template <typename T> void expect_exact(const GemmI8Kernel& kernel, const Case& c) {
  const size_t stride = c.s.n + 3;
  std::vector<T> y(c.s.rows * stride, T(77));
  kernel.fn(c.gemm, {c.s.rows, c.pointers.data(), c.row_sum.data(), 0, c.gemm.layout.panels(), y.data(), stride});
  for (size_t r = 0; r < c.s.rows; ++r) {
    for (size_t n = 0; n < c.s.n; ++n) ASSERT_EQ(y[r * stride + n], static_cast<T>(c.expected(r, n))) << describe(c, kernel) << " r=" << r << " column=" << n;
    for (size_t n = c.s.n; n < stride; ++n) ASSERT_EQ(y[r * stride + n], T(77)) << describe(c, kernel) << " wrote past column " << n << " of row " << r;
  }
}

void expect_exact(const GemmI8Kernel& kernel, const Case& c) {
  c.mode == RequantMode::kNone ? expect_exact<int32_t>(kernel, c) : expect_exact<uint8_t>(kernel, c);
}

class GemmI8Test : public testing::TestWithParam<GemmI8Kernel> {
 protected:
  void SetUp() override {
    if (!cpu_has(GetParam().isa)) GTEST_SKIP() << isa_name(GetParam().isa) << " does not run here";
  }
};

// Of a kernel that cuts blocks itself, a few of its own tiles.
size_t tile_rows(const GemmI8Kernel& kernel) { return std::min<size_t>(kernel.rows, 37); }
size_t tile_panels(const GemmI8Kernel& kernel) { return std::min<size_t>(kernel.panels, 3); }

TEST_P(GemmI8Test, EqualsTheFormulaAroundTheTile) {
  const GemmI8Kernel& kernel = GetParam();
  const size_t panels = tile_panels(kernel);
  uint32_t seed = 0;
  for (size_t rows = 1; rows <= std::min<size_t>(kernel.narrow_rows, 37); ++rows)
    for (const size_t n : {size_t{1}, size_t{15}, size_t{16}, size_t{17}, panels * 16, panels * 16 + 1, panels * 48 - 5})
      for (const size_t k : {1, 2, 3, 4, 5, 8, 31, 64})
        if (rows <= kernel.most_rows(round_up_columns(n) / kColumnBlock)) expect_exact(kernel, Case({rows, n, 1 + seed % 4, k}, ++seed));
}

TEST_P(GemmI8Test, FourBitWeightsEqualTheFormula) {
  const GemmI8Kernel& kernel = GetParam();
  uint32_t seed = 0;
  for (const size_t rows : {size_t{1}, size_t{2}, tile_rows(kernel)})
    for (const size_t n : {size_t{1}, size_t{16}, size_t{33}, tile_panels(kernel) * 16 + 1})
      for (const size_t k : {1, 3, 4, 5, 31, 64})
        if (rows <= kernel.most_rows(round_up_columns(n) / kColumnBlock)) expect_exact(kernel, Case({rows, n, 1 + seed % 4, k}, ++seed, Data::kNibbles));
}

TEST(PackGemmI8, UnpackingGivesTheWeightsBack) {
  for (const Data data : {Data::kRandom, Data::kNibbles}) {
    const Case c({1, 35, 3, 7}, 5, data);
    std::vector<int8_t> back(c.w.size());
    unpack_gemm_i8(c.layout, c.packed.data, back.data());
    EXPECT_EQ(back, c.w);
  }
}

TEST_P(GemmI8Test, DoesNotSaturateAtTheEnds) {
  for (uint32_t seed = 0; seed < 12; ++seed)
    for (const Data data : {Data::kLowest, Data::kHighest}) expect_exact(GetParam(), Case({tile_rows(GetParam()), 33, 9, 70}, seed, data));
}

TEST_P(GemmI8Test, LongRowsOfSeveralChunks) {
  const size_t rows = std::min<size_t>(GetParam().rows, 75);
  for (const Size& s : {Size{rows, 40, 9, 250}, Size{rows, 17, 1, 5300}, Size{rows, 33, 1, 96}, Size{rows, 33, 2, 1024}}) expect_exact(GetParam(), Case(s, 7));
}

TEST_P(GemmI8Test, ComputesTheAskedPanelsOnly) {
  Case c({1, 80, 1, 12}, 3);
  c.gemm.requant.mode = RequantMode::kNone;
  std::vector<int32_t> y(80, -1);
  GetParam().fn(c.gemm, {1, c.pointers.data(), c.row_sum.data(), 1, 3, y.data(), 80});
  for (size_t n = 0; n < 80; ++n) EXPECT_EQ(y[n], n >= 16 && n < 48 ? c.accumulator(0, n) : -1) << n;
}

INSTANTIATE_TEST_SUITE_P(All, GemmI8Test, testing::ValuesIn(gemm_i8_kernels().begin(), gemm_i8_kernels().end()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace verge
