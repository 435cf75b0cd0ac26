// Tensors of f32 or bf16, whose arithmetic is in float either way: bf16 is widened and rounded a run at a time, in the level 1 cache.
#pragma once
#include "kernels/bf16/bf16.h"
#include "rt/op_table.h"

namespace verge::exec {

inline constexpr size_t kRealsRun = 1024;  // elements

inline bool is_real(const TensorView& t) { return t.dtype == DataType::kF32 || t.dtype == DataType::kBF16; }
inline Reals reals(const TensorView& t) { return {t.data, t.dtype == DataType::kBF16}; }
inline RealsOut reals_out(const TensorView& t) { return {t.data, t.dtype == DataType::kBF16}; }

// n numbers as floats: where they lie, or in `room`.
inline const float* as_floats(Reals x, size_t n, float* room) {
  if (!x.half) return x.as<float>();
  pick_bf16().widen(n, x.as<uint16_t>(), room);
  return room;
}
// Where n results are to be written: where they shall lie, or `room`, from which rounded() brings them there.
inline float* as_floats(RealsOut y, float* room) { return y.half ? room : y.as<float>(); }
inline void rounded(RealsOut y, size_t n, const float* room) {
  if (y.half) pick_bf16().round({1, n, room, n, y.as<uint16_t>(), n});
}

// body(n, x, y) on floats, for all `count` numbers, a run at a time where one of the two is bf16. x may be y.
template <typename Body> void by_floats(size_t count, Reals x, RealsOut y, const Body& body) {
  if (!x.half && !y.half) return body(count, x.as<float>(), y.as<float>());
  float from[kRealsRun], to[kRealsRun];
  for (size_t at = 0; at < count; at += kRealsRun) {
    const size_t n = count - at < kRealsRun ? count - at : kRealsRun;
    const RealsOut out = y.from(at);
    body(n, as_floats(x.from(at), n, from), as_floats(out, to));
    rounded(out, n, to);
  }
}

}  // namespace verge::exec
