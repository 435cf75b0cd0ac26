// What this processor can run, and the cap that tests put on it.
#pragma once
#include <cstdint>

namespace verge {

// Instruction sets that a kernel may be written for. Within an architecture a later one implies the earlier ones of its line.
enum class Isa : uint8_t {
  kAny = 0,
  kAvx2,        // AVX2, FMA, F16C
  kAvx512,      // F, BW, DQ, VL
  kAvx512Vnni,  // + VNNI
  kAvx512Vbmi,  // + VBMI
  kAvx512Bf16,  // + BF16
  kAmx,         // VNNI + AMX tiles of int8
  kNeon,
  kNeonDot,
  kNeonI8mm,
  kNeonFp16,
  kNeon32,
  kWasm,
};

const char* isa_name(Isa isa);  // "any", "avx2", "avx512", "avx512vnni", ...

// True when the processor and the operating system run `isa` and the environment variable VERGE_ISA_CAP (an isa_name) does not forbid it:
// a cap admits its own line up to itself, so VERGE_ISA_CAP=avx2 leaves any and avx2, VERGE_ISA_CAP=any the portable kernels alone.
// Asked anew after set_isa_cap; otherwise computed once.
bool cpu_has(Isa isa);

// For tests: replaces the environment's cap in this process. Not while another thread runs kernels.
void set_isa_cap(Isa cap);
void clear_isa_cap();

// Increases with every change of the cap; selectors that cache a pick compare it.
uint32_t isa_epoch();

}  // namespace verge
