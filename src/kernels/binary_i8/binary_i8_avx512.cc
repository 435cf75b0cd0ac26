#include <cstring>

#include "kernels/requant/vector_avx512.h"

#include "kernels/binary_i8/generic.h"

namespace verge {
namespace {

// BinaryOnnx16 over 64 bytes of two whole runs: results are saturated to 16 bits, clamped and narrowed together.
template <BinaryI8Op op, bool is_unsigned> class Onnx64 {
 public:
  explicit Onnx64(const BinaryI8& p)
      : x_(splat16(p.x_scale)), y_(splat16(p.y_scale)), z_(p.z_scale), x_zero_(splat16(p.x_zero_point)), y_zero_(splat16(p.y_zero_point)),
        z_zero_(_mm512_set1_epi16(static_cast<short>(p.z_zero_point))), min_(_mm512_set1_epi8(static_cast<char>(p.min))),
        max_(_mm512_set1_epi8(static_cast<char>(p.max))) {}

  // Whether no quotient leaves int32, and none needs the divider.
  static bool fits(const BinaryI8& p) {
    const float most = op == BinaryI8Op::kMul ? 65536.0f * p.x_scale * p.y_scale : 256.0f * (p.x_scale + p.y_scale);
    return most < p.z_scale * 0x1p30f && Quotient16::by_product(p.z_scale);
  }

  void operator()(const uint8_t* x, const uint8_t* y, uint8_t* z) const {
    const __m512i low = halves(x, y, 0), high = halves(x, y, 32);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_storeu_si512(z, _mm512_permutexvar_epi32(order, narrow(low, high)));
  }

 private:
  static I32x16 load(const uint8_t* p) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return is_unsigned ? _mm512_cvtepu8_epi32(bytes) : _mm512_cvtepi8_epi32(bytes);
  }
  I32x16 sixteen(const uint8_t* x, const uint8_t* y) const {
    const F32x16 a = mul16(to_float16(sub16(load(x), x_zero_)), x_), b = mul16(to_float16(sub16(load(y), y_zero_)), y_);
    return _mm512_cvtps_epi32(z_.of_finite(op == BinaryI8Op::kMul ? mul16(a, b) : op == BinaryI8Op::kAdd ? add16(a, b) : sub16(a, b)));
  }
  __m512i halves(const uint8_t* x, const uint8_t* y, size_t at) const {
    return _mm512_adds_epi16(_mm512_packs_epi32(sixteen(x + at, y + at), sixteen(x + at + 16, y + at + 16)), z_zero_);
  }
  // In the order of two packings: a quarter of the result holds four values of each sixteen.
  __m512i narrow(__m512i low, __m512i high) const {
    if (is_unsigned) return _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(low, high), min_), max_);
    return _mm512_min_epi8(_mm512_max_epi8(_mm512_packs_epi16(low, high), min_), max_);
  }

  F32x16 x_, y_;
  Quotient16 z_;
  I32x16 x_zero_, y_zero_;
  __m512i z_zero_, min_, max_;
};

template <BinaryI8Op op, bool is_unsigned> void run_onnx64(const BinaryI8& p, const BinaryI8Runs& runs) {
  const Onnx64<op, is_unsigned> rule(p);
  const size_t whole = runs.n / 64 * 64;
  const auto at = [](const void* start, size_t offset) { return static_cast<const uint8_t*>(start) + offset; };
  for (size_t r = 0; r < runs.rows; ++r)
    for (size_t i = 0; i < whole; i += 64) rule(at(runs.x, r * runs.x_row + i), at(runs.y, r * runs.y_row + i), static_cast<uint8_t*>(runs.z) + r * runs.z_row + i);
  BinaryI8Runs rest = runs;
  rest.n -= whole, rest.x = at(runs.x, whole), rest.y = at(runs.y, whole), rest.z = static_cast<uint8_t*>(runs.z) + whole;
  run_scaled<op, Narrow>(p, rest);
}

constexpr size_t kRepeatedBytes = 8192;  // on the stack

// Short rows that lie close and meet the same y: long rows meet it again and again.
bool can_repeat(const BinaryI8Runs& r) {
  return r.y_row == 0 && r.x_row == r.n && r.z_row == r.n && r.rows > 1 && r.n % 64 != 0 && r.n <= kRepeatedBytes / 4;
}

template <BinaryI8Op op, bool is_unsigned> void run_repeated(const BinaryI8& p, const BinaryI8Runs& runs) {
  alignas(64) uint8_t y[kRepeatedBytes];
  const size_t most = kRepeatedBytes / runs.n, n = runs.n;
  for (size_t i = 0; i < most && i < runs.rows; ++i) std::memcpy(y + i * n, runs.y, n);
  for (size_t r = 0; r < runs.rows; r += most) {
    BinaryI8Runs part = runs;
    part.rows = 1, part.n = (runs.rows - r < most ? runs.rows - r : most) * n;
    part.x = static_cast<const uint8_t*>(runs.x) + r * n, part.y = y, part.z = static_cast<uint8_t*>(runs.z) + r * n;
    run_onnx64<op, is_unsigned>(p, part);
  }
}

template <BinaryI8Op op> void run_sum(const BinaryI8& p, const BinaryI8Runs& runs) {
  const bool suits = p.mode == RequantMode::kOnnx && !p.is_wide && runs.x_step == 1 && runs.y_step == 1 && Onnx64<op, false>::fits(p);
  if (suits && can_repeat(runs)) return (p.is_unsigned ? run_repeated<op, true> : run_repeated<op, false>)(p, runs);
  if (!suits || runs.n < 64) return run_op(op, p, runs);
  (p.is_unsigned ? run_onnx64<op, true> : run_onnx64<op, false>)(p, runs);
}

}  // namespace

void binary_i8_avx512(BinaryI8Op op, const BinaryI8& params, const BinaryI8Runs& runs) {
  switch (op) {
    case BinaryI8Op::kAdd: return run_sum<BinaryI8Op::kAdd>(params, runs);
    case BinaryI8Op::kSub: return run_sum<BinaryI8Op::kSub>(params, runs);
    case BinaryI8Op::kMul: return run_sum<BinaryI8Op::kMul>(params, runs);
    default: return run_op(op, params, runs);
  }
}

}  // namespace verge
