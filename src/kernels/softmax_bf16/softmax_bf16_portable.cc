#include <math.h>

#include "kernels/bf16/bf16.h"
#include "kernels/softmax_bf16/softmax_bf16.h"

namespace verge {
namespace {

constexpr size_t kRun = 256;
constexpr float kLeast = -86.0f;

float score(const SoftmaxBf16& a, const float* x, size_t i) { return a.scale * x[i] + (a.mask ? a.mask[i] : 0); }

void run_row(const SoftmaxBf16& a, const float* x, uint16_t* y, float* factor) {
  float most = score(a, x, 0), sum = 0, terms[kRun];
  for (size_t i = 1; i < a.n; ++i) most = score(a, x, i) > most ? score(a, x, i) : most;
  for (size_t at = 0; at < a.n; at += kRun) {
    const size_t n = a.n - at < kRun ? a.n - at : kRun, end = at + n == a.n ? a.y_step - at : n;
    for (size_t i = 0; i < n; ++i) {
      const float s = score(a, x, at + i) - most;
      sum += terms[i] = s < kLeast ? 0 : expf(s);
    }
    round_bf16_portable({1, n, terms, n, y + at, end});
  }
  *factor = 1 / sum;
}

}  // namespace

void softmax_bf16_portable(const SoftmaxBf16& a) {
  for (size_t r = 0; r < a.rows; ++r) run_row(a, a.x + r * a.x_step, a.y + r * a.y_step, a.factor + r);
}

}  // namespace verge
