// What an operator's lowering writes to: instructions, packed constants, scratch. Room lower implements it; operators know no Program.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "exec/op_codes.h"
#include "ir/graph.h"

namespace verge::ops {

using TensorRef = Id<struct TensorRefTag>;  // a tensor of the Program being emitted; invalid: an optional input that is absent

// What the target wants, as far as an operator's lowering may care.
struct LowerOptions {
  int threads = 1;       // scratch is planned for at most this many
  bool stripes = false;  // convolutions in a row over large pictures become one instruction: what lies between them has no tensor
};

class Emitter {
 public:
  virtual ~Emitter() = default;
  virtual const Graph& graph() const = 0;
  virtual const LowerOptions& options() const = 0;

  // The tensor of a Graph value: an arena tensor, or for a constant its bytes as they are (placed once, on first use).
  virtual TensorRef tensor(ValueId value) = 0;
  // New constant bytes, such as packed weights; equal bytes are stored once.
  virtual TensorRef constant(Tensor tensor, const std::string& name) = 0;
  // A temporary that lives for the one instruction that takes it as scratch.
  virtual TensorRef scratch(size_t bytes) = 0;
  // A temporary between two instructions of this node.
  virtual TensorRef temporary(DataType dtype, Shape shape, QuantParams quant = {}) = 0;
  // `out` is the same memory as `in` (reshape, identity): no instruction. Falls back to a copy by itself where aliasing is impossible
  // (`in` is a constant or both are graph outputs).
  virtual Result<void> alias(ValueId out, ValueId in) = 0;

  // `attrs` is a plain struct of room exec. `in_place` names the input whose memory the first output may take when nobody reads it later; -1: none.
  template <typename A>
  void emit(exec::Op op, std::vector<TensorRef> in, std::vector<TensorRef> out, const A& attrs, TensorRef scratch = {}, int in_place = -1) {
    static_assert(std::is_trivially_copyable_v<A> && alignof(A) <= 8);
    emit_raw(op, std::move(in), std::move(out), &attrs, sizeof(A), scratch, in_place);
  }
  // The instruction emitted last reads each element of `state` before it writes the same element of `next`: a state may be replaced where it lies.
  virtual void replaces(TensorRef state, TensorRef next) = 0;
  virtual void emit_raw(exec::Op op, std::vector<TensorRef> in, std::vector<TensorRef> out, const void* attrs, size_t attr_bytes, TensorRef scratch, int in_place) = 0;
};

}  // namespace verge::ops
