#include "formats/tflite/file.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/text.h"
#include "formats/tflite/tensors.h"

namespace verge::formats::tflite {
namespace {

std::string place(size_t subgraph, const char* what, size_t index) {
  return "sub-graph " + std::to_string(subgraph) + ", " + what + " " + std::to_string(index);
}

Result<void> check_shape(const flatbuffers::Vector<int32_t>* shape, int32_t smallest) {
  if (size_of(shape) > kMaxRank) return unsupported("rank " + std::to_string(shape->size()) + ", at most " + std::to_string(kMaxRank) + " is possible");
  int64_t count = 1;
  for (size_t i = 0; i < size_of(shape); ++i) {
    const int64_t dim = shape->Get(static_cast<uint32_t>(i));
    if (dim < smallest) return corrupt("dimension " + std::to_string(i) + " is " + std::to_string(dim));
    count *= std::max<int64_t>(dim, 1);
    if (count > kMaxElements) return corrupt("shape " + bracketed(list_of(shape)) + " has more than 2^31 elements");
  }
  return done();
}

Result<void> check_quantisation(const schema::Tensor& tensor) {
  const schema::QuantizationParameters* q = tensor.quantization();
  if (!q || size_of(q->scale()) == 0 || !quantizable(tensor.type())) return done();
  const size_t scales = q->scale()->size(), zeros = size_of(q->zero_point());
  if (zeros > 1 && zeros != scales) return corrupt(std::to_string(scales) + " scales but " + std::to_string(zeros) + " zero points");
  for (float scale : *q->scale())
    if (!std::isfinite(scale) || scale < 0) return corrupt("scale " + std::to_string(scale) + " is not a positive number");
  const auto [low, high] = quantized_range(tensor.type());
  for (size_t i = 0; i < zeros; ++i)
    if (const int64_t zero = long_at(*q->zero_point(), i); zero < low || zero > high)
      return corrupt("zero point " + std::to_string(zero) + " is outside " + std::to_string(low) + ".." + std::to_string(high));
  if (scales == 1) return done();
  const int64_t axis = q->quantized_dimension();
  if (axis < 0 || axis >= static_cast<int64_t>(size_of(tensor.shape())))
    return corrupt("quantised along axis " + std::to_string(axis) + " of shape " + bracketed(list_of(tensor.shape())));
  if (tensor.shape()->Get(static_cast<uint32_t>(axis)) != static_cast<int64_t>(scales))
    return corrupt(std::to_string(scales) + " scales along axis " + std::to_string(axis) + " of shape " + bracketed(list_of(tensor.shape())));
  return done();
}

Result<void> check_constant(const File& file, const schema::Tensor& tensor) {
  const ByteSpan bytes = file.constant_bytes(tensor);
  const DataType dtype = element_type(tensor.type());
  if (bytes.empty()) return done();
  VERGE_CHECK(check_shape(tensor.shape(), 0));
  if (tensor.sparsity() || dtype_bits(dtype) == 0) return done();
  const size_t wanted = dtype_bytes(dtype, static_cast<size_t>(element_count(tensor)));
  if (bytes.size() != wanted)
    return corrupt("buffer " + std::to_string(tensor.buffer()) + " holds " + std::to_string(bytes.size()) + " bytes, " + describe_type(tensor) + " takes " +
                   std::to_string(wanted));
  return done();
}

Result<void> check_tensor(const File& file, const schema::Tensor* tensor) {
  if (!tensor) return corrupt("the entry is empty");
  if (tensor->buffer() >= size_of(file.model().buffers()))
    return corrupt("buffer " + std::to_string(tensor->buffer()) + " of " + std::to_string(size_of(file.model().buffers())));
  VERGE_CHECK(check_shape(tensor->shape(), -1));
  VERGE_CHECK(check_shape(tensor->shape_signature(), -1));
  VERGE_CHECK(check_quantisation(*tensor));
  return check_constant(file, *tensor);
}

Result<void> check_indices(const flatbuffers::Vector<int32_t>* indices, int64_t smallest, size_t tensors, const char* what) {
  for (int64_t index : list_of(indices))
    if (index < smallest || index >= static_cast<int64_t>(tensors))
      return corrupt(std::string(what) + " is tensor " + std::to_string(index) + " of " + std::to_string(tensors));
  return done();
}

// Tables may share vectors and strings, so that a small file names more than it holds. Honest writers hardly share.
class Extent {
 public:
  explicit Extent(size_t file_size) : left_(file_size * 4) {}
  Result<void> add(size_t bytes) {
    if (bytes > left_) return corrupt("its tables refer to the same bytes so often that reading it would take many times its size");
    left_ -= bytes;
    return done();
  }

