// Scratch that is planned for a number of threads: as many pieces of work run at once as slots of it were planned.
#pragma once
#include <cstddef>
#include <cstdint>

#include "rt/op_table.h"

namespace verge::exec {

struct ThreadSlots {
  uint8_t* base;
  size_t step;  // bytes of a slot
  int count;    // at least 1, at most the threads at hand

  // Of the scratch from `offset` on; check() has seen that one slot fits.
  ThreadSlots(const rt::Instruction& in, size_t offset, size_t slot_bytes, const rt::RunEnv& env) : base(nullptr), step(slot_bytes), count(env.parallel.threads) {
    if (step == 0) return;
    base = in.scratch()->mut<uint8_t>() + offset;
    const size_t fit = (in.scratch_bytes() - offset) / step;
    if (fit < static_cast<size_t>(count)) count = static_cast<int>(fit);
    if (count < 1) count = 1;
  }

  // body(item, scratch) for each item below `items`; a slot serves one item at a time, and neighbours one after the other.
  template <typename Body> void each(const rt::RunEnv& env, size_t items, const Body& body) const {
    const size_t slots = static_cast<size_t>(count), tasks = slots < items ? slots : items;
    env.parallel.each(tasks, [&](size_t task) {
      for (size_t item = task * items / tasks; item < (task + 1) * items / tasks; ++item) body(item, base + task * step);
    });
  }
};

}  // namespace verge::exec
