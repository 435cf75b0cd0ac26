// Attention by a state that is written and read step by step: for each t
//
//   S = decay[t] * S;  v' = beta[t] * (v[t] - S^T k[t]) (v[t] without beta);  S = S + k[t] v'^T;  y[t] = scale * S^T q[t]
//
// q: [b, heads, t, dk], k: [b, kv_heads, t, dk], v: [b, kv_heads, t, dv], then optional: S at the beginning [b, kv_heads, dk, dv], decay [b, kv_heads, t, dk or 1],
// beta [b, kv_heads or 1, t, 1]. y: [b, heads, t, dv], S at the end; f32. Query head i reads state i / (heads / kv_heads).
#pragma once
#include <cstdint>

namespace verge::exec {

struct LinearAttentionAttrs {
  float scale = 1;
};

}  // namespace verge::exec
