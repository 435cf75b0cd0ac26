// Small ONNX models for tests, built in place.
//
//   ModelMaker m(17);
//   m.input("x", {1, 1, 4, 4});
//   m.weight("w", {1, 1, 3, 3}, {...});
//   ints(m.node("Conv", {"x", "w"}, {"y"}), "pads", {0, 1, 2, 3});
//   m.output("y");
//   Result<Graph> graph = m.import();
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "formats/onnx/onnx.h"
#include "formats/onnx/tensor_proto.h"
#include "ops/op.h"

namespace verge::formats::onnx {

inline pb::AttributeProto& attribute(pb::NodeProto& node, const std::string& name, int32_t type) {
  pb::AttributeProto& a = *node.add_attribute();
  a.set_name(name);
  a.set_type(type);
  return a;
}
inline pb::NodeProto& real(pb::NodeProto& node, const std::string& name, float value) {
  attribute(node, name, 1).set_f(value);
  return node;
}
inline pb::NodeProto& integer(pb::NodeProto& node, const std::string& name, int64_t value) {
  attribute(node, name, 2).set_i(value);
  return node;
}
inline pb::NodeProto& text(pb::NodeProto& node, const std::string& name, const std::string& value) {
  attribute(node, name, 3).set_s(value);
  return node;
}
inline pb::NodeProto& ints(pb::NodeProto& node, const std::string& name, const std::vector<int64_t>& values) {
  pb::AttributeProto& a = attribute(node, name, 7);
  for (int64_t v : values) a.add_ints(v);
  return node;
}
inline pb::NodeProto& tensor(pb::NodeProto& node, const std::string& name, const Tensor& value) {
  *attribute(node, name, 4).mutable_t() = tensor_to_proto(value, "");
  return node;
}

class ModelMaker {
 public:
  explicit ModelMaker(int64_t opset = 17) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(opset);
    graph().set_name("test");
  }
  pb::GraphProto& graph() { return *model.mutable_graph(); }

  // Strings are symbolic dimensions.
  void input(const std::string& name, const std::vector<Dim>& dims, DataType dtype = DataType::kF32) { describe(*graph().add_input(), name, dims, dtype); }
  void output(const std::string& name) { graph().add_output()->set_name(name); }
  void weight(const std::string& name, const Tensor& value) { *graph().add_initializer() = tensor_to_proto(value, name); }
  void weight(const std::string& name, const Shape& shape, const std::vector<float>& values) { weight(name, Tensor::of<float>(shape, values)); }
  void weight(const std::string& name, const std::vector<int64_t>& values) { weight(name, Tensor::of<int64_t>({static_cast<int32_t>(values.size())}, values)); }
  pb::NodeProto& node(const std::string& op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs, const std::string& name = "") {
    return fill(*graph().add_node(), op, inputs, outputs, name);
  }

  static pb::NodeProto& fill(pb::NodeProto& n, const std::string& op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                             const std::string& name) {
    n.set_op_type(op);
    n.set_name(name);
    for (const auto& in : inputs) n.add_input(in);
    for (const auto& out : outputs) n.add_output(out);
    return n;
  }
  static void describe(pb::ValueInfoProto& info, const std::string& name, const std::vector<Dim>& dims, DataType dtype) {
    info.set_name(name);
    auto& type = *info.mutable_type()->mutable_tensor_type();
    type.set_elem_type(dtype_to_onnx(dtype));
    type.mutable_shape();
    for (const Dim& d : dims) {
      auto& out = *type.mutable_shape()->add_dim();
      if (d.known()) out.set_dim_value(d.size);
      else if (!d.symbol.empty()) out.set_dim_param(d.symbol);
    }
  }

  Bytes bytes() const {
    const std::string text = model.SerializeAsString();
    return Bytes(text.begin(), text.end());
  }
  Result<Graph> import(const ImportOptions& options = {}) const { return onnx::import(bytes(), options); }

  pb::ModelProto model;
};

// The model's outputs on `inputs` by the reference; a failed expectation and an empty list when it cannot be imported.
inline std::vector<Tensor> outputs_of(const ModelMaker& maker, const std::vector<Tensor>& inputs) {
  const Result<Graph> graph = maker.import();
  EXPECT_TRUE(graph.ok()) << graph.error().message();
  if (!graph.ok()) return {};
  auto out = ops::interpret(*graph, inputs);
  EXPECT_TRUE(out.ok()) << out.error().message();
  return out.ok() ? *std::move(out) : std::vector<Tensor>();
}

inline std::vector<float> floats_of(const ModelMaker& maker, const std::vector<Tensor>& inputs) {
  const std::vector<Tensor> out = outputs_of(maker, inputs);
  if (out.empty()) return {};
  return {out[0].values<float>().begin(), out[0].values<float>().end()};
}

inline Error error_of(const Result<Graph>& graph) { return graph.ok() ? internal("it was imported") : graph.error(); }

}  // namespace verge::formats::onnx
