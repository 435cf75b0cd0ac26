// EdgeInference: a model, a picture, an answer. Pictures are binary PPM (P6), so that the example needs no library.
#pragma once
#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "verge/verge.hpp"

struct Picture {
  int width = 0, height = 0;
  std::vector<unsigned char> rgb;  // [height][width][3]
};

inline Picture read_ppm(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int most = 0;
  Picture p;
  if (!(file >> magic >> p.width >> p.height >> most) || magic != "P6" || most != 255 || p.width < 1 || p.height < 1 || p.width > 16384 || p.height > 16384)
    throw std::runtime_error(path + ": not a binary PPM with 8 bits a channel");
  file.get();
  p.rgb.resize(static_cast<std::size_t>(p.width) * p.height * 3);
  if (!file.read(reinterpret_cast<char*>(p.rgb.data()), static_cast<std::streamsize>(p.rgb.size()))) throw std::runtime_error(path + ": the picture ends early");
  return p;
}

class EdgeInference {
 public:
  // `mean` and `std_deviation` as the model's card says; the input is f32 [1, 3, height, width] in RGB.
  EdgeInference(const std::string& model_path, std::vector<float> mean, std::vector<float> std_deviation)
      : model_(model_path), session_(model_), mean_(std::move(mean)), std_(std::move(std_deviation)) {
    const verge_tensor_info in = model_.input(0);
    if (in.dtype != VERGE_F32 || in.rank != 4 || in.dims[1] != 3) throw std::runtime_error("the example takes models with an f32 input [1, 3, height, width]");
    height_ = in.dims[2];
    width_ = in.dims[3];
  }

  std::vector<float> predict(const Picture& picture) {
    session_.set_input(0, preprocess(picture));
    session_.run();
    return session_.output<float>(0);
  }

  static std::size_t best(const std::vector<float>& scores) { return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin()); }

 private:
  std::vector<float> preprocess(const Picture& p) const {
    std::vector<float> x(static_cast<std::size_t>(3 * height_ * width_));
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < height_; ++y)
        for (int i = 0; i < width_; ++i) {
          const int sy = (2 * y + 1) * p.height / (2 * height_), sx = (2 * i + 1) * p.width / (2 * width_);  // nearest pixel
          x[static_cast<std::size_t>((c * height_ + y) * width_ + i)] = (static_cast<float>(p.rgb[static_cast<std::size_t>((sy * p.width + sx) * 3 + c)]) - mean_[c]) / std_[c];
        }
    return x;
  }

  verge::Model model_;
  verge::Session session_;
  std::vector<float> mean_, std_;
  int height_ = 0, width_ = 0;
};

// The demo model's (models/inspection/README.md).
inline const std::vector<float> kInspectionMean = {136, 134, 130}, kInspectionStd = {35, 35, 37};
inline const std::vector<std::string> kInspectionLabels = {"dent", "hole", "ok", "scratch", "stain"};
