// Builds TFLite files piece by piece: what exporting and the tests share.
//
//   ModelBuilder m;
//   const int x = m.tensor("x", TensorType::FLOAT32, {1, 4, 4, 2});
//   const int w = m.constant<float>("w", TensorType::FLOAT32, {3, 3, 3, 2}, values);
//   m.op(BuiltinOperator::CONV_2D, {x, w}, {y}, options);
//   Bytes file = m.finish({x}, {y});
#pragma once
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/bytes.h"
#include "schema_generated.h"

namespace verge::formats::tflite {

class ModelBuilder {
 public:
  ModelBuilder() {
    model_.version = 3;
    model_.buffers.push_back(std::make_unique<schema::BufferT>());
    model_.subgraphs.push_back(std::make_unique<schema::SubGraphT>());
  }

  schema::ModelT& model() { return model_; }
  schema::SubGraphT& graph() { return *model_.subgraphs[0]; }
  schema::TensorT& at(int tensor) { return *graph().tensors[static_cast<size_t>(tensor)]; }

  int tensor(const std::string& name, schema::TensorType type, std::vector<int32_t> shape) {
    auto tensor = std::make_unique<schema::TensorT>();
    tensor->name = name;
    tensor->type = type;
    tensor->shape = std::move(shape);
    tensor->has_rank = true;
    graph().tensors.push_back(std::move(tensor));
    return static_cast<int>(graph().tensors.size()) - 1;
  }

  template <typename T> int constant(const std::string& name, schema::TensorType type, std::vector<int32_t> shape, const std::vector<T>& values) {
    const int index = tensor(name, type, std::move(shape));
    auto buffer = std::make_unique<schema::BufferT>();
    buffer->data.resize(values.size() * sizeof(T));
    std::memcpy(buffer->data.data(), values.data(), buffer->data.size());
    at(index).buffer = static_cast<uint32_t>(model_.buffers.size());
    model_.buffers.push_back(std::move(buffer));
    return index;
  }
  int ints(const std::string& name, const std::vector<int32_t>& values) {
    return constant(name, schema::TensorType::INT32, {static_cast<int32_t>(values.size())}, values);
  }

  void quantize(int tensor, std::vector<float> scale, std::vector<int64_t> zero_point, int axis = 0) {
    at(tensor).quantization = std::make_unique<schema::QuantizationParametersT>();
    at(tensor).quantization->scale = std::move(scale);
    at(tensor).quantization->zero_point = std::move(zero_point);
    at(tensor).quantization->quantized_dimension = axis;
  }

  schema::OperatorT& op(schema::BuiltinOperator builtin, std::vector<int32_t> inputs, std::vector<int32_t> outputs, int version = 1) {
    auto op = std::make_unique<schema::OperatorT>();
    op->opcode_index = code(builtin, version);
    op->inputs = std::move(inputs);
    op->outputs = std::move(outputs);
    graph().operators.push_back(std::move(op));
    return *graph().operators.back();
  }
  template <typename Options>
  schema::OperatorT& op(schema::BuiltinOperator builtin, std::vector<int32_t> inputs, std::vector<int32_t> outputs, const Options& options, int version = 1) {
    schema::OperatorT& made = op(builtin, std::move(inputs), std::move(outputs), version);
    made.builtin_options.Set(Options(options));
    return made;
  }

  // Gives tensors without a name one: some engines refuse a file with such tensors.
  void name_all() {
    for (size_t i = 0; i < graph().tensors.size(); ++i)
      if (graph().tensors[i]->name.empty()) graph().tensors[i]->name = "t" + std::to_string(i);
  }

  // The index of an operator's code, which operators of one kind share.
  uint32_t code(schema::BuiltinOperator builtin, int version) {
    for (size_t i = 0; i < model_.operator_codes.size(); ++i)
      if (model_.operator_codes[i]->builtin_code == builtin && model_.operator_codes[i]->version == version) return static_cast<uint32_t>(i);
    auto made = std::make_unique<schema::OperatorCodeT>();
    made->builtin_code = builtin;
    made->deprecated_builtin_code = static_cast<int8_t>(std::min(static_cast<int>(builtin), 127));
    made->version = version;
    model_.operator_codes.push_back(std::move(made));
    return static_cast<uint32_t>(model_.operator_codes.size()) - 1;
  }

  void metadata(const std::string& name, const std::string& text) {
    auto buffer = std::make_unique<schema::BufferT>();
    buffer->data.assign(text.begin(), text.end());
    auto entry = std::make_unique<schema::MetadataT>();
    entry->name = name;
    entry->buffer = static_cast<uint32_t>(model_.buffers.size());
    model_.buffers.push_back(std::move(buffer));
    model_.metadata.push_back(std::move(entry));
  }

  Bytes finish(std::vector<int32_t> inputs, std::vector<int32_t> outputs) {
    graph().inputs = std::move(inputs);
    graph().outputs = std::move(outputs);
    flatbuffers::FlatBufferBuilder builder;
    schema::FinishModelBuffer(builder, schema::Model::Pack(builder, &model_));
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
  }

 private:
  schema::ModelT model_;
};

}  // namespace verge::formats::tflite
