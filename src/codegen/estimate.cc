#include "codegen/estimate.h"

#include <algorithm>

namespace verge::codegen {
namespace {

// Instructions for each multiplication, output and gathered byte of the input.
struct Cost {
  double mac, output, gathered;
};
constexpr Cost kConv[] = {{4.6, 40, 1.5}, {0.82, 13, 1.6}, {0.12, 5, 1}};
constexpr Cost kDepthwise[] = {{9, 45, 1}, {1.2, 24, 0}, {0, 9, 0}};
constexpr Cost kPixelwise[] = {{9, 45, 1}, {4, 24, 0}, {9, 45, 1}};
constexpr Cost kDense[] = {{5, 20, 0}, {1.2, 14, 0}, {0.15, 7, 0}};
constexpr double kAdd[] = {40, 30, 8}, kAverage = 5, kSoftmax = 80;

int64_t code_of(std::string_view source) {
  struct Size {
    std::string_view source;
    int64_t bytes;
  };
  constexpr Size kSizes[] = {{"clamp", 50},        {"window", 300},    {"conv_plain", 350}, {"conv_dsp", 2000}, {"conv_mve", 1800},  {"depthwise_plain", 350}, {"depthwise_dsp", 1900},
                             {"depthwise_mve", 1900}, {"depthwise_square", 1400}, {"depthwise_row", 700}, {"depthwise_lanes", 900}, {"taps", 200}, {"dense_plain", 150}, {"dense_dsp", 400}, {"dense_mve", 250}, {"add", 400}, {"mean", 250}, {"softmax", 500}};
  for (const Size& s : kSizes)
    if (s.source == source) return s.bytes;
  return 0;
}

}  // namespace

int64_t estimated_instructions(Family family, const Layer& l) {
  const auto f = static_cast<size_t>(family_for(family, l));
  const ConvGeometry& g = l.window;
  const double outputs = static_cast<double>(g.out_pixels()) * g.out_c, gathered = static_cast<double>(g.out_pixels() * g.taps()) * g.in_c;
  const auto sum = [&](const Cost& c) { return static_cast<int64_t>(c.mac * static_cast<double>(l.macs) + c.output * outputs + c.gathered * gathered); };
  switch (l.kind) {
    case Kind::kConv: return sum(reads_in_place(family, l) ? Cost{kConv[f].mac, kConv[f].output, 0} : kConv[f]);
    case Kind::kDepthwise: return sum(l.pitch || l.lanes || square_of(family, l) ? kDepthwise[f] : kPixelwise[f]);
    case Kind::kDense: return sum(kDense[f]);
    case Kind::kAdd: return static_cast<int64_t>(kAdd[f] * static_cast<double>(l.elements));
    case Kind::kAverage: return static_cast<int64_t>(kAverage * static_cast<double>(g.in_pixels()) * g.in_c);
    case Kind::kSoftmax: return static_cast<int64_t>(kSoftmax * static_cast<double>(l.rows * l.columns)) + 300;
    case Kind::kCopy: return l.elements;
    case Kind::kGeneral: return 12 * l.macs + 40 * l.elements;
  }
  return 0;
}

int64_t estimated_code_bytes(Family family, const Network& network) {
  constexpr int64_t kLibrary = 700, kCall = 32;
  int64_t sum = kLibrary + kCall * static_cast<int64_t>(network.layers.size());
  for (std::string_view source : kernel_sources(family, network)) sum += code_of(source);
  return sum;
}

int64_t stack_bound(Family family, const Network& network) {
  int64_t tables = 0;
  for (const Layer& l : network.layers)
    if (l.kind == Kind::kConv || l.kind == Kind::kDepthwise)
      tables = std::max(tables, 4 * (l.window.kernel_h + static_cast<int64_t>(tap_places(l))));
  constexpr int64_t kFrames = 352, kVectorFrames = 480;
  return (family == Family::kMve ? kVectorFrames : kFrames) + tables;
}

}  // namespace verge::codegen
