#pragma once
#include <string>

#include "core/bytes.h"

namespace verge::formats::tflite {

// Model files may carry a zip archive behind the tables; a text file in it whose name holds "label" has the class names, one a line.
// Returns them as a JSON list; empty when there are none that can be read.
std::string labels_json(ByteSpan file);

}  // namespace verge::formats::tflite
