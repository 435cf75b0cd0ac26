// power_aware_inference ACCURATE EFFICIENT PICTURE.ppm: the accurate model while the battery lasts, the efficient one below 20 %.
#include <cstdio>

#include "edge_inference.hpp"

class PowerAwareInference {
 public:
  PowerAwareInference(const std::string& accurate, const std::string& efficient)
      : accurate_(accurate, kInspectionMean, kInspectionStd), efficient_(efficient, kInspectionMean, kInspectionStd) {}
  // Stays with the efficient model until the battery is 5 points above the border, so that it does not flap.
  bool is_low(int battery_level) { return low_ = battery_level <= 20 || (low_ && battery_level <= 25); }
  std::vector<float> infer(const Picture& picture, int battery_level) { return (is_low(battery_level) ? efficient_ : accurate_).predict(picture); }
  bool low() const { return low_; }

 private:
  EdgeInference accurate_, efficient_;
  bool low_ = false;
};

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: power_aware_inference ACCURATE EFFICIENT PICTURE.ppm\n"), 2;
  try {
    PowerAwareInference inference(argv[1], argv[2]);
    const Picture picture = read_ppm(argv[3]);
    for (int level : {100, 22, 20, 22, 26}) {
      const std::size_t best = EdgeInference::best(inference.infer(picture, level));
      std::printf("battery %d %%: %s, %s\n", level, inference.low() ? "low_power" : "high_power", kInspectionLabels.at(best).c_str());
    }
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "error: %s\n", error.what()), 1;
  }
}
