// Which engine runs each node of an ONNX file, and why.
//
// Verge runs what it has rules for. Another engine gets the nodes without rule and, where it costs less, what lies between two of them: an island of
// Verge's nodes whose own work is estimated below what two more hand-overs cost. The estimate is a plain one, the same on every machine, so that the
// same file is always placed alike.
#pragma once
#include <string>
#include <vector>

#include "engine/parted.h"
#include "formats/format.h"

namespace verge {

struct NodePlace {
  std::string node, op;
  std::string place;   // "verge", "host", the other engine's name, or empty: nowhere
  std::string reason;  // why not in Verge, or what is not known
  double estimated_us = 0;
};

struct Placement {
  std::vector<NodePlace> nodes;
  formats::HandOver chosen;
  std::vector<PartitionReport> partitions;  // of the trial run
  size_t parts = 0;                         // of the same
  std::string problem;                      // why the model cannot run so; empty: it ran
};

// Noise for real inputs, zeros elsewhere; dimensions without size are those of options.dims, else 1.
Result<std::vector<ops::HostValue>> trial_inputs(const std::vector<formats::PartSource::Port>& ports, const LoadOptions& options);

// Runs the file once on `inputs` to see what its nodes cost and ask for. `options.delegate` may be null: nodes without rule have no place then.
// `all`: every node goes to the delegate.
Result<Placement> place_nodes(const std::string& path, const LoadOptions& options, const std::vector<ops::HostValue>& inputs, bool all = false);

// `options` with what was placed.
LoadOptions placed(LoadOptions options, const Placement& placement);

}  // namespace verge