 private:
  size_t left_;
};

size_t extent_of(const schema::Tensor& tensor) {
  const schema::QuantizationParameters* q = tensor.quantization();
  return (tensor.name() ? tensor.name()->size() : 0) + (q ? size_of(q->scale()) * sizeof(float) + size_of(q->zero_point()) * sizeof(int64_t) : 0);
}

// What an operator without outputs is for: it sets a variable or fills a table.
bool only_acts(const schema::OperatorCode& code) {
  using Code = schema::BuiltinOperator;
  const Code builtin = builtin_of(code);
  return builtin == Code::ASSIGN_VARIABLE || builtin == Code::CALL_ONCE || builtin == Code::HASHTABLE_IMPORT;
}

// One sub-graph: everything that indexes its tensors, and where each tensor's value comes from.
class SubGraphCheck {
 public:
  SubGraphCheck(const File& file, const schema::SubGraph& graph, size_t index, Extent& extent)
      : file_(file), graph_(graph), index_(index), extent_(extent), tensors_(size_of(graph.tensors())), known_(tensors_, false) {}

  Result<void> run() {
    for (size_t i = 0; i < tensors_; ++i) VERGE_CHECK(tensor(i), place(index_, "tensor", i));
    VERGE_CHECK(check_indices(graph_.inputs(), 0, tensors_, "an input"), place(index_, "inputs", 0));
    VERGE_CHECK(check_indices(graph_.outputs(), 0, tensors_, "an output"), place(index_, "outputs", 0));
    VERGE_CHECK(inputs());
    for (size_t i = 0; i < size_of(graph_.operators()); ++i) VERGE_CHECK(op(graph_.operators()->Get(static_cast<uint32_t>(i))), place(index_, "operator", i));
    for (int64_t output : list_of(graph_.outputs()))
      if (!known_[static_cast<size_t>(output)])
        return corrupt("output tensor " + std::to_string(output) + " of sub-graph " + std::to_string(index_) + " is never computed");
    return done();
  }

 private:
  Result<void> inputs() {
    std::vector<bool> listed(tensors_, false);
    for (int64_t input : list_of(graph_.inputs())) {
      const auto at = static_cast<size_t>(input);
      if (listed[at]) return corrupt("tensor " + std::to_string(input) + " is twice an input of sub-graph " + std::to_string(index_));
      listed[at] = known_[at] = true;
    }
    return done();
  }

  Result<void> tensor(size_t i) {
    const schema::Tensor* tensor = graph_.tensors()->Get(static_cast<uint32_t>(i));
    VERGE_CHECK(check_tensor(file_, tensor));
    VERGE_CHECK(extent_.add(extent_of(*tensor)));
    known_[i] = !file_.constant_bytes(*tensor).empty() || tensor->is_variable();
    return done();
  }

  Result<void> op(const schema::Operator* op) {
    if (!op) return corrupt("the entry is empty");
    if (op->opcode_index() >= size_of(file_.model().operator_codes()))
      return corrupt("operator code " + std::to_string(op->opcode_index()) + " of " + std::to_string(size_of(file_.model().operator_codes())));
    if (!file_.model().operator_codes()->Get(op->opcode_index())) return corrupt("its operator code is empty");
    if (size_of(op->outputs()) == 0 && !only_acts(file_.code(*op))) return corrupt("has no outputs");
    VERGE_CHECK(extent_.add((size_of(op->inputs()) + size_of(op->outputs())) * sizeof(int32_t)));
    VERGE_CHECK(check_indices(op->inputs(), -1, tensors_, "an input"));
    VERGE_CHECK(check_indices(op->outputs(), 0, tensors_, "an output"));
    for (int64_t input : list_of(op->inputs()))
      if (input >= 0 && !known_[static_cast<size_t>(input)] && !is_empty(input))
        return corrupt("reads tensor " + std::to_string(input) + " before it is computed");
    for (int64_t output : list_of(op->outputs())) {
      if (known_[static_cast<size_t>(output)]) return corrupt("writes tensor " + std::to_string(output) + ", which has a value already");
      known_[static_cast<size_t>(output)] = true;
    }
    return done();
  }

  // A constant without elements has no bytes either.
  bool is_empty(int64_t index) const { return element_count(*graph_.tensors()->Get(static_cast<uint32_t>(index))) == 0; }

