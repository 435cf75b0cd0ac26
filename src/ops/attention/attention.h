// What lowering and the choice of bf16 read of an attention node.
#pragma once
#include "ops/attention/attention_attrs.h"
#include "ops/op.h"

namespace verge::ops {

// Of q, k and v as the node has them.
exec::AttentionAttrs attention_attrs(const Node& node, const Shape& q, const Shape& k, const Shape& v);

}  // namespace verge::ops
