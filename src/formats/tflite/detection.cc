// TFLite_Detection_PostProcess, the custom operator at the end of single-shot detectors; its options are a flexbuffers map.
// Texts in the options are not read as numbers: flatbuffers needs no locale, and we no library of it beside its headers.
#define FLATBUFFERS_LOCALE_INDEPENDENT 0
#include <flatbuffers/flexbuffers.h>

#include "formats/tflite/builtins.h"

namespace verge::formats::tflite::builtins {
namespace {

// A view into `aligned`, which takes the bytes: the file lets them stand anywhere, and wide numbers are read in place.
Result<flexbuffers::Map> options_of(const Op& op, std::vector<uint8_t>& aligned) {
  const auto* bytes = op.source().custom_options();
  if (bytes) aligned.assign(bytes->begin(), bytes->end());
  if (aligned.size() < 3 || !flexbuffers::VerifyBuffer(aligned.data(), aligned.size())) return corrupt("its options are no flexbuffers map");
  const flexbuffers::Reference root = flexbuffers::GetRoot(aligned.data(), aligned.size());
  if (!root.IsMap()) return corrupt("its options are no flexbuffers map");
  return root.AsMap();
}

// The real numbers of an input: boxes and scores of quantised models are dequantised before they are decoded.
Result<ValueId> as_reals(Op& op, size_t i) {
  const TensorType x = op.type(i);
  if (x.dtype == DataType::kF32) return op.in(i);
  if (!x.quantized()) return corrupt("input " + std::to_string(i) + " is " + x.text() + ", wants real or quantised numbers");
  TensorType real;
  real.dtype = DataType::kF32;
  return op.add_as(std::move(real), "dequantize", {op.in(i)});
}

}  // namespace

Result<void> detection_postprocess(Op& op) {
  std::vector<uint8_t> aligned;
  VERGE_TRY(const flexbuffers::Map o, options_of(op, aligned));
  const auto real = [&](const char* name) { return static_cast<double>(o[name].AsFloat()); };
  const auto integer = [&](const char* name, int64_t otherwise) { return o[name].IsNull() ? otherwise : o[name].AsInt64(); };
  const bool per_class = !o["use_regular_nms"].IsNull() && o["use_regular_nms"].AsBool();
  Attrs attrs{{"y_scale", real("y_scale")},
              {"x_scale", real("x_scale")},
              {"h_scale", real("h_scale")},
              {"w_scale", real("w_scale")},
              {"score_threshold", real("nms_score_threshold")},
              {"iou_threshold", real("nms_iou_threshold")},
              {"most", integer("max_detections", 0)},
              {"classes", integer("num_classes", 0)},
              {"classes_per_box", integer("max_classes_per_detection", 1)},
              {"boxes_per_class", integer("detections_per_class", 100)},
              {"per_class", int64_t{per_class}}};
  std::vector<ValueId> inputs;
  for (size_t i = 0; i < 3; ++i) {
    VERGE_TRY(inputs.emplace_back(), as_reals(op, i));
  }
  std::vector<TensorType> like(4);
  for (TensorType& type : like) type.dtype = DataType::kF32;
  VERGE_TRY(const std::vector<ValueId> found, op.add_many(std::move(like), op.core(), std::move(inputs), std::move(attrs)));
  for (size_t i = 0; i < found.size(); ++i) VERGE_CHECK(op.set(i, found[i]));
  return done();
}

}  // namespace verge::formats::tflite::builtins
