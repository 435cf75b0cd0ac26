// Recurrent layers over a sequence: rnn, gru, lstm. Time t runs forward, or from the end of each sequence (direction reverse), or both ways.
//
//   rnn    h' = f(W x + R h + b)
//   gru    z, r = f(W x + R h + b);  n = g(W x + R (r * h) + b), or g(W x + wb + r * (R h + rb)) with linear_before_reset;  h' = (1 - z) n + z h
//   lstm   i, o, f = f(W x + R h + b + P c);  c' = f c + i g(W x + R h + b), clipped to +-cell_clip;  h' = o h(c')     (o reads c')
//
//   x        [time, batch, inputs]
//   w        [directions, gates * hidden, inputs], gates in the order given above: z r n; i o f c
//   r        [directions, gates * hidden, hidden]
//   bias     [directions, 2 * gates * hidden]: of w, then of r; may be absent
//   lengths  [batch], integers: y is 0 beyond, and states stay as they are; may be absent
//   h0, c0   [directions, batch, hidden]; absent: zeros (c0: lstm)
//   p        [directions, 3 * hidden], order i o f; may be absent (lstm)
//   y        [time, directions, batch, hidden]
//   y_h, y_c [directions, batch, hidden]: the states after the last step
//
// batch_major = 1: x [batch, time, inputs], y [batch, time, directions, hidden], states [batch, directions, hidden].
// Attributes: direction, batch_major, linear_before_reset, input_forget, clip and cell_clip (0: none), activations with activation_alpha and activation_beta of equal count.
#pragma once
#include "ops/op.h"
#include "ops/recurrent/recurrent_attrs.h"

namespace verge::ops {

// The numbers of a node whose types are static: what check() and the reference read too.
Result<exec::RecurrentAttrs> recurrent_attrs(const Graph& graph, const Node& node);

Result<void> reference_recurrent(ReferenceContext& context);
Result<void> lower_recurrent(const Node& node, Emitter& emitter);

}  // namespace verge::ops
