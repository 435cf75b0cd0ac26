// The device's agent: keeps a model what the fleet's server wishes, tests it here, takes it back when it harms.
#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "core/result.h"
#include "verge-agent/service.h"

namespace verge::device {

struct AgentOptions {
  std::string folder, server, token, ca, device, import_from, target;
  std::vector<std::string> labels;  // NAME=VALUE
  int interval_s = 60, trial_runs = 100;
  int shadow_runs = 200;
  double most_latency_ms = 100, least_agreement = 0.8;
  ServiceOptions service;
  bool once = false, verbose = false;
};

// The options of `verge agent` and `verge-agent`.
void add_agent_options(CLI::App& app, AgentOptions& options);

// Until a signal, or one turn with `once`.
Result<void> run_agent(const AgentOptions& options);

}  // namespace verge::device
