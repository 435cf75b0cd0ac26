// A Graph as a file that other engines read.
#pragma once
#include <map>
#include <string>

#include "formats/format.h"

namespace verge::formats {

enum class OnnxForm : uint8_t {
  kQdq,        // float operators between QuantizeLinear and DequantizeLinear
  kQOperator,  // QLinearConv and its kin, those of com.microsoft among them; what has no such form stays QDQ
};

struct ExportOptions {
  OnnxForm onnx_form = OnnxForm::kQdq;
  int onnx_opset = 17;       // 13 to 21
  bool channels_first = false;  // ONNX: inputs of four dimensions are [n, c, h, w] in the file
  std::map<std::string, std::string> metadata;  // of an ONNX file
  bool f16_weights = false;  // TFLite: float constants in half precision
  bool int8_io = false;      // TFLite: quantised inputs and outputs instead of float ones
};

// `graph` is prepared: channels last, without fused residuals (passes::prepare with fuse_residual skipped), and static. Fails with kUnsupported
// naming every node that the format has no operator for.
Result<Bytes> export_model(const Graph& graph, Format format, const ExportOptions& options = {});

}  // namespace verge::formats
