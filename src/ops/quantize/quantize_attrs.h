// Between real numbers and quantised ones on the device; scales and zero points stand with the tensors. `mode` is a RequantMode.
#pragma once
#include <cstdint>

namespace verge::exec {

struct QuantizeAttrs {  // f32 to i8, u8, i16, u16; one scale or one an index along the output's axis
  uint32_t mode = 0;
};

struct DequantizeAttrs {  // i8, u8, i16, u16, i32 to f32; one scale or one an index along the input's axis
  uint32_t reserved = 0;
};

struct RequantizeAttrs {  // between integer types of one scale each; the multiplier is x's scale over y's
  uint32_t mode = 0;
  int32_t multiplier = 0;
  int32_t shift = 0;
};

}  // namespace verge::exec
