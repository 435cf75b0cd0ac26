#include "video/draw.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace verge::video {
namespace {

constexpr const char* kStrokes[] = {
#include "video/strokes.inc"
};
constexpr char kFirst = ' ', kLast = '~';
static_assert(std::size(kStrokes) == kLast - kFirst + 1);
constexpr double kAdvance = 6, kCapital = 6, kDescent = 2, kPen = 0.9;  // units

constexpr Colour kColours[] = {{255, 64, 64}, {64, 200, 64}, {64, 128, 255}, {255, 200, 0}, {220, 64, 220}, {0, 210, 210}};
constexpr Colour kBlack = {0, 0, 0}, kWhite = {255, 255, 255};

int height_of(const Tensor& picture) { return picture.shape()[0]; }
int width_of(const Tensor& picture) { return picture.shape()[1]; }
uint8_t* pixel(Tensor& picture, int y, int x) { return picture.data() + 3 * (static_cast<size_t>(y) * static_cast<size_t>(width_of(picture)) + static_cast<size_t>(x)); }

struct Rectangle {
  int top, left, bottom, right;
};

Rectangle within(const Tensor& picture, double top, double left, double bottom, double right) {
  const auto cut = [](double v, int most) { return static_cast<int>(std::clamp(v, 0.0, static_cast<double>(most))); };
  return {cut(top, height_of(picture)), cut(left, width_of(picture)), cut(bottom, height_of(picture)), cut(right, width_of(picture))};
}

void fill(Tensor& picture, const Rectangle& r, Colour colour) {
  for (int y = r.top; y < r.bottom; ++y)
    for (int x = r.left; x < r.right; ++x) std::copy(colour.begin(), colour.end(), pixel(picture, y, x));
}

struct Point {
  double x, y;
};

double distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length2 = dx * dx + dy * dy;
  const double along = length2 > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length2, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

// A straight line with round ends; the edge is half a pixel soft.
void draw_line(Tensor& picture, Point a, Point b, double thick, Colour colour) {
  const double reach = thick / 2 + 1;
  const Rectangle r = within(picture, std::min(a.y, b.y) - reach, std::min(a.x, b.x) - reach, std::max(a.y, b.y) + reach + 1, std::max(a.x, b.x) + reach + 1);
  for (int y = r.top; y < r.bottom; ++y)
    for (int x = r.left; x < r.right; ++x) {
      const double share = std::clamp(thick / 2 + 0.5 - distance({x + 0.5, y + 0.5}, a, b), 0.0, 1.0);
      uint8_t* to = pixel(picture, y, x);
      for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(to[c] + (colour[static_cast<size_t>(c)] - to[c]) * share + 0.5);
    }
}

// One character of UTF-8 is one letter.
std::string letters_of(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if ((static_cast<uint8_t>(c) & 0xC0) == 0x80) continue;
    out += c >= kFirst && c <= kLast ? c : '?';
  }
  return out;
}

void draw_letter(Tensor& picture, char letter, Point corner, double unit, Colour colour) {
  for (const std::string& stroke : split(kStrokes[letter - kFirst], ' ')) {
    const auto at = [&](size_t i) { return Point{corner.x + (stroke[i] - '0' + 0.5) * unit, corner.y + (stroke[i + 1] - '0' + 0.5) * unit}; };
    for (size_t i = 0; i + 3 < stroke.size(); i += 2) draw_line(picture, at(i), at(i + 2), kPen * unit, colour);
  }
}

double unit_of(const Tensor& picture) { return std::max(1.25, std::max(width_of(picture), height_of(picture)) / 600.0); }

Colour readable_on(Colour ground) { return 0.299 * ground[0] + 0.587 * ground[1] + 0.114 * ground[2] > 140 ? kBlack : kWhite; }

// A plate with text; `bottom` and `left` in pixels, moved into the picture where it would stand out.
void draw_plate(Tensor& picture, const std::string& text, double left, double bottom, Colour ground) {
  const double unit = unit_of(picture), margin = unit;
  const double wide = (static_cast<double>(letters_of(text).size()) * kAdvance + 1) * unit, tall = (kCapital + kDescent) * unit + margin;
  left = std::clamp(left, 0.0, std::max(0.0, width_of(picture) - wide));
  const double top = std::clamp(bottom - tall, 0.0, std::max(0.0, height_of(picture) - tall));
  fill(picture, within(picture, top, left, top + tall, left + wide), ground);
  draw_text(picture, text, left + margin, top + margin, unit, readable_on(ground));
}

void draw_frame(Tensor& picture, const Detection& d, Colour colour) {
  const int thick = std::max(2, width_of(picture) / 400);
  const Rectangle r = within(picture, d.top, d.left, d.bottom, d.right);
  fill(picture, {r.top, r.left, std::min(r.top + thick, r.bottom), r.right}, colour);
  fill(picture, {std::max(r.bottom - thick, r.top), r.left, r.bottom, r.right}, colour);
  fill(picture, {r.top, r.left, r.bottom, std::min(r.left + thick, r.right)}, colour);
  fill(picture, {r.top, std::max(r.right - thick, r.left), r.bottom, r.right}, colour);
}

}  // namespace

void draw_detections(Tensor& picture, const std::vector<Detection>& found, const std::function<std::string(int label)>& name) {
  const auto colour = [](const Detection& d) { return kColours[static_cast<size_t>(std::max(0, d.label)) % std::size(kColours)]; };
  for (const Detection& d : found) draw_frame(picture, d, colour(d));
  for (const Detection& d : found) draw_plate(picture, name(d.label) + format(" %.2f", d.score), d.left, d.top, colour(d));
}

void draw_points(Tensor& picture, const std::vector<Keypoint>& points) {
  const double thick = std::max(4.0, std::min(height_of(picture), width_of(picture)) / 60.0);
  for (size_t i = 0; i < points.size(); ++i) draw_line(picture, {points[i].x, points[i].y}, {points[i].x, points[i].y}, thick, kColours[i % std::size(kColours)]);
}

void draw_classes(Tensor& picture, const Tensor& classes) {
  const auto of_pixel = classes.values<int32_t>();
  for (size_t i = 0; i < of_pixel.size(); ++i) {
    if (of_pixel[i] <= 0) continue;
    const Colour& colour = kColours[static_cast<size_t>(of_pixel[i]) % std::size(kColours)];
    for (size_t c = 0; c < 3; ++c) picture.data()[3 * i + c] = static_cast<uint8_t>((picture.data()[3 * i + c] + colour[c] + 1) / 2);
  }
}

void draw_text(Tensor& picture, const std::string& text, double left, double top, double unit, Colour colour) {
  for (const char letter : letters_of(text)) {
    draw_letter(picture, letter, {left, top}, unit, colour);
    left += kAdvance * unit;
  }
}

void draw_caption(Tensor& picture, const std::string& text) { draw_plate(picture, text, 0, 0, kBlack); }

}  // namespace verge::video
