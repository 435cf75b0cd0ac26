// layer_wise_inference PART...: a network in parts, one in memory at a time; prints the sum of the last part's output for an input of ones.
#include <cstdio>

#include "edge_inference.hpp"

class LayerWiseInference {
 public:
  explicit LayerWiseInference(std::vector<std::string> parts) : parts_(std::move(parts)) {}
  std::vector<float> forward(std::vector<float> x) const {
    for (const std::string& part : parts_) {
      const verge::Model model(part);  // weights are mapped, not copied; both go when the part is done
      verge::Session session(model);
      session.set_input(0, x);
      session.run();
      x = session.output<float>(0);
    }
    return x;
  }

 private:
  std::vector<std::string> parts_;
};

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: layer_wise_inference PART...\n"), 2;
  try {
    const std::size_t inputs = verge::Model(argv[1]).input(0).bytes / sizeof(float);
    double sum = 0;
    for (float v : LayerWiseInference({argv + 1, argv + argc}).forward(std::vector<float>(inputs, 1))) sum += v;
    std::printf("%.4f\n", sum);
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "error: %s\n", error.what()), 1;
  }
}
