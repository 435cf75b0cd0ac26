// What is known of the elements of small integer tensors while a file is imported: shape arithmetic whose sizes are partly symbolic.
//
// PyTorch writes x.view(x.size(0), -1) as Shape, Gather, Unsqueeze, Concat, Reshape. With a symbolic batch none of them is a constant, yet each element is
// either a number or one dimension of some tensor, and that is enough to give Reshape its attributes.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace verge::formats::onnx {

// One element: a number, or the size of a dimension known by `symbol` (empty: nothing is known).
struct Element {
  std::optional<int64_t> value;
  std::string symbol;
};

// Of a tensor of rank 0 or 1, in order.
using Contents = std::vector<Element>;
using ContentsOf = std::function<std::optional<Contents>(ValueId)>;

// The symbol of dimension `axis` of `value`: its own, or one made of the value where it has none.
std::string symbol_of(const Graph& graph, ValueId value, size_t axis);

// The elements of a constant; nullopt unless it is a small integer tensor of rank 0 or 1.
std::optional<Contents> contents_of(const Tensor& tensor);

// The elements of the first output of `node`, whose types are inferred, from those of its inputs; nullopt when nothing can be said.
std::optional<Contents> contents_after(const Graph& graph, const Node& node, const ContentsOf& contents);

// The numbers, when every element is one.
std::optional<std::vector<int64_t>> numbers(const Contents& contents);

}  // namespace verge::formats::onnx
