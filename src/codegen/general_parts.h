// What makers of General layers share: reading an instruction, and the text of descriptors.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "codegen/general.h"
#include "exec/op_codes.h"

namespace verge::codegen {

inline long long big(int64_t n) { return static_cast<long long>(n); }
// A float as C reads it back to the bit.
std::string real(float v);
// "{1, 2, 3}"
std::string numbers(const std::vector<int64_t>& values);
// Of vg_area.
std::string window_fields(const ConvGeometry& g);
int64_t macs_of(const ConvGeometry& g);
// Of each dimension, what lies between two neighbours, elements being `element` long.
std::vector<int64_t> steps_of(const Shape& shape, int64_t element);

// One instruction of a Program.
class InstructionReader {
 public:
  InstructionReader(const rt::Model& model, size_t index) : model_(model), index_(index), record_(model.instruction(index)) {}

 protected:
  exec::Op op() const { return static_cast<exec::Op>(record_.op); }
  size_t in_count() const { return record_.in_count; }
  bool has(size_t i) const { return i < record_.in_count && model_.args(index_)[i] != rt::kNoTensor; }
  TensorView in(size_t i) const { return model_.describe(model_.args(index_)[i]); }
  TensorView out(size_t i = 0) const { return model_.describe(model_.args(index_)[record_.in_count + i]); }
  template <typename A> const A& attrs() const { return *static_cast<const A*>(model_.attributes(index_)); }
  template <typename T> std::vector<T> values(size_t i) const {
    const TensorView view = in(i);
    return {view.as<T>(), view.as<T>() + view.shape.count()};
  }
  int64_t element_size(size_t i) const { return static_cast<int64_t>(dtype_bits(in(i).dtype) / 8); }
  // A layer with one input.
  static General pointwise(const char* name, const char* source, std::string fields);
  // Counts of the output's dimensions, and the operands' steps in elements: 0 where one stands still.
  std::string broadcast(size_t operands = 2) const;
  // The number that kernels/any_type.c has for a type.
  static Result<int> type_number(DataType t);

 private:
  const rt::Model& model_;
  size_t index_;
  const rt::InstructionRecord& record_;
};

// The C of an instruction of their kind; nothing: it is of another.
std::optional<Result<General>> moving_layer(const rt::Model& model, size_t index);  // of any type
std::optional<Result<General>> integer_layer(const rt::Model& model, size_t index);
std::optional<Result<General>> float_layer(const rt::Model& model, size_t index);

}  // namespace verge::codegen
