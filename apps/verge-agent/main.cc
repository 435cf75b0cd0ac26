#include <cstdio>

#include "door/exit_code.h"
#include "verge-agent/agent.h"

int main(int argc, char** argv) {
  verge::device::AgentOptions o;
  CLI::App app{
      "Keep this device's model what the fleet's server wishes\n\nExample: verge-agent --folder device --server https://127.0.0.1:8443 "
      "--ca ca.pem --token TOKEN"};
  app.set_version_flag("--version", "verge-agent " VERGE_VERSION);
  verge::device::add_agent_options(app, o);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : verge::door::kExitUsage;
  }
  const verge::Result<void> result = verge::device::run_agent(o);
  if (!result.ok()) std::fprintf(stderr, "error: %s\n", result.error().message().c_str());
  return result.ok() ? 0 : verge::door::exit_code(result.error().code());
}
