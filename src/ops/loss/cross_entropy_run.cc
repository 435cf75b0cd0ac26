#include <math.h>

#include "exec/checks.h"
#include "exec/op_codes.h"
#include "kernels/softmax/softmax_f32.h"
#include "ops/loss/cross_entropy_attrs.h"

namespace verge::exec {

Status check_cross_entropy_f32(const rt::Instruction& in) {
  VERGE_REQUIRE(in.attrs_as<CrossEntropyAttrs>() && in.in_count == 2 && in.has(0) && in.has(1) && in.out_count == 2, Code::kCorrupt);
  const TensorView& x = in.in(0);
  VERGE_REQUIRE(x.dtype == DataType::kF32 && x.shape.rank == 2 && x.shape.count() >= 1, Code::kCorrupt);
  VERGE_REQUIRE(same_type(x, in.in(1)) && same_type(x, in.out(1)) && holds(in.out(0), DataType::kF32, 1), Code::kCorrupt);
  return {};
}

// -sum of t log softmax(x) over the rows, divided by their number; the gradient of a row is (softmax(x) * sum t - t) / n.
Status run_cross_entropy_f32(const rt::Instruction& in, const rt::RunEnv&) {
  const auto rows = static_cast<size_t>(in.in(0).shape[0]), n = static_cast<size_t>(in.in(0).shape[1]);
  const auto* target = in.in(1).as<float>();
  auto* gradient = in.out(1).mut<float>();
  pick_softmax_f32().log_softmax(rows, n, in.in(0).as<float>(), gradient);
  double loss = 0;
  const float share = 1 / static_cast<float>(rows);
  for (size_t r = 0; r < rows; ++r) {
    const float* t = target + r * n;
    float *g = gradient + r * n, all = 0;
    for (size_t i = 0; i < n; ++i) {
      all += t[i];
      if (t[i] != 0) loss -= double{t[i]} * double{g[i]};
    }
    for (size_t i = 0; i < n; ++i) g[i] = (expf(g[i]) * all - t[i]) * share;
  }
  in.out(0).mut<float>()[0] = static_cast<float>(loss / static_cast<double>(rows));
  return {};
}

}  // namespace verge::exec
