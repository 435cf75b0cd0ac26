#include "formats/onnx/node_order.h"

#include <map>

namespace verge::formats::onnx {
namespace {

namespace pb = ::verge::onnx_pb;

void collect_reads(const pb::NodeProto& node, std::set<std::string>& reads);

void collect_body_reads(const pb::GraphProto& body, std::set<std::string>& reads) {
  std::set<std::string> own, inner;
  for (const auto& v : body.input()) own.insert(v.name());
  for (const auto& t : body.initializer()) own.insert(t.name());
  for (const auto& n : body.node()) {
    collect_reads(n, inner);
    own.insert(n.output().begin(), n.output().end());
  }
  for (const auto& v : body.output()) inner.insert(v.name());
  for (const std::string& name : inner)
    if (!own.count(name)) reads.insert(name);
}

void collect_reads(const pb::NodeProto& node, std::set<std::string>& reads) {
  for (const std::string& name : node.input())
    if (!name.empty()) reads.insert(name);
  for (const auto& a : node.attribute())
    if (a.has_g()) collect_body_reads(a.g(), reads);
}

class Sorter {
 public:
  Sorter(const pb::GraphProto& graph, const std::function<bool(const std::string&)>& defined) : graph_(graph), defined_(defined) {}

  Result<NodeOrder> run() {
    VERGE_CHECK(find_producers());
    VERGE_CHECK(mark_live());
    VERGE_CHECK(sort());
    return std::move(order_);
  }

 private:
  Result<void> find_producers() {
    std::set<std::string> given;
    for (const auto& v : graph_.input()) given.insert(v.name());
    for (const auto& t : graph_.initializer()) given.insert(t.name());
    reads_.resize(graph_.node_size());
    for (int i = 0; i < graph_.node_size(); ++i) {
      collect_reads(graph_.node(i), reads_[i]);
      for (const std::string& name : graph_.node(i).output()) {
        if (name.empty()) continue;
        if (given.count(name) || !producer_.emplace(name, i).second) return corrupt(at(i) + " writes '" + name + "', which has a value already");
      }
    }
    return done();
  }

  Result<void> mark_live() {
    live_.assign(graph_.node_size(), false);
    std::vector<int> open;
    const auto read = [&](const std::string& name, const std::string& reader) -> Result<void> {
      order_.used.insert(name);
      const auto it = producer_.find(name);
      if (it == producer_.end() && !defined_(name)) return corrupt(reader + " reads '" + name + "', which nothing produces");
      if (it != producer_.end() && !live_[it->second]) {
        live_[it->second] = true;
        open.push_back(it->second);
      }
      return done();
    };
    for (const auto& out : graph_.output()) VERGE_CHECK(read(out.name(), "the graph's output"));
    while (!open.empty()) {
      const int i = open.back();
      open.pop_back();
      for (const std::string& name : reads_[i]) VERGE_CHECK(read(name, at(i)));
    }
    return done();
  }

  // Depth first with an explicit stack: a chain of nodes may be as long as the file.
  Result<void> sort() {
    enum State : uint8_t { kNew, kOpen, kDone };
    std::vector<State> state(graph_.node_size(), kNew);
    std::vector<std::pair<int, std::set<std::string>::const_iterator>> stack;
    for (int root = 0; root < graph_.node_size(); ++root) {
      if (!live_[root] || state[root] == kDone) continue;
      stack.emplace_back(root, reads_[root].begin());
      state[root] = kOpen;
      while (!stack.empty()) {
        auto& [i, next] = stack.back();
        if (next == reads_[i].end()) {
          state[i] = kDone;
          order_.nodes.push_back(i);
          stack.pop_back();
          continue;
        }
        const auto from = producer_.find(*next++);
        if (from == producer_.end() || state[from->second] == kDone) continue;
        if (state[from->second] == kOpen) return corrupt(at(from->second) + " reads its own result: the nodes feed each other in a circle");
        state[from->second] = kOpen;
        stack.emplace_back(from->second, reads_[from->second].begin());
      }
    }
    return done();
  }

  std::string at(int i) const { return "node '" + node_name(graph_.node(i), i) + "'"; }

  const pb::GraphProto& graph_;
  const std::function<bool(const std::string&)>& defined_;
  std::vector<std::set<std::string>> reads_;
  std::map<std::string, int> producer_;
  std::vector<bool> live_;
  NodeOrder order_;
};

}  // namespace

std::set<std::string> names_read(const pb::NodeProto& node) {
  std::set<std::string> reads;
  collect_reads(node, reads);
  return reads;
}

std::set<std::string> names_captured(const pb::GraphProto& body) {
  std::set<std::string> reads;
  collect_body_reads(body, reads);
  return reads;
}

std::string node_name(const pb::NodeProto& node, int index) {
  return node.name().empty() ? node.op_type() + "_" + std::to_string(index) : node.name();
}

Result<NodeOrder> order_nodes(const pb::GraphProto& graph, const std::function<bool(const std::string&)>& defined) { return Sorter(graph, defined).run(); }

}  // namespace verge::formats::onnx
