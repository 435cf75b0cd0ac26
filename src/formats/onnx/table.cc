#include "formats/onnx/table.h"

namespace verge::formats::onnx {

std::span<const Family> families() {
  static const Family kFamilies[] = {
      {kOnnxDomain, pointwise_rows()},
      {kOnnxDomain, product_rows()},
      {kOnnxDomain, window_rows()},
      {kOnnxDomain, normalisation_rows()},
      {kOnnxDomain, reduction_rows()},
      {kOnnxDomain, movement_rows()},
      {kOnnxDomain, selection_rows()},
      {kOnnxDomain, resampling_rows()},
      {kOnnxDomain, constant_rows()},
      {kOnnxDomain, quantisation_rows()},
      {kOnnxDomain, recurrent_rows()},
      {kOnnxDomain, attention_rows()},
      {kOnnxDomain, conv_transpose_rows()},
      {kOnnxDomain, einsum_rows()},
      {kOnnxDomain, loss_rows()},
      {kOnnxDomain, ngram_rows()},
      {kOnnxDomain, sampling_rows()},
      {kOnnxDomain, scattering_rows()},
      {kOnnxDomain, signal_rows()},
      {kMicrosoft, microsoft_rows()},
      {kClassical, classical_rows()},
  };
  return kFamilies;
}

Lookup find_row(std::string_view domain, std::string_view op, int64_t opset) {
  if (domain == "ai.onnx") domain = kOnnxDomain;
  Lookup found;
  for (const Family& family : families()) {
    if (family.domain != domain) continue;
    for (const Row& row : family.rows) {
      if (op != row.op) continue;
      found.known = true;
      if (opset >= row.since && opset <= row.until) found.row = &row;
    }
  }
  return found;
}

}  // namespace verge::formats::onnx
