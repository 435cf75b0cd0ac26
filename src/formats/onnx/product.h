// Matrix products that several operators share.
#pragma once
#include "formats/onnx/node_context.h"

namespace verge::formats::onnx {

// alpha * a' b' + beta * bias, where ' is a transposition of the last two dimensions on demand.
struct Product {
  ValueId a, b;
  ValueId bias = {};
  double alpha = 1, beta = 1;
  bool flip_a = false, flip_b = false;
};
ValueId product(NodeContext& c, const Product& p);

// x[..,k] w[n,k]^T + bias_factor * bias; a bias that is not one number a column is added behind the product.
ValueId dense(NodeContext& c, ValueId x, ValueId w, ValueId bias, double bias_factor = 1);

}  // namespace verge::formats::onnx