  const File& file_;
  const schema::SubGraph& graph_;
  size_t index_;
  Extent& extent_;
  size_t tensors_;
  std::vector<bool> known_;  // has a value before the operator at hand
};

Result<void> check_buffers(const schema::Model& model, size_t file_size) {
  for (size_t i = 0; i < size_of(model.buffers()); ++i) {
    const schema::Buffer* buffer = model.buffers()->Get(static_cast<uint32_t>(i));
    if (!buffer) return corrupt("buffer " + std::to_string(i) + ": the entry is empty");
    if (buffer->size() > file_size || buffer->offset() > file_size - buffer->size()) return corrupt("buffer " + std::to_string(i) + ": lies outside the file");
  }
  return done();
}

Result<void> check_bytes(ByteSpan bytes) {
  if (bytes.size() >= FLATBUFFERS_MAX_BUFFER_SIZE) return unsupported("TFLite files of 2 GB and more cannot be read");
  if (bytes.size() < 8 || !schema::ModelBufferHasIdentifier(bytes.data())) return corrupt("not a TFLite file: no \"TFL3\" at byte 4");
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (!schema::VerifyModelBuffer(verifier))
    return corrupt("damaged or cut TFLite file: its tables reach outside the " + with_commas(static_cast<int64_t>(bytes.size())) + " bytes or are misaligned");
  return done();
}

}  // namespace

Result<File> File::open(ByteSpan bytes) {
  VERGE_CHECK(check_bytes(bytes));
  File file(bytes);
  const schema::Model& model = file.model();
  if (model.version() != 3) return unsupported("TFLite schema version " + std::to_string(model.version()) + ", version 3 can be read");
  if (size_of(model.subgraphs()) == 0) return corrupt("the file holds no sub-graph");
  VERGE_CHECK(check_buffers(model, bytes.size()));
  Extent extent(bytes.size());
  for (size_t i = 0; i < file.subgraphs(); ++i) {
    if (!model.subgraphs()->Get(static_cast<uint32_t>(i))) return corrupt("sub-graph " + std::to_string(i) + ": the entry is empty");
    VERGE_CHECK(SubGraphCheck(file, file.subgraph(i), i, extent).run());
  }
  return file;
}

ByteSpan File::buffer(uint32_t index) const {
  if (index >= size_of(model_->buffers())) return {};
  const schema::Buffer& buffer = *model_->buffers()->Get(index);
  if (buffer.offset() > 1) return bytes_.subspan(buffer.offset(), buffer.size());
  return buffer.data() ? ByteSpan(buffer.data()->data(), buffer.data()->size()) : ByteSpan();
}

int64_t long_at(const flatbuffers::Vector<int64_t>& vector, size_t i) {
  int64_t out;
  std::memcpy(&out, vector.Data() + i * sizeof out, sizeof out);
  return out;
}

std::vector<int64_t> list_of(const flatbuffers::Vector<int32_t>* vector) {
  return vector ? std::vector<int64_t>(vector->begin(), vector->end()) : std::vector<int64_t>();
}

schema::BuiltinOperator builtin_of(const schema::OperatorCode& code) {
  return std::max(code.builtin_code(), static_cast<schema::BuiltinOperator>(code.deprecated_builtin_code()));
}

std::string builtin_name(schema::BuiltinOperator builtin) {
  const char* name = schema::EnumNameBuiltinOperator(builtin);
  return name && *name ? name : "builtin " + std::to_string(static_cast<int32_t>(builtin));
}

std::string describe(const schema::OperatorCode& code) {
  if (builtin_of(code) == schema::BuiltinOperator::CUSTOM) return "CUSTOM '" + (code.custom_code() ? code.custom_code()->str() : "") + "'";
  return builtin_name(builtin_of(code)) + " version " + std::to_string(code.version());
}

std::string name_of(const schema::Tensor& tensor) { return tensor.name() ? tensor.name()->str() : ""; }

int64_t element_count(const schema::Tensor& tensor) {
  int64_t count = 1;
  for (int64_t dim : list_of(tensor.shape())) count = dim < 0 || count < 0 ? -1 : count * dim;
  return count;
}

std::string describe_type(const schema::Tensor& tensor) {
  const char* name = schema::EnumNameTensorType(tensor.type());
  return (name && *name ? lower_case(name) : "type " + std::to_string(static_cast<int>(tensor.type()))) + bracketed(list_of(tensor.shape()));
}

}  // namespace verge::formats::tflite
