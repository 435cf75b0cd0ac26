// A TFLite file whose structure is proven: whoever holds a File reads tables and indices without further checks.
//
// Proven: tables and vectors lie inside the bytes; schema version 3; operator codes, buffers, tensors and sub-graphs that something names exist; ranks are at
// most eight and sizes do not overflow; a constant holds as many bytes as its shape and type say; quantisation parameters fit their tensor; each tensor has one
// source, and an operator reads what comes before it. Not proven: that operators exist, that their options and types make sense. Vectors may be null.
#pragma once
#include <string>
#include <vector>

#include "core/bytes.h"
#include "core/result.h"
#include "schema_generated.h"

namespace verge::formats::tflite {

// Of one tensor: larger than any model has, small enough that products with an element size and a window stay far from overflow.
inline constexpr int64_t kMaxElements = int64_t{1} << 31;

class File {
 public:
  // `bytes` outlive the File. Fails with kCorrupt naming the place, or kUnsupported for another schema version.
  static Result<File> open(ByteSpan bytes);

  const schema::Model& model() const { return *model_; }
  size_t subgraphs() const { return model_->subgraphs()->size(); }
  const schema::SubGraph& subgraph(size_t i) const { return *model_->subgraphs()->Get(static_cast<uint32_t>(i)); }
  const schema::OperatorCode& code(const schema::Operator& op) const { return *model_->operator_codes()->Get(op.opcode_index()); }
  // Empty for a tensor that is computed.
  ByteSpan constant_bytes(const schema::Tensor& tensor) const { return buffer(tensor.buffer()); }
  ByteSpan buffer(uint32_t index) const;
  size_t size() const { return bytes_.size(); }

 private:
  explicit File(ByteSpan bytes) : bytes_(bytes), model_(schema::GetModel(bytes.data())) {}
  ByteSpan bytes_;
  const schema::Model* model_;
};

// Number of elements of a flatbuffers vector that may be null, and its elements as a range.
template <typename V> size_t size_of(const V* vector) { return vector ? vector->size() : 0; }
std::vector<int64_t> list_of(const flatbuffers::Vector<int32_t>* vector);
// An element of eight bytes, which the verifier lets stand at any multiple of four.
int64_t long_at(const flatbuffers::Vector<int64_t>& vector, size_t i);

// The builtin's number: files from before builtin 127 keep it in a byte.
schema::BuiltinOperator builtin_of(const schema::OperatorCode& code);
// "CONV_2D", or "builtin 300".
std::string builtin_name(schema::BuiltinOperator builtin);
// "CONV_2D version 5", "CUSTOM 'edgetpu-custom-op'".
std::string describe(const schema::OperatorCode& code);
std::string name_of(const schema::Tensor& tensor);
// -1 when a dimension is not known.
int64_t element_count(const schema::Tensor& tensor);
// "int8[1,96,96,3]": as the file says it, for messages.
std::string describe_type(const schema::Tensor& tensor);

}  // namespace verge::formats::tflite
