// One operator with its inputs: a case that every executor must pass. A family lists its cases in ops/<family>/<family>_cases.h; the reference judges.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ir/graph.h"
#include "testing/seeded.h"

namespace verge::testing {

struct OpCase {
  std::string name;  // letters, digits and underscores
  Graph graph;
  std::vector<Tensor> inputs;  // in graph order
  // Float results agree within (terms + 8) * 2^-24 * max(1, |want|): how many numbers a sum or product of one element has, or how imprecise the
  // operator is in units of the last place. Integers agree exactly, whatever `terms` is.
  int64_t terms = 1;
};

// An input of the operator: fed at run time, a constant, or absent.
struct CaseInput {
  enum class Kind : uint8_t { kFed, kConstant, kAbsent } kind = Kind::kFed;
  Tensor tensor;
};
inline CaseInput fed(Tensor tensor) { return {CaseInput::Kind::kFed, std::move(tensor)}; }
inline CaseInput constant(Tensor tensor) { return {CaseInput::Kind::kConstant, std::move(tensor)}; }
inline CaseInput absent() { return {CaseInput::Kind::kAbsent, {}}; }

// What is known of the output before inference: element type and quantisation of a quantised operator.
struct CaseOutput {
  DataType dtype = DataType::kNone;
  QuantParams quant;
};

inline OpCase op_case(std::string name, std::string op, Attrs attrs, std::vector<CaseInput> inputs, const std::vector<CaseOutput>& outputs = {CaseOutput{}}, int64_t terms = 1) {
  OpCase made;
  made.name = std::move(name);
  made.terms = terms;
  NewNode node{std::move(op), {}, std::move(attrs), made.name, outputs.size(), {}};
  for (CaseInput& input : inputs) {
    const std::string value = "in" + std::to_string(node.inputs.size());
    if (input.kind == CaseInput::Kind::kAbsent) {
      node.inputs.push_back({});
    } else if (input.kind == CaseInput::Kind::kConstant) {
      node.inputs.push_back(made.graph.add_constant(std::move(input.tensor), value));
    } else {
      TensorType type(input.tensor.dtype(), input.tensor.shape());
      type.quant = input.tensor.quant();
      node.inputs.push_back(made.graph.add_input(value, std::move(type)));
      made.inputs.push_back(std::move(input.tensor));
    }
  }
  const NodeId id = made.graph.add_node(std::move(node));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const ValueId value = made.graph.node(id).output(i);
    made.graph.value(value).type.dtype = outputs[i].dtype;
    made.graph.value(value).type.quant = outputs[i].quant;
    made.graph.add_output(value, "out" + std::to_string(i));
  }
  return made;
}

inline QuantParams quant(float scale, int32_t zero_point) { return {{scale}, {zero_point}, -1}; }

inline Tensor random_f32(Shape shape, uint64_t seed, float low = -1, float high = 1) {
  return Tensor::of(shape, seeded_floats(static_cast<size_t>(shape.count()), seed, low, high));
}

// Integers from [low, high] of any integer type.
inline Tensor random_integers(DataType dtype, Shape shape, uint64_t seed, int64_t low, int64_t high, QuantParams quant = {}) {
  Random random(seed);
  Tensor wide(DataType::kI64, shape);
  for (int64_t& v : wide.mut<int64_t>()) v = low + static_cast<int64_t>(random.next() % static_cast<uint64_t>(high - low + 1));
  Tensor made = cast_tensor(wide, dtype);
  made.set_quant(std::move(quant));
  return made;
}

// The whole range of i8 or u8.
inline Tensor random_bytes(DataType dtype, Shape shape, uint64_t seed, QuantParams quant) {
  return random_integers(dtype, shape, seed, dtype == DataType::kU8 ? 0 : -128, dtype == DataType::kU8 ? 255 : 127, std::move(quant));
}

// The whole range of i16.
inline Tensor random_halves(Shape shape, uint64_t seed, QuantParams quant) { return random_integers(DataType::kI16, shape, seed, -32768, 32767, std::move(quant)); }

}  // namespace verge::testing
