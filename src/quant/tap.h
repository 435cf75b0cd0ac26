// Looks at values inside a network while the device's runtime runs it.
#pragma once
#include <vector>

#include "eval/dataset.h"
#include "ir/graph.h"
#include "lower/executable.h"

namespace verge {

// Every value of `wanted` as real numbers, caught as the instruction that writes it ends: its memory is reused afterwards.
class Tap {
 public:
  // `graph` is lowerable; graph inputs may be wanted too.
  static Result<Tap> open(const Graph& graph, const std::vector<ValueId>& wanted);
  // A further one on the same Program, for another thread.
  Result<Tap> another() const;
  Result<void> run(const Sample& sample);
  const std::vector<float>& value(size_t i) const { return values_[i]; }

 private:
  explicit Tap(Executable executable) : executable_(std::move(executable)) {}
  void step(uint32_t instruction);
  void take(uint32_t tensor, size_t slot);

  Executable executable_;
  std::vector<std::vector<std::pair<uint32_t, size_t>>> slots_;  // by instruction: (tensor, index in wanted)
  std::vector<std::pair<uint32_t, size_t>> inputs_;
  std::vector<std::vector<float>> values_;
};

}  // namespace verge
