#include <csignal>
#include <cstdio>
#include <ctime>

#include "core/text.h"
#include "fleet/fault_proxy.h"
#include "verge/fleet_commands.h"

namespace verge::cli {
namespace {

struct Options {
  fleet::FaultOptions fault;
  std::string to;
  int for_seconds = 60;
};

volatile std::sig_atomic_t stop_asked = 0;
void ask_to_stop(int) { stop_asked = 1; }

Result<void> run_proxy(Options& o) {
  const size_t colon = o.to.rfind(':');
  if (colon == std::string::npos) return invalid("'" + o.to + "' is no HOST:PORT");
  o.fault.to_host = o.to.substr(0, colon);
  o.fault.to_port = std::atoi(o.to.c_str() + colon + 1);
  VERGE_TRY(const auto proxy, fleet::FaultProxy::start(o.fault));
  std::printf("proxy on 127.0.0.1:%d\n", proxy->port());
  std::fflush(stdout);
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  for (int tenth = 0; tenth < o.for_seconds * 10 && !stop_asked; ++tenth) {
    const timespec pause{0, 100'000'000};
    ::nanosleep(&pause, nullptr);
  }
  const fleet::FaultCounts c = proxy->counts();
  print_json({{"connections", c.connections},
              {"cut", c.cut},
              {"corrupted", c.corrupted},
              {"duplicated", c.duplicated},
              {"bytes_up", c.bytes_up},
              {"bytes_down", c.bytes_down}});
  return done();
}

}  // namespace

void add_fleet_proxy(CLI::App* parent, Commands& commands) {
  const auto o = std::make_shared<Options>();
  CLI::App* sub =
      parent->add_subcommand("proxy",
                             "A bad network for rehearsals: delay, slow, cut, corrupt or duplicate what a server sends\n\nExample: verge fleet proxy --to "
                             "127.0.0.1:8443 --rate 2000 --cut 0.2");
  sub->add_option("--to", o->to, "the server, HOST:PORT")->required();
  sub->add_option("--port", o->fault.port, "the port to listen on (default: any)");
  sub->add_option("--rate", o->fault.bytes_per_s, "bytes a second of each connection (default: no limit)");
  sub->add_option("--delay", o->fault.delay_s, "seconds before each piece (default: 0)");
  sub->add_option("--cut", o->fault.cut_share, "share of connections that are cut (default: 0)");
  sub->add_option("--cut-within", o->fault.cut_within, "after at most so many bytes (default: 1048576)");
  sub->add_option("--corrupt", o->fault.corrupt_share, "share of connections with one changed byte (default: 0)");
  sub->add_option("--duplicate", o->fault.duplicate_share, "share of connections in which a piece comes twice (default: 0)");
  sub->add_option("--seed", o->fault.seed, "of the faults (default: 1)");
  sub->add_option("--for", o->for_seconds, "stop after so many seconds (default: 60)");
  commands.push_back({sub, [o] { return run_proxy(*o); }});
}

}  // namespace verge::cli
