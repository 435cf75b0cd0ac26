// Times a loop of one vector instruction; shared by the instruction sets' files.
#pragma once
#include "os/clock.h"

namespace verge {

// The compiler must neither drop nor move `v`.
template <class Vector> inline __attribute__((always_inline)) void keep(Vector& v) {
#if defined(__x86_64__)
  asm volatile("" : "+v"(v));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(v));
#else
  asm volatile("" : "+m"(v));
#endif
}

// Multiply-accumulates per second of `step(accumulator)` over 12 independent accumulators, which hides any instruction's latency; the best of several samples.
template <class Vector, class Step> double best_rate(Vector start, double macs_a_step, Step step) {
  constexpr int kAccumulators = 12;
  constexpr long kRounds = 50'000, kSamples = 20;
  double best = 0;
  for (long sample = 0; sample < kSamples; ++sample) {
    Vector acc[kAccumulators];
    for (Vector& a : acc) a = start;
    const double begin = now_s();
    for (long round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
      for (int i = 0; i < kAccumulators; ++i) {
        acc[i] = step(acc[i]);
        keep(acc[i]);
      }
    }
    const double rate = kAccumulators * macs_a_step * kRounds / (now_s() - begin);
    if (rate > best) best = rate;
  }
  return best;
}

double peak_f32_avx2();
double peak_int8_avx2();
double peak_f32_avx512();
double peak_int8_avx512();
double peak_int8_avx512vnni();
double peak_int8_amx();

}  // namespace verge
