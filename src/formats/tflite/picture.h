#pragma once
#include <string>

#include "formats/tflite/file.h"
#include "ir/graph.h"

namespace verge::formats::tflite {

// How pictures enter the model, as the declaration of docs/pipeline.md; empty when its only input takes none or the file does not say enough.
//
// An 8-bit quantised input [1,h,w,1 or 3] takes the picture's bytes as they are (int8: less 128), whatever its scale, as every user of such files feeds it. A float
// input is normalised as the file's metadata say. A model that ends in TFLite_Detection_PostProcess gives boxes.
std::string picture_pipeline(const File& file, const Graph& graph);

}  // namespace verge::formats::tflite
