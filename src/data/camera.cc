#include "data/camera.h"

#include <cmath>

namespace verge::data {
namespace {

constexpr int kOversample = 2;  // points of the surface a side of a pixel
constexpr Point kCentre{kFrame / 2, kFrame / 2};
constexpr float kCameraHeight = 160;

struct Vector {
  float x, y, z;
};
float dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vector unit(Vector a) {
  const float scale = 1 / std::sqrt(dot(a, a));
  return {scale * a.x, scale * a.y, scale * a.z};
}
Vector towards(Point from, Point to, float height) { return unit({to.x - from.x, to.y - from.y, height}); }

// The marked surface, sampled on a grid with a border of one point, so that every inner point has neighbours to take slopes from.
class Samples {
 public:
  Samples(const Surface& surface, const std::vector<Mark>& marks, int size) : side_(size + 2), step_(kFrame / static_cast<float>(size)) {
    texels_.reserve(static_cast<size_t>(side_) * side_);
    for (int y = -1; y <= size; ++y) {
      for (int x = -1; x <= size; ++x) {
        Texel texel = surface(place(x, y));
        for (const Mark& mark : marks) mark(place(x, y), texel);
        texels_.push_back(texel);
      }
    }
  }
  Point place(int x, int y) const { return {(static_cast<float>(x) + 0.5f) * step_, (static_cast<float>(y) + 0.5f) * step_}; }
  const Texel& at(int x, int y) const { return texels_[static_cast<size_t>(y + 1) * side_ + static_cast<size_t>(x + 1)]; }
  Vector normal(int x, int y) const {
    const float per = 1 / (2 * step_);
    return unit({per * (at(x - 1, y).height - at(x + 1, y).height), per * (at(x, y - 1).height - at(x, y + 1).height), 1});
  }

 private:
  int side_;
  float step_;
  std::vector<Texel> texels_;
};

// Light that leaves a point towards the camera: diffuse by Lambert, relative to a flat surface under the lamp's middle, plus a highlight.
Color radiance(const Samples& samples, int x, int y, const Shot& shot) {
  const Point p = samples.place(x, y);
  const Texel& texel = samples.at(x, y);
  const Vector normal = samples.normal(x, y), light = towards(p, shot.lamp, shot.lamp_height), eye = towards(p, kCentre, kCameraHeight);
  const float flat = towards(kCentre, shot.lamp, shot.lamp_height).z;
  const float lambert = std::fmax(0.0f, dot(normal, light)) / flat;
  float highlight = std::fmax(0.0f, dot(normal, unit({light.x + eye.x, light.y + eye.y, light.z + eye.z})));
  for (int i = 0; i < shot.shine; ++i) highlight *= highlight;
  const Point d = (1 / kFrame) * (p - kCentre);
  const float lens = (1 + dot(shot.slope, d)) * (1 - shot.vignette * dot(d, d));
  const float shine = texel.gloss * highlight;
  return (lens * (shot.ambient + (1 - shot.ambient) * lambert)) * texel.albedo + (lens * shine) * Color{1, 1, 1};
}

using Plane = std::vector<Color>;

Plane expose(const Samples& samples, const Shot& shot, int size) {
  Plane out;
  out.reserve(static_cast<size_t>(size) * size);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      Color sum{0, 0, 0};
      for (int i = 0; i < kOversample * kOversample; ++i)
        sum = sum + radiance(samples, kOversample * x + i % kOversample, kOversample * y + i / kOversample, shot);
      out.push_back((1.0f / (kOversample * kOversample)) * shot.balance * sum);
    }
  }
  return out;
}

// One blur of three points along each row; the picture comes back turned, so that two calls blur both ways.
Plane blur_and_turn(const Plane& in, int size, float amount) {
  Plane out(in.size());
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const Color *row = &in[static_cast<size_t>(y) * size], left = row[x > 0 ? x - 1 : x], right = row[x + 1 < size ? x + 1 : x];
      out[static_cast<size_t>(x) * size + y] = (1 - 0.5f * amount) * row[x] + (0.25f * amount) * (left + right);
    }
  }
  return out;
}

// Noise, then a square root as gamma, then 8 bits.
uint8_t sense(float light, const Shot& shot, Random& random) {
  const float deviation = shot.read_noise + shot.shot_noise * std::sqrt(std::fmax(0.0f, light)), noisy = light + deviation * random.bell();
  const float value = std::sqrt(std::fmin(1.0f, std::fmax(0.0f, noisy)));
  return static_cast<uint8_t>(255 * value + 0.5f);
}

}  // namespace

Shot random_shot(Random& random) {
  Shot shot;
  const Point from = random_direction(random);
  shot.lamp = kCentre + random.between(25, 75) * from;
  shot.lamp_height = random.between(45, 110);
  shot.ambient = random.between(0.15f, 0.45f);
  shot.shine = 3 + random.below(4);
  const float slope = random.between(0, 0.5f);
  shot.slope = slope * random_direction(random);
  shot.vignette = random.between(0, 0.7f);
  const float exposure = random.between(0.6f, 1.15f), warmth = random.between(-0.15f, 0.15f);
  shot.balance = exposure * Color{1 + warmth, 1, 1 - warmth};
  shot.defocus = random.between(0, 0.8f);
  shot.read_noise = random.between(0.001f, 0.006f);
  shot.shot_noise = random.between(0.005f, 0.03f);
  return shot;
}

Picture take_picture(const Surface& surface, const std::vector<Mark>& marks, const Shot& shot, int size, Random& random) {
  const Samples samples(surface, marks, kOversample * size);
  Plane light = expose(samples, shot, size);
  light = blur_and_turn(blur_and_turn(light, size, shot.defocus), size, shot.defocus);
  Picture picture{size, size, {}};
  picture.rgb.reserve(3 * light.size());
  for (const Color& c : light) {
    for (float channel : {c.r, c.g, c.b}) picture.rgb.push_back(sense(channel, shot, random));
  }
  return picture;
}

}  // namespace verge::data
