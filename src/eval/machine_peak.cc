#include "eval/machine_peak.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/cpu.h"
#include "eval/peak_loop.h"
#include "os/clock.h"

namespace verge {
namespace {

double peak_f32() {
#if defined(__x86_64__)
  if (cpu_has(Isa::kAvx512)) return peak_f32_avx512();
  if (cpu_has(Isa::kAvx2)) return peak_f32_avx2();
#endif
  typedef float Vector __attribute__((vector_size(16)));
  const Vector a = {0.999F, 0.999F, 0.999F, 0.999F};
  return best_rate(a, 4, [=](Vector acc) { return acc * a + a; });
}

double peak_int8() {
#if defined(__x86_64__)
  if (cpu_has(Isa::kAmx)) return peak_int8_amx();
  if (cpu_has(Isa::kAvx512Vnni)) return peak_int8_avx512vnni();
  if (cpu_has(Isa::kAvx512)) return peak_int8_avx512();
  if (cpu_has(Isa::kAvx2)) return peak_int8_avx2();
#endif
  typedef int16_t Vector __attribute__((vector_size(16)));  // 16-bit products: what plain code widens int8 to
  const Vector a = {3, 3, 3, 3, 3, 3, 3, 3};
  return best_rate(a, 8, [=](Vector acc) { return acc * a + a; });
}

double read_bytes_per_s(size_t bytes) {
  const std::vector<uint64_t> buffer(std::max<size_t>(bytes, 1 << 14) / 8, 1);
  const double until = now_s() + 0.03;
  double best = 0;
  do {
    const double begin = now_s();
    const size_t repeats = std::max<size_t>(1, (size_t{1} << 21) / (buffer.size() * 8));
    for (size_t repeat = 0; repeat < repeats; ++repeat) {
      uint64_t sum = 0;
      for (uint64_t x : buffer) sum += x;
      asm volatile("" : : "r"(sum) : "memory");
    }
    best = std::max(best, static_cast<double>(buffer.size() * 8 * repeats) / (now_s() - begin));
  } while (now_s() < until);
  return best;
}

}  // namespace

MachinePeak measure_machine_peak(size_t buffer_bytes) { return {peak_f32(), peak_int8(), read_bytes_per_s(std::min<size_t>(buffer_bytes, 256 << 20))}; }

Roofline roofline(const OpProfile& profile, const MachinePeak& peak, int threads) {
  const double arithmetic_s = profile.macs / ((profile.integer ? peak.int8_macs_per_s : peak.f32_macs_per_s) * threads);
  const double traffic_s = profile.bytes / peak.bytes_per_s;
  if (profile.p50_ms <= 0) return {};
  return {std::max(arithmetic_s, traffic_s) * 1e3 / profile.p50_ms, traffic_s > arithmetic_s};
}

}  // namespace verge
