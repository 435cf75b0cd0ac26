// Custom operators behind the C interface of include/verge/plugin.h.
#pragma once
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/graph.h"
#include "verge/plugin.h"

namespace verge {

// A node of a plug-in's operator on tensors at hand.
struct CustomCall {
  const std::string& name;
  const Attrs& attrs;
  std::span<const Tensor> inputs;  // absent: dtype kNone
  size_t outputs = 0;
};

class Plugins {
 public:
  // Loads each library; two that bring the same operator are refused.
  static Result<std::shared_ptr<const Plugins>> load(const std::vector<std::string>& paths);

  // "domain:op" of every operator; ONNX's own domain is empty.
  std::set<std::string> names() const;
  struct Found {
    const VergePluginOp* op;
    std::string plugin;
  };
  // Null op when no plug-in has it.
  Found find(const std::string& domain, const std::string& op) const;

 private:
  std::vector<const VergePlugin*> tables_;
};

// Infers and runs; kInternal with the plug-in's words. With `reference` the operator's reference runs instead of `run`.
Result<std::vector<Tensor>> run_custom(const VergePluginOp& op, const CustomCall& call, bool reference = false);
// Zeros where the plug-in does not say.
VergePluginCost cost_of_custom(const VergePluginOp& op, const CustomCall& call);

}  // namespace verge
