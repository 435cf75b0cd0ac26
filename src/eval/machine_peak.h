// What one core of this machine does at best, measured: the roof that a profile compares each operator with.
#pragma once
#include <cstddef>

#include "eval/bench.h"

namespace verge {

struct MachinePeak {
  double f32_macs_per_s = 0;
  double int8_macs_per_s = 0;
  double bytes_per_s = 0;  // reading a buffer of the given size again and again: from the cache that holds it, else from memory
};

// Takes about 0.1 s. The widest instruction set that the processor (and VERGE_ISA_CAP) admits is measured.
MachinePeak measure_machine_peak(size_t buffer_bytes);

// Share of the roof that the instruction reached on `threads` cores: the longer of arithmetic and traffic at peak, over the measured time.
struct Roofline {
  double share = 0;
  bool by_memory = false;  // traffic is the longer one
};
Roofline roofline(const OpProfile& profile, const MachinePeak& peak, int threads);

}  // namespace verge
