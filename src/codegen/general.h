// Operators whose C is plain on every target: what one call of their kernel (kernels/NAME.c) takes.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/conv_geometry.h"
#include "core/result.h"
#include "rt/model.h"

namespace verge::codegen {

// A constant array of C.
struct Constant {
  DataType dtype = DataType::kI8;
  std::vector<uint8_t> bytes;
};

template <typename T> Constant constant_of(DataType dtype, const std::vector<T>& values) {
  const auto* from = reinterpret_cast<const uint8_t*>(values.data());
  return {dtype, {from, from + values.size() * sizeof(T)}};
}

// The call is NAME_run(&descriptor, inputs, outputs, scratch), the descriptor a constant of type NAME.
struct General {
  std::string name;
  std::vector<std::string_view> sources;  // kernels, the last is its own
  std::string fields;                     // of the descriptor; $0, $1, ... stand for the constants
  std::vector<std::string> parts;         // not empty: a descriptor and a call NAME_run(&descriptor, input, output) for each input
  std::vector<Constant> constants;
  std::vector<size_t> inputs;             // of the instruction that are passed on
  std::vector<int> operands;              // what these are: buffer i of the layer's inputs, or constant -1 - i
  size_t outputs = 1;
  int64_t scratch = 0, macs = 0;
  bool elementwise = false;               // an output may lie over its input
};

// The C of instruction `index`; kUnsupported says why there is none.
Result<General> general_layer(const rt::Model& model, size_t index);

// A quantised product of any window, groups, batch, types of 8 bits and zero points.
struct AnyProduct {
  ConvGeometry window;
  std::vector<int8_t> weights;                              // [out_c][taps][group_in]
  std::vector<int32_t> bias, multiplier, shift, weight_zero;  // weight_zero may be empty
  int32_t in_zero = 0;                                      // as int8
  int32_t out_zero = 0, low = -128, high = 127;             // as stored
  bool in_unsigned = false;
};
General general_product(const AnyProduct& product);

}  // namespace verge::codegen
