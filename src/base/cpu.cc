#include "base/cpu.h"

#include <cstdlib>
#include <cstring>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__linux__) && (defined(__aarch64__) || defined(__arm__))
#include <sys/auxv.h>
#endif

namespace verge {
namespace {

constexpr const char* kNames[] = {"any", "avx2", "avx512", "avx512vnni", "avx512vbmi", "avx512bf16", "amx", "neon", "neondot", "neoni8mm", "neonfp16", "neon32", "wasm"};
constexpr int kIsaCount = sizeof(kNames) / sizeof(kNames[0]);

uint32_t bit(Isa isa) { return 1u << static_cast<int>(isa); }

#if defined(__x86_64__) || defined(__i386__)
// Intel SDM volume 1, sections 14.3 and 15.2: the feature bit and the operating system's consent in XCR0 are both needed.
uint64_t xcr0() {
  uint32_t lo, hi;
  __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return (static_cast<uint64_t>(hi) << 32) | lo;
}

// Tiles need the operating system's consent for each process (Linux: Documentation/arch/x86/xstate.rst).
bool may_use_tiles(uint64_t os) {
#if defined(__linux__) && defined(__x86_64__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return (os >> 17 & 3) == 3 && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  (void)os;
  return false;
#endif
}

uint32_t detect() {
  uint32_t found = bit(Isa::kAny), a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
  const bool osxsave = c & (1u << 27), fma = c & (1u << 12), f16c = c & (1u << 29);
  if (!osxsave || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return found;
  const uint64_t os = xcr0();
  if ((os & 0x6) != 0x6) return found;
  if (!(b & (1u << 5)) || !fma || !f16c) return found;
  found |= bit(Isa::kAvx2);
  const uint32_t base512 = (1u << 16) | (1u << 17) | (1u << 30) | (1u << 31);  // F, DQ, BW, VL
  if ((os & 0xe6) != 0xe6 || (b & base512) != base512) return found;
  found |= bit(Isa::kAvx512);
  if (c & (1u << 11)) found |= bit(Isa::kAvx512Vnni);
  if ((c & (1u << 11)) && (c & (1u << 1))) found |= bit(Isa::kAvx512Vbmi);
  const uint32_t tiles = (1u << 22) | (1u << 24) | (1u << 25);  // AMX-BF16, AMX-TILE, AMX-INT8
  const bool has_tiles = (d & tiles) == tiles && may_use_tiles(os);
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5)) && (found & bit(Isa::kAvx512Vnni))) found |= bit(Isa::kAvx512Bf16);
  if (has_tiles && (found & bit(Isa::kAvx512Vbmi)) && (found & bit(Isa::kAvx512Bf16))) found |= bit(Isa::kAmx);
  return found;
}
#elif defined(__aarch64__)
uint32_t detect() {
  uint32_t found = bit(Isa::kAny) | bit(Isa::kNeon);
#if defined(__linux__)
  const unsigned long caps = getauxval(AT_HWCAP), caps2 = getauxval(AT_HWCAP2);
  if (caps & (1ul << 20)) found |= bit(Isa::kNeonDot);                                        // HWCAP_ASIMDDP
  if ((caps & (1ul << 20)) && (caps2 & (1ul << 13))) found |= bit(Isa::kNeonI8mm);            // HWCAP2_I8MM
  if ((caps & (1ul << 9)) && (caps & (1ul << 10))) found |= bit(Isa::kNeonFp16);              // HWCAP_FPHP, HWCAP_ASIMDHP
#endif
  return found;
}
#elif defined(__arm__)
uint32_t detect() {
  uint32_t found = bit(Isa::kAny);
#if defined(__linux__)
  if (getauxval(AT_HWCAP) & (1ul << 12)) found |= bit(Isa::kNeon32);  // HWCAP_NEON
#endif
  return found;
}
#elif defined(__wasm_simd128__)
uint32_t detect() { return bit(Isa::kAny) | bit(Isa::kWasm); }
#else
uint32_t detect() { return bit(Isa::kAny); }
#endif

uint32_t line_up_to(Isa cap) {
  uint32_t allowed = 0;
  for (int i = 0; i <= static_cast<int>(cap); ++i) allowed |= 1u << i;
  return allowed;
}

uint32_t environment_cap() {
  const char* text = std::getenv("VERGE_ISA_CAP");
  if (!text) return ~0u;
  for (int i = 0; i < kIsaCount; ++i)
    if (std::strcmp(text, kNames[i]) == 0) return line_up_to(static_cast<Isa>(i));
  return ~0u;
}

// Constant-initialised; threads that race compute the same value.
uint32_t g_usable = 0;
uint32_t g_epoch = 0;

}  // namespace

const char* isa_name(Isa isa) { return static_cast<int>(isa) < kIsaCount ? kNames[static_cast<int>(isa)] : "invalid"; }

bool cpu_has(Isa isa) {
  if (g_usable == 0) g_usable = detect() & environment_cap();
  return g_usable & bit(isa);
}

void set_isa_cap(Isa cap) {
  g_usable = detect() & line_up_to(cap);
  ++g_epoch;
}

void clear_isa_cap() {
  g_usable = 0;
  ++g_epoch;
}

uint32_t isa_epoch() { return g_epoch; }

}  // namespace verge
