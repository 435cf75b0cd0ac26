// Integer models can learn: real numbers stand behind the integers while they do (a float shadow), and what has not learned goes back to the same integers.
#pragma once
#include "train/quantised.h"

namespace verge::train {

// Whether the network computes in integers.
bool has_integers(const Graph& network);

// `integers`: as imported from a TFLite file or an ONNX file in QDQ form, 8 bits with symmetric weights, channels last; what comes of it is int8. Activations are rounded to
// the file's own levels, which do not learn; weights only where they learn. kUnsupported names the node that has another form.
Result<QuantisedNetwork> float_shadow(const Graph& integers);

}  // namespace verge::train
