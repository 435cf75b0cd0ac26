// For suites with one instance a kernel: TEST_P runs for each entry of a kernel list that this processor runs, named after the kernel.
#pragma once
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "base/cpu.h"

namespace verge::testing {

template <typename Entry> std::vector<Entry> runnable(std::span<const Entry> list) {
  std::vector<Entry> found;
  for (const Entry& entry : list)
    if (cpu_has(entry.isa)) found.push_back(entry);
  return found;
}

// Puts a cap on the instruction sets while it lives.
class IsaCap {
 public:
  explicit IsaCap(Isa cap) { set_isa_cap(cap); }
  ~IsaCap() { clear_isa_cap(); }
  IsaCap(const IsaCap&) = delete;
};

// The instruction sets worth a cap on this machine, the portable kernels first.
inline std::vector<Isa> caps() {
  std::vector<Isa> found;
  for (int i = 0; i <= static_cast<int>(Isa::kWasm); ++i)
    if (cpu_has(static_cast<Isa>(i))) found.push_back(static_cast<Isa>(i));
  return found;
}

}  // namespace verge::testing

// Instantiates a TEST_P suite whose parameter is an entry (isa, name, ...) of a kernel list.
#define VERGE_FOR_EACH_KERNEL(suite, list)                                                                                           \
  INSTANTIATE_TEST_SUITE_P(Kernels, suite, ::testing::ValuesIn(::verge::testing::runnable(std::span<const suite::ParamType>(list))), \
                           [](const auto& info) { return std::string(info.param.name); })
