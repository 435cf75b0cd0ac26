// Weights of a mapped Program in memory while their layer runs, and no longer: for machines with less memory than the file has bytes. As many of the first
// layers as the budget allows stay; the others are read again in each run, from the page cache if they are still there.
#pragma once
#include <memory>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "rt/model.h"

namespace verge {

// Bytes that this process may have in memory; 0: no limit. Sessions that are opened on mapped packages from now on (lower/executable.h) keep to it.
void set_memory_limit(uint64_t bytes);
uint64_t memory_limit();

class Residency {
 public:
  // Null where there is no limit or `program`, the model's bytes, is not mapped from a file. Lets go of all weights at once. kBudget, in words with all sizes, where the process as
  // it is, `session_bytes` that are still to come and the largest layer's weights exceed the limit.
  static Result<std::unique_ptr<Residency>> within_limit(const rt::Model& model, ByteSpan program, uint64_t session_bytes);
  // For rt::SessionOptions::trace; the object must stay where it is.
  rt::Trace hook() { return {[](void* self, uint32_t i, bool begin) { static_cast<const Residency*>(self)->step(i, begin); }, this}; }

 private:
  struct Range {
    uintptr_t begin = 0, end = 0;  // whole pages
    uint64_t bytes() const { return end - begin; }
  };
  struct Layer {
    std::vector<Range> ranges;
    bool stays = false;
    uint64_t bytes() const;
  };
  // Of weights, `budget` bytes at once.
  static Result<Residency> create(const rt::Model& model, ByteSpan program, uint64_t budget);
  void step(uint32_t instruction, bool begin) const;
  static Layer layer_of(const rt::Model& model, uint32_t instruction);
  std::vector<Layer> layers_;
};

}  // namespace verge
