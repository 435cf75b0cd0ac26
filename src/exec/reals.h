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

}  // namespace verge::exec
