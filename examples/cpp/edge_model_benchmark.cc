// edge_model_benchmark MODEL: latency of a model on this device as JSON, under the names that dashboards expect.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "edge_inference.hpp"

class EdgeModelBenchmark {
 public:
  explicit EdgeModelBenchmark(const std::string& path) : model_(path), session_(model_) {
    for (std::size_t i = 0; i < model_.input_count(); ++i) session_.set_input(i, std::vector<unsigned char>(model_.input(i).bytes, 0));
  }
  // Milliseconds, sorted.
  std::vector<double> benchmark_latency(int runs) {
    std::vector<double> ms;
    for (int i = 0; i < runs + 10; ++i) {
      const auto start = std::chrono::steady_clock::now();
      session_.run();
      if (i >= 10) ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(ms.begin(), ms.end());
    return ms;
  }

 private:
  verge::Model model_;
  verge::Session session_;
};

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: edge_model_benchmark MODEL\n"), 2;
  try {
    const std::vector<double> ms = EdgeModelBenchmark(argv[1]).benchmark_latency(100);
    double mean = 0, squares = 0;
    for (double v : ms) mean += v / static_cast<double>(ms.size());
    for (double v : ms) squares += (v - mean) * (v - mean) / static_cast<double>(ms.size());
    std::ifstream file(argv[1], std::ios::binary | std::ios::ate);
    std::printf("{\"mean_latency_ms\": %.5f, \"std_latency_ms\": %.5f, \"min_latency_ms\": %.5f, \"max_latency_ms\": %.5f, ", mean, std::sqrt(squares), ms.front(), ms.back());
    std::printf("\"p50_latency_ms\": %.5f, \"p95_latency_ms\": %.5f, \"p99_latency_ms\": %.5f, \"model_size_mb\": %.6f}\n", ms[49], ms[94], ms[98], static_cast<double>(file.tellg()) / 1e6);
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "error: %s\n", error.what()), 1;
  }
}
