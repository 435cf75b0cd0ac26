// smart_camera MODEL FRAME.ppm...: looks at every frame, keeps what is not worth an alert, and counts the bytes that stayed.
#include <cmath>
#include <cstdio>

#include "edge_inference.hpp"

class SmartCamera {
 public:
  explicit SmartCamera(const std::string& model) : detector_(model, kInspectionMean, kInspectionStd) {}
  // True when the frame was worth an alert.
  bool process_frame(const Picture& frame) {
    const std::vector<float> scores = detector_.predict(frame);
    const std::size_t best = EdgeInference::best(scores);
    double odds = 0;
    for (float s : scores) odds += std::exp(static_cast<double>(s) - scores[best]);
    const bool alert = kInspectionLabels.at(best) != "ok" && 1 / odds > 0.8;
    ++frames;
    alerts += alert;
    (alert ? bytes_sent : bytes_local) += frame.rgb.size();
    return alert;
  }
  std::size_t frames = 0, alerts = 0, bytes_local = 0, bytes_sent = 0;

 private:
  EdgeInference detector_;
};

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: smart_camera MODEL FRAME.ppm...\n"), 2;
  try {
    SmartCamera camera(argv[1]);
    for (int i = 2; i < argc; ++i) camera.process_frame(read_ppm(argv[i]));
    std::printf("%zu frames, %zu alerts, %.1f %% of the bytes stayed on the device\n", camera.frames, camera.alerts,
                100.0 * static_cast<double>(camera.bytes_local) / static_cast<double>(camera.bytes_local + camera.bytes_sent));
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "error: %s\n", error.what()), 1;
  }
}
