// A model whose shapes or course depend on data, run part by part: each part is a Program of its own, and between parts the host looks at values, carries
// out control flow, and keeps sequences and optionals (formats/parts.h). Parts are prepared once for each combination of shapes and of values that matter.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/load.h"
#include "engine/partition.h"
#include "formats/parts.h"
#include "ops/host/host_value.h"

namespace verge {

// What runs have shown of a model.
struct Observed {
  std::map<std::string, TensorType> types;         // of the values between parts
  std::map<std::string, formats::NodeWork> work;   // of nodes that Verge ran
  std::set<std::string> on_host;                   // nodes that the host carried out
  std::map<std::string, std::string> custom;       // nodes of plug-ins, and the plug-in's name
  std::map<std::string, std::string> elsewhere;    // nodes for another engine, and why
};

class PartedModel {
 public:
  using Values = std::map<std::string, ops::HostValue>;  // by key

  PartedModel(std::shared_ptr<const formats::PartSource> source, LoadOptions options) : source_(std::move(source)), options_(std::move(options)) {}

  std::vector<formats::PartSource::Port> inputs() const { return source_->inputs(); }
  std::vector<formats::PartSource::Port> outputs() const { return source_->outputs(); }
  // One value for each input, in order; returns the outputs in order. Not for several threads at once.
  Result<std::vector<ops::HostValue>> run(const std::vector<ops::HostValue>& inputs, const Values& captured = {});
  // How many parts the last run had.
  size_t parts_of_last_run() const { return parts_; }
  // What other engines ran, in the order in which they were first asked.
  std::vector<const PartitionReport*> partitions() const;
  // Fills `observed` from now on; null ends it.
  void observe(Observed* observed) { observed_ = observed; }

 private:
  struct Prepared {
    formats::Part part;
    std::optional<Executable> executable;
    std::map<const formats::HostNode*, std::map<std::string, std::unique_ptr<PartedModel>>> bodies;
    std::map<const formats::HostNode*, Partition*> partitions;
  };
  Result<Prepared*> prepared(const Values& values, const std::set<std::string>& told);
  Result<void> advance(Prepared& prepared, Values& values);
  Result<void> run_program(Prepared& prepared, Values& values);
  Result<void> carry_out(Prepared& prepared, const formats::HostNode& node, Values& values);
  Result<void> run_elsewhere(Prepared& prepared, const formats::HostNode& node, Values& values);
  Result<void> run_plugin(const formats::HostNode& node, Values& values);
  void note(const Prepared& prepared, const Values& values);
  PartedModel& body(Prepared& prepared, const formats::HostNode& node, const std::string& name);

  std::shared_ptr<const formats::PartSource> source_;
  LoadOptions options_;
  std::map<std::string, std::unique_ptr<Prepared>> cache_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  std::map<std::string, PartitionReport> custom_;  // by node
  Observed* observed_ = nullptr;
  size_t parts_ = 0;
};

// The parts of an ONNX file. Other formats have no such form: kUnsupported.
Result<std::shared_ptr<const formats::PartSource>> open_parts(const std::string& path, const LoadOptions& options = {});

}  // namespace verge
