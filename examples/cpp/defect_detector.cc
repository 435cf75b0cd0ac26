// defect_detector MODEL PICTURE.ppm...: PASS or REJECT for each picture of a product.
#include <cstdio>

#include "edge_inference.hpp"

class DefectDetector {
 public:
  explicit DefectDetector(const std::string& model) : model_(model, kInspectionMean, kInspectionStd) {}
  const char* inspect_product(const Picture& picture) {
    const std::string& kind = kInspectionLabels.at(EdgeInference::best(model_.predict(picture)));
    if (kind == "ok") return "PASS";
    std::fprintf(stderr, "defect: %s\n", kind.c_str());
    return "REJECT";
  }

 private:
  EdgeInference model_;
};

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: defect_detector MODEL PICTURE.ppm...\n"), 2;
  try {
    DefectDetector detector(argv[1]);
    for (int i = 2; i < argc; ++i) std::printf("%s %s\n", argv[i], detector.inspect_product(read_ppm(argv[i])));
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "error: %s\n", error.what()), 1;
  }
}
