// Attributes of convolutions and pools in the core set's form.
#pragma once
#include "formats/onnx/node_context.h"

namespace verge::formats::onnx {

struct WindowForm {
  bool line = false;  // the source has one spatial dimension (rank 3): it becomes rank 4 with height 1
  Attrs attrs;        // strides, dilations, pads or auto_pad
};

Result<WindowForm> window_form(NodeContext& c);
// Also kernel and ceil_mode.
Result<WindowForm> pool_form(NodeContext& c);
// Rank 3 to rank 4 and back, where form.line.
ValueId as_plane(NodeContext& c, const WindowForm& form, ValueId x);
ValueId as_source(NodeContext& c, const WindowForm& form, ValueId y);
// [out, in/groups, k...] to [out, kh, kw, in/groups].
Result<ValueId> conv_weights(NodeContext& c, ValueId w, const WindowForm& form);

}  // namespace verge::formats::onnx
