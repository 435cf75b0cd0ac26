// What both libraries behind include/verge/verge.h say of a tensor.
#pragma once
#include <cstring>

#include "base/status.h"
#include "base/tensor_view.h"
#include "verge/verge.h"

namespace verge::door {

static_assert(static_cast<int>(Code::kInternal) == VERGE_INTERNAL && static_cast<int>(Code::kBusy) == VERGE_BUSY);
static_assert(static_cast<int>(DataType::kBool) == VERGE_BOOL && static_cast<int>(DataType::kF32) == VERGE_F32);

// `name` lives as long as the model.
inline void describe(const char* name, const TensorView& view, verge_tensor_info* info) {
  *info = {};
  info->name = name;
  info->dtype = static_cast<verge_dtype>(view.dtype);
  info->rank = view.shape.rank;
  std::memcpy(info->dims, view.shape.dim, sizeof info->dims);
  info->bytes = view.bytes();
  if (view.quant.count == 1) {
    info->scale = view.quant.scale[0];
    info->zero_point = view.quant.zero_point[0];
  }
}

}  // namespace verge::door
