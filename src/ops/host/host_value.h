// What a value is on the host between the parts of a model whose course depends on data: a tensor, a tensor of texts, a sequence of tensors, or an
// optional that is empty.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ir/tensor.h"

namespace verge::ops {

struct HostValue {
  enum class Kind : uint8_t { kTensor, kText, kSequence, kAbsent };
  Kind kind = Kind::kAbsent;
  Tensor tensor;
  std::vector<Tensor> items;
  std::vector<std::string> texts;  // kText: row-major in `shape`
  Shape shape;

  HostValue() = default;
  HostValue(Tensor t) : kind(Kind::kTensor), tensor(std::move(t)) {}  // NOLINT: a tensor is a value
  static HostValue sequence(std::vector<Tensor> items) {
    HostValue v;
    v.kind = Kind::kSequence;
    v.items = std::move(items);
    return v;
  }
  static HostValue text(Shape shape, std::vector<std::string> texts) {
    HostValue v;
    v.kind = Kind::kText;
    v.shape = shape;
    v.texts = std::move(texts);
    return v;
  }
  bool is_tensor() const { return kind == Kind::kTensor; }
};

}  // namespace verge::ops
