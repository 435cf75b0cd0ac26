// The translators that builtins.inc names, one a builtin or a family; each gives every output of its operator a value.
#pragma once
#include "formats/tflite/translation.h"

namespace verge::formats::tflite {

#define VERGE_BUILTIN(builtin, newest, fewest_inputs, outputs, translate, core) Result<void> translate(Op& op);
#define VERGE_CUSTOM(name, newest, fewest_inputs, outputs, translate, core) Result<void> translate(Op& op);
namespace builtins {
#include "formats/tflite/builtins.inc"
}
#undef VERGE_BUILTIN

}  // namespace verge::formats::tflite
