// The machinery that every kernel list shares.
//
// A family's kernels.inc holds lines VERGE_KERNEL(isa, name, ...), fastest first, a portable one (isa `any`) last. `isa` is an isa_name(). The
// header declares the kernels and the .cc makes a table of them:
//
//   #define VERGE_KERNEL(isa, name, ...) VERGE_ON_##isa(void name(size_t n, const float* x, float* y);)
//   #include "kernels/hswish/kernels.inc"
//   #undef VERGE_KERNEL
//
//   constexpr Kernel<HswishFn> kList[] = {
//   #define VERGE_KERNEL(isa, name, ...) VERGE_ON_##isa({isas::isa, #name, name},)
//   #include "kernels/hswish/kernels.inc"
//   #undef VERGE_KERNEL
//   };
//   std::span<const Kernel<HswishFn>> hswish_f32_kernels() { return kList; }   // for tests, benchmarks and `verge kernels`
//   HswishFn pick_hswish_f32() {
//     static constinit Pick pick;
//     return pick.from(hswish_f32_kernels()).fn;
//   }
//
// A family whose kernels have more properties than a function (a tile, a step) has an entry type of its own; all that is needed here is a
// member `isa`.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/cpu.h"

// VERGE_ON_x(...) is its argument where the kernels of isa x are compiled, nothing elsewhere (cmake/rooms.cmake leaves their files out).
#define VERGE_ON_any(...) __VA_ARGS__
#if defined(__x86_64__)
#define VERGE_ON_avx2(...) __VA_ARGS__
#define VERGE_ON_avx512(...) __VA_ARGS__
#define VERGE_ON_avx512vnni(...) __VA_ARGS__
#define VERGE_ON_avx512vbmi(...) __VA_ARGS__
#define VERGE_ON_avx512bf16(...) __VA_ARGS__
#define VERGE_ON_amx(...) __VA_ARGS__
#else
#define VERGE_ON_avx2(...)
#define VERGE_ON_avx512(...)
#define VERGE_ON_avx512vnni(...)
#define VERGE_ON_avx512vbmi(...)
#define VERGE_ON_avx512bf16(...)
#define VERGE_ON_amx(...)
#endif
#if defined(__aarch64__)
#define VERGE_ON_neon(...) __VA_ARGS__
#define VERGE_ON_neondot(...) __VA_ARGS__
#define VERGE_ON_neoni8mm(...) __VA_ARGS__
#define VERGE_ON_neonfp16(...) __VA_ARGS__
#else
#define VERGE_ON_neon(...)
#define VERGE_ON_neondot(...)
#define VERGE_ON_neoni8mm(...)
#define VERGE_ON_neonfp16(...)
#endif
#if defined(__arm__)
#define VERGE_ON_neon32(...) __VA_ARGS__
#else
#define VERGE_ON_neon32(...)
#endif
#if defined(__wasm__)
#define VERGE_ON_wasm(...) __VA_ARGS__
#else
#define VERGE_ON_wasm(...)
#endif

namespace verge {

// The names of kernels.inc as values.
namespace isas {
inline constexpr Isa any = Isa::kAny, avx2 = Isa::kAvx2, avx512 = Isa::kAvx512, avx512vnni = Isa::kAvx512Vnni, avx512vbmi = Isa::kAvx512Vbmi,
                     avx512bf16 = Isa::kAvx512Bf16, amx = Isa::kAmx, neon = Isa::kNeon, neondot = Isa::kNeonDot, neoni8mm = Isa::kNeonI8mm, neonfp16 = Isa::kNeonFp16,
                     neon32 = Isa::kNeon32, wasm = Isa::kWasm;
}  // namespace isas

template <typename Fn> struct Kernel {
  Isa isa;
  const char* name;
  Fn fn;
};

// Remembers which entry of one list this processor runs first, until the cap changes. Constant-initialised; threads that race find the same entry.
class Pick {
 public:
  template <typename Entry, size_t n> const Entry& from(std::span<const Entry, n> list) {
    const uint32_t epoch = (isa_epoch() + 1) << kIndexBits;
    uint32_t word = word_.load(std::memory_order_relaxed);
    if (word >> kIndexBits != epoch >> kIndexBits) {
      uint32_t index = 0;
      while (index + 1 < list.size() && !cpu_has(list[index].isa)) ++index;
      word = epoch | index;
      word_.store(word, std::memory_order_relaxed);
    }
    return list[word & ((1u << kIndexBits) - 1)];
  }

 private:
  static constexpr int kIndexBits = 6;
  std::atomic<uint32_t> word_{0};
};

}  // namespace verge
