// What a program answers to pixels that look like noise: with it a device tests itself.
#pragma once
#include "core/result.h"
#include "lower/executable.h"
#include "packaging/package_file.h"

namespace verge::cli {

// kUnsupported for inputs of types that cannot be made up; f32, u8 and i8 can.
Result<GoldenVector> golden_vector(Executable& executable);

}  // namespace verge::cli
