// A model as one HTML page: its graph drawn from top to bottom, each node with its shape, where it runs, its time and how far its values are from another model's.
#pragma once
#include <optional>
#include <string>
#include <vector>

namespace verge {

struct GraphNode {
  std::string name, op;
  std::string type;    // of the first output: "f32[1,8,8,16]"
  std::string place;   // "verge" or another engine
  std::string note;    // why there, or what else to say
  std::optional<double> ms, error;  // error: relative to the other model's
  double macs = 0;
  bool diverges = false;
  std::vector<size_t> inputs;  // nodes whose results it reads, earlier ones alone
};

struct GraphPage {
  std::string title;
  std::vector<std::string> facts;  // lines of text above the graph
  std::vector<GraphNode> nodes;    // in order of execution
};

std::string graph_html(const GraphPage& page);

}  // namespace verge
