#include "verge-agent/agent.h"

#include "verge/command.h"

namespace verge::cli {

void add_agent(CLI::App& app, Commands& commands) {
  const auto o = std::make_shared<device::AgentOptions>();
  CLI::App* sub =
      app.add_subcommand("agent",
                         "Keep this device's model what the fleet's server wishes\n\nExample: verge agent --folder device --server https://127.0.0.1:8443 "
                         "--ca fleet/authority/ca.pem --token @fleet/token");
  device::add_agent_options(*sub, *o);
  commands.push_back({sub, [o] { return device::run_agent(*o); }});
}

}  // namespace verge::cli
