// How the runtime meets the operators: a table of entries that the caller injects, so that a build holds only what its models call.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/parallel.h"
#include "base/status.h"
#include "base/tensor_view.h"

namespace verge::rt {

inline constexpr uint32_t kNoTensor = 0xffffffff;  // an optional input that is absent

// One instruction with its tensors, resolved. During check() the data of arena tensors is null; constants have theirs.
struct Instruction {
  uint16_t op = 0;
  uint8_t in_count = 0;
  uint8_t out_count = 0;
  const void* attrs = nullptr;  // the operator's plain struct, in place in the mapped Program, 8-byte aligned
  uint32_t attr_bytes = 0;
  const TensorView* tensors = nullptr;
  const uint32_t* args = nullptr;  // in_count inputs, out_count outputs, then one scratch tensor or kNoTensor

  bool has(int i) const { return i < in_count && args[i] != kNoTensor; }
  const TensorView& in(int i) const { return tensors[args[i]]; }
  const TensorView& out(int i = 0) const { return tensors[args[in_count + i]]; }
  // Scratch memory in the arena; null bytes when the instruction has none.
  const TensorView* scratch() const {
    const uint32_t t = args[in_count + out_count];
    return t == kNoTensor ? nullptr : &tensors[t];
  }
  size_t scratch_bytes() const { return scratch() ? scratch()->bytes() : 0; }
  // The attributes as T, or null when their size is not T's: check() must look, run() need not.
  template <typename T> const T* attrs_as() const { return attr_bytes == sizeof(T) ? static_cast<const T*>(attrs) : nullptr; }
};

struct RunEnv {
  ParallelFor parallel;
  bool any_order = false;  // of sums of floats: no integers are made of them, which have to be equal on every processor
};

// check() runs once when a Program is opened and must refuse everything that run() could not do safely: it is the only guard against hostile
// bytes (types, ranks, sizes of packed constants, attribute values, scratch size). run() then checks nothing but indices that come from data.
struct OpEntry {
  uint16_t op;
  const char* name;
  Status (*check)(const Instruction& instruction);
  Status (*run)(const Instruction& instruction, const RunEnv& env);
};

struct OpTable {
  const OpEntry* entries = nullptr;
  size_t count = 0;
  const OpEntry* find(uint16_t op) const {
    if (op >= 1 && op <= count && entries[op - 1].op == op) return &entries[op - 1];  // the full table is dense from 1
    for (size_t i = 0; i < count; ++i)
      if (entries[i].op == op) return &entries[i];
    return nullptr;
  }
};

}  // namespace verge::rt
