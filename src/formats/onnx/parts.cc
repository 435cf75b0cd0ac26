#include "formats/onnx/parts.h"

#include <limits>

#include "formats/onnx/importer.h"

namespace verge::formats::onnx {
namespace {

class Source : public PartSource {
 public:
  Source(std::shared_ptr<const pb::ModelProto> model, const pb::GraphProto& graph, std::vector<const pb::GraphProto*> around, ImportOptions options)
      : model_(std::move(model)), graph_(graph), around_(std::move(around)), options_(std::move(options)) {}

  std::vector<Port> inputs() const override {
    std::set<std::string> fixed;
    for (const auto& t : graph_.initializer()) fixed.insert(t.name());
    for (const auto& [name, value] : options_.values)
      if (around_.empty()) fixed.insert(name);
    std::vector<Port> out;
    for (const auto& info : graph_.input())
      if (!fixed.count(info.name())) out.push_back(port(info));
    return out;
  }

  std::vector<Port> outputs() const override {
    std::vector<Port> out;
    for (const auto& info : graph_.output()) out.push_back(port(info));
    return out;
  }

  Result<std::vector<FileNode>> nodes() const override {
    ImportNotes notes;
    return Importer(*model_, options_, notes).file_nodes(graph_);
  }

  Result<Part> next(const Present& present) const override {
    const auto body = [this](const pb::GraphProto& graph, std::vector<const pb::GraphProto*> around) {
      return std::make_shared<Source>(model_, graph, std::move(around), options_);
    };
    ImportNotes notes;
    return Importer(*model_, options_, notes).run_part({graph_, around_, present, body});
  }

 private:
  static Port port(const pb::ValueInfoProto& info) {
    switch (info.type().value_case()) {
      case pb::TypeProto::kSequenceType: return {info.name(), Kind::kSequence, {}};
      case pb::TypeProto::kOptionalType: return {info.name(), Kind::kOptional, {}};
      case pb::TypeProto::kTensorType: return {info.name(), Kind::kTensor, declared(info.type().tensor_type())};
      case pb::TypeProto::VALUE_NOT_SET: return {info.name(), Kind::kTensor, {}};
      default: return {info.name(), Kind::kOther, {}};
    }
  }

  static TensorType declared(const pb::TypeProto::Tensor& tensor) {
    TensorType type;
    type.dtype = dtype_from_onnx(tensor.elem_type());
    type.ranked = tensor.has_shape();
    for (const auto& d : tensor.shape().dim()) type.dims.push_back(d.has_dim_value() ? Dim(d.dim_value()) : Dim::named(d.dim_param()));
    return type;
  }

  std::shared_ptr<const pb::ModelProto> model_;
  const pb::GraphProto& graph_;  // within the model
  std::vector<const pb::GraphProto*> around_;
  ImportOptions options_;
};

}  // namespace

Result<std::shared_ptr<const PartSource>> open_parts(ByteSpan bytes, const ImportOptions& options) {
  auto model = std::make_shared<pb::ModelProto>();
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) return unsupported("an ONNX file of 2 GB or more; keep its weights in external data");
  if (!model->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return corrupt("not an ONNX model, or cut off: the protobuf wire format is broken");
  if (!model->has_graph()) return corrupt("the model holds no graph");
  const pb::GraphProto& graph = model->graph();
  return std::shared_ptr<const PartSource>(std::make_shared<Source>(std::move(model), graph, std::vector<const pb::GraphProto*>(), options));
}

}  // namespace verge::formats::onnx
