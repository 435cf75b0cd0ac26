#include "formats/onnx/state_into.h"

#include <algorithm>
#include <limits>
#include <map>

#include "core/text.h"
#include "formats/onnx/tensor_proto.h"

namespace verge::formats::onnx {
namespace {

constexpr const char* kWrappers[] = {"module.", "model.", "state_dict.", "model_state_dict.", "net.", "network."};
constexpr const char* kNoWeights[] = {"num_batches_tracked", "optimizer", "optim_state", "scheduler", "lr_scheduler"};

bool is_no_weight(const std::string& name) {
  return std::any_of(std::begin(kNoWeights), std::end(kNoWeights), [&](const char* part) {
    return starts_with(name, std::string(part) + ".") || ends_with(name, std::string(".") + part) || name == part;
  });
}

// The initializer of that name, wrappers taken off one after the other.
pb::TensorProto* place_for(std::string name, const std::map<std::string, pb::TensorProto*>& initializers) {
  for (bool shorter = true; shorter;) {
    if (const auto it = initializers.find(name); it != initializers.end()) return it->second;
    shorter = false;
    for (const char* wrapper : kWrappers)
      if (starts_with(name, wrapper)) {
        name = name.substr(std::string(wrapper).size());
        shorter = true;
        break;
      }
  }
  return nullptr;
}

Result<Tensor> fitted(const Tensor& tensor, const pb::TensorProto& place) {
  const DataType wanted = dtype_from_onnx(place.data_type());
  const std::vector<int64_t> dims(place.dims().begin(), place.dims().end());
  const std::vector<int64_t> found(tensor.shape().dim, tensor.shape().dim + tensor.shape().rank);
  if (dims != found) return invalid(bracketed(found) + ", the file wants " + bracketed(dims));
  if (tensor.dtype() == wanted) return tensor;
  if (!is_float(tensor.dtype()) || !is_float(wanted)) return invalid(std::string(dtype_name(tensor.dtype())) + ", the file wants " + onnx_type_name(place.data_type()));
  return cast_tensor(tensor, wanted);
}

std::string some_names(const std::map<std::string, pb::TensorProto*>& initializers) {
  std::vector<std::string> out;
  for (const auto& [name, proto] : initializers)
    if (out.size() < 5) out.push_back("'" + name + "'");
  return join(out, ", ");
}

}  // namespace

Result<Reweighed> with_state(ByteSpan onnx, const State& state) {
  pb::ModelProto model;
  const bool parsed = onnx.size() <= static_cast<size_t>(std::numeric_limits<int>::max()) && model.ParseFromArray(onnx.data(), static_cast<int>(onnx.size()));
  if (!parsed || !model.has_graph()) return corrupt("the architecture is no ONNX model");
  std::map<std::string, pb::TensorProto*> initializers;
  for (auto& t : *model.mutable_graph()->mutable_initializer()) initializers[t.name()] = &t;
  Reweighed out;
  std::string problems;
  for (const auto& [name, tensor] : state) {
    if (is_no_weight(name)) continue;
    pb::TensorProto* place = place_for(name, initializers);
    auto fit = place ? fitted(tensor, *place) : Result<Tensor>(invalid("no initializer has this name"));
    if (!fit.ok()) {
      problems += "\n  '" + name + "': " + fit.error().message();
      continue;
    }
    const std::string own = place->name();
    *place = tensor_to_proto(*fit, own);
    out.replaced.push_back(own);
  }
  if (!problems.empty()) return invalid("weights that the architecture has no place for:" + problems + "\n  the architecture has " + some_names(initializers) + "...");
  if (out.replaced.empty()) return invalid("the file of weights holds no tensor");
  for (const auto& [name, proto] : initializers)
    if (std::find(out.replaced.begin(), out.replaced.end(), name) == out.replaced.end()) out.kept.push_back(name);
  const std::string bytes = model.SerializeAsString();
  out.onnx.assign(bytes.begin(), bytes.end());
  return out;
}

}  // namespace verge::formats::onnx
