// The nodes of a GraphProto that matter, in an order in which they can be translated.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"
#include "onnx.pb.h"

namespace verge::formats::onnx {

struct NodeOrder {
  std::vector<int> nodes;       // indices into GraphProto.node: producers first, the file's order where it is free, dead ones left out
  std::set<std::string> used;   // names that live nodes (bodies included) or the graph's outputs read
};

// `defined` says whether a name has a value without a node: inputs, initializers, names of the graph around.
//
// kCorrupt, naming the node, when a name has two producers or none, or nodes feed each other in a circle.
Result<NodeOrder> order_nodes(const verge::onnx_pb::GraphProto& graph, const std::function<bool(const std::string&)>& defined);

// Names that a node reads: its inputs, and those that the bodies of its graph attributes take from outside.
std::set<std::string> names_read(const verge::onnx_pb::NodeProto& node);
// Those that a body takes from outside.
std::set<std::string> names_captured(const verge::onnx_pb::GraphProto& body);

// How errors and made-up names call a node: its name, or operator and position, "Conv_12".
std::string node_name(const verge::onnx_pb::NodeProto& node, int index);

}  // namespace verge::formats::onnx
