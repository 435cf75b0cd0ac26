// edge_monitor MODEL: what a device remembers of its inferences, in bounded memory, and whether it is healthy.
#include <chrono>
#include <cstdio>
#include <deque>
#include <optional>

#include "edge_inference.hpp"

class EdgeMonitor {
 public:
  explicit EdgeMonitor(double limit_ms = 100, std::size_t window = 100) : limit_ms_(limit_ms), window_(window) {}
  struct Metric {
    double latency_ms;
    std::optional<double> accuracy, power_mw;  // where a label came back, where a sensor measures
  };
  void log_inference(const Metric& metric) {
    metrics_.push_back(metric);
    if (metrics_.size() > window_) metrics_.pop_front();
  }
  const char* get_health_status() const {
    if (metrics_.empty()) return "UNKNOWN";
    double sum = 0;
    for (const Metric& m : metrics_) sum += m.latency_ms;
    return sum / static_cast<double>(metrics_.size()) > limit_ms_ ? "DEGRADED" : "HEALTHY";
  }

 private:
  double limit_ms_;
  std::size_t window_;
  std::deque<Metric> metrics_;
};

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: edge_monitor MODEL\n"), 2;
  try {
    verge::Model model(argv[1]);
    verge::Session session(model);
    EdgeMonitor monitor;
    std::printf("%s\n", monitor.get_health_status());
    for (int i = 0; i < 50; ++i) {
      const auto start = std::chrono::steady_clock::now();
      session.run();
      monitor.log_inference({std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count(), {}, {}});
    }
    std::printf("%s\n", monitor.get_health_status());
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "error: %s\n", error.what()), 1;
  }
}
