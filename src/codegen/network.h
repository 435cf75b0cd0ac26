// What a Program computes, taken out of the host's packing: layers over buffers whose places are still open. The generator plans and prints it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/requant.h"
#include "codegen/general.h"
#include "core/result.h"
#include "kernels/conv_geometry.h"
#include "rt/model.h"

namespace verge::codegen {

// Bytes that one layer writes and others read; shapes are those of the Program's tensor.
struct Buffer {
  std::string name;
  Shape shape;
  DataType dtype = DataType::kI8;
  int64_t bytes = 0;
  int first = 0, last = 0;  // layers that write it first and read it last; -1: an input; the number of layers: an output
  float scale = 0;
  int32_t zero_point = 0;
  uint32_t tensor = 0;  // of the Program, whose bytes it holds when its layer has run
};

enum class Kind : uint8_t { kConv, kDepthwise, kDense, kAdd, kAverage, kSoftmax, kCopy, kGeneral };

// Weights of a product, one row an output channel: [out_c][taps][group_in], int8, zero points 0; the bias holds what the input's zero point adds.
struct Product {
  std::vector<int8_t> weights;
  std::vector<int32_t> bias;
  std::vector<Multiplier> multiplier;
  std::vector<int32_t> weight_zero;  // kGeneral; empty: 0
  bool in_unsigned = false;          // kGeneral
};

struct Layer {
  Kind kind = Kind::kCopy;
  std::string name;
  std::vector<int> in;  // buffers
  int out = -1;
  ConvGeometry window;  // products; a dense layer is pointwise; an average: in_h * in_w pixels of in_c channels
  Product product;
  int32_t in_zero = 0, out_zero = 0;
  int32_t low = -128, high = 127;
  Multiplier x, y, z;  // kAdd; y's sign is in `subtract`
  int32_t y_zero = 0;
  bool subtract = false;
  int64_t elements = 0;           // of the output
  int64_t rows = 0, columns = 0;  // kSoftmax
  std::vector<int32_t> table;     // kSoftmax
  General general;                // kGeneral
  std::vector<int> more_out;      // its outputs but the first
  int64_t macs = 0;
  int pitch = 0;              // kDepthwise: family.h
  bool nibbles = false;       // kConv: weights are stored in 4 bits
  bool by_rows = false;       // rows are to be made one by one
  int64_t row_distance = -1;  // by_rows: bytes by which a row may begin below an input's row that dies; -1: they must be apart
  bool lanes = false;               // kDepthwise of mve: sixteen channels of a pixel at once
  int pixels = 4;             // kConv of dsp: windows that are widened at once
};

struct Network {
  std::vector<Buffer> buffers;
  std::vector<Layer> layers;
  std::vector<int> inputs, outputs;
  bool lines = false;  // the caller hands over the input row by row
};

// A product as a layer for the kernel that takes any.
void make_general(Layer& layer);

// kUnsupported names every instruction that has no C, each with its reason.
Result<Network> read_network(const rt::Model& model);

}  // namespace verge::codegen
