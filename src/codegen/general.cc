#include "codegen/general_parts.h"
#include "core/text.h"

namespace verge::codegen {

Result<General> general_layer(const rt::Model& model, size_t index) {
  for (const auto make : {moving_layer, integer_layer, float_layer})
    if (auto made = make(model, index)) return *std::move(made);
  return unsupported("no C for this operator yet");
}

General general_product(const AnyProduct& p) {
  General out;
  out.name = "vg_product";
  out.sources = {"scale", "area", "product"};
  out.fields = window_fields(p.window) +
               format(", %d, %d, %d, %d, %d, $0, $1, $2, $3, %s", p.in_zero, p.out_zero, p.low, p.high, p.in_unsigned, p.weight_zero.empty() ? "0" : "$4");
  out.constants = {constant_of(DataType::kI8, p.weights), constant_of(DataType::kI32, p.bias), constant_of(DataType::kI32, p.multiplier),
                   constant_of(DataType::kI32, p.shift)};
  if (!p.weight_zero.empty()) out.constants.push_back(constant_of(DataType::kI32, p.weight_zero));
  out.inputs = {0};
  out.macs = macs_of(p.window);
  return out;
}

}  // namespace verge::codegen
