// Plans where each tensor lives inside one arena so that tensors alive at the same time never overlap.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace verge {

struct Lifetime {
  int64_t first = 0;  // instruction that writes it first; -1: before the first instruction
  int64_t last = 0;   // last instruction that touches it, inclusive; the number of instructions: kept to the end
  uint64_t bytes = 0;
};

struct ArenaPlan {
  std::vector<uint64_t> offsets;  // 64-byte aligned, same order as the lifetimes
  uint64_t bytes = 0;
  uint64_t lower_bound = 0;       // the most bytes alive at one instruction: no plan is smaller
  int64_t peak_instruction = 0;   // where that is
};

// Tries several placing orders with first fit and keeps the smallest plan. Deterministic.
ArenaPlan plan_arena(std::span<const Lifetime> lives);

}  // namespace verge
