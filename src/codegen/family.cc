#include "codegen/family.h"

#include <algorithm>
#include <set>

#include "core/text.h"

namespace verge::codegen {
namespace {

constexpr int64_t kPlaneBytes = 1024;  // that a depthwise kernel's scratch may take when more than one output row is to be made at once
constexpr int kMostShift = 22;         // the output's zero point, shifted by so much, stays in 32 bits
constexpr int64_t kBiasLimit = int64_t{1} << 26;
constexpr int64_t kNowhereElse = int64_t{1} << 40;  // the unit of an overlap: at the same place or apart
constexpr int64_t kPairLimit = int64_t{1} << 23;

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }
int64_t as64(int32_t n) { return n; }

// Rows become columns.
void turn(ConvGeometry& g) {
  std::swap(g.in_h, g.in_w), std::swap(g.out_h, g.out_w), std::swap(g.kernel_h, g.kernel_w);
  std::swap(g.stride_h, g.stride_w), std::swap(g.dilation_h, g.dilation_w), std::swap(g.pad_top, g.pad_left);
}

bool is_product(const Layer& l) { return l.kind == Kind::kConv || l.kind == Kind::kDepthwise || l.kind == Kind::kDense; }
size_t row_of(const Layer& l) { return l.product.weights.size() / static_cast<size_t>(l.window.out_c); }

// The largest sum of one channel, its bias included, over every input.
int64_t most(const Layer& l, size_t channel) {
  int64_t low = l.product.bias[channel], high = low;
  const int8_t* w = l.product.weights.data() + channel * row_of(l);
  for (size_t k = 0; k < row_of(l); ++k) {
    low += std::min(w[k] * -128, w[k] * 127);
    high += std::max(w[k] * -128, w[k] * 127);
  }
  return std::max(-low, high);
}

// One step of a layer's work: the first byte of the input that it reads, the end of what it has written when it is done.
struct Work {
  int64_t reads, written;
};

// The least distance at which no step overwrites what a later one reads.
int64_t distance_of(const std::vector<Work>& work) {
  int64_t distance = INT64_MIN / 4, reads = INT64_MAX / 4;
  for (size_t i = work.size(); i-- > 0; reads = std::min(reads, work[i].reads)) distance = std::max(distance, work[i].written - reads);
  return distance;
}

// Windows of `pixels` outputs are gathered before these are written; with `in_place` they are still being read then.
std::vector<Work> window_work(const ConvGeometry& g, int pixels, bool in_place = false) {
  std::vector<Work> out;
  const int64_t row = as64(g.in_w) * g.in_c;
  for (int y = 0; y < g.out_h; ++y)
    for (int x = 0; x < g.out_w;) {
      const int n = x + pixels <= g.out_w ? pixels : 1;
      const int64_t top = std::max(0, y * g.stride_h - g.pad_top), left = std::max(0, x * g.stride_w - g.pad_left);
      const int64_t reads = top * row + left * g.in_c, written = (as64(y) * g.out_w + x + n) * g.out_c;
      out.push_back({reads, written});
      if (in_place) out.push_back({reads, written});
      x += n;
    }
  return out;
}

// A channel of a whole band is gathered before it is written, and touches no other channel.
std::vector<Work> band_work(const ConvGeometry& g, int band) {
  std::vector<Work> out;
  for (int y = 0; y < g.out_h; y += band)
    out.push_back({as64(std::max(0, y * g.stride_h - g.pad_top)) * g.in_w * g.in_c, as64(std::min(y + band, g.out_h)) * g.out_w * g.out_c});
  return out;
}

}  // namespace

Family family_for(Family family, const Layer& l) { return l.nibbles ? Family::kPlain : family; }

std::optional<std::string> misfit(Family family, const Layer& l) {
  if (!is_product(l)) return std::nullopt;
  for (size_t c = 0; c < l.product.bias.size(); ++c) {
    const Multiplier m = l.product.multiplier[c];
    const std::string where = "output channel " + std::to_string(c) + ": ";
    if (m.multiplier != 0 && (m.shift > -1 || m.shift < -kMostShift))
      return where + format("a multiplier of 2^%d; between 2^-%d and 2^-1 is supported", m.shift, kMostShift);
    if (as64(l.product.bias[c]) >= kBiasLimit || as64(l.product.bias[c]) < -kBiasLimit) return where + "a bias of more than 27 bits";
    if (family != Family::kDsp || l.kind == Kind::kDepthwise) continue;
    if (most(l, c) >= kPairLimit) return where + "sums of more than 24 bits";
  }
  const bool lowest = std::count(l.product.weights.begin(), l.product.weights.end(), -128) > 0;
  if (family == Family::kDsp && l.kind != Kind::kDepthwise && lowest) return "weights of -128, which pairs cannot hold";
  return std::nullopt;
}

namespace {

constexpr int kVector = 16;
constexpr int kTallest = 8;  // of a plane's columns

// Values in a row of one channel of the input, padding included, as far as dsp's kernels read it.
int row_values(const ConvGeometry& g) {
  const bool square = g.kernel_w == 3 && g.kernel_h == 3 && g.stride_w == 1;
  const int outputs = static_cast<int>(g.stride_w == 1 ? round_up(g.out_w, 2) : g.out_w);
  const int read = (outputs - 1) * g.stride_w + (square ? 3 : static_cast<int>(round_up(g.kernel_w, 2)));
  return static_cast<int>(round_up(std::max(read, g.pad_left + 1), 2));
}

// For mve the rows of a window, which may lie anywhere in the arena when they stream, are within reach of 16 bits.
bool fits_planes(Family family, const ConvGeometry& g, bool stream) {
  if (family == Family::kPlain || g.dilation_h != 1 || g.dilation_w != 1) return false;
  return family == Family::kDsp || (g.kernel_h <= kTallest && as64(stream ? g.in_h : kTallest) * g.in_w * g.in_c <= UINT16_MAX);
}

// Whether most depthwise outputs lie in rows so short that gathering them for a row at a time costs more than it saves.
bool has_short_rows(const Network& network) {
  constexpr int kShort = 12;
  int64_t in_short = 0, all = 0;
  for (const Layer& l : network.layers) {
    if (l.kind != Kind::kDepthwise) continue;
    const auto outputs = static_cast<int64_t>(l.window.out_pixels()) * l.window.out_c;
    all += outputs, in_short += l.window.out_w < kShort ? outputs : 0;
  }
  return 2 * in_short > all;
}

}  // namespace

int plane_pitch(Family family, const Network& network, bool stream) {
  if (stream && family == Family::kDsp && has_short_rows(network)) return 0;
  int pitch = 0;
  for (const Layer& l : network.layers) {
    if (l.kind != Kind::kDepthwise || l.lanes || square_of(family, l)) continue;
    if (!fits_planes(family, l.window, stream)) return 0;
    pitch = std::max(pitch, family == Family::kMve ? 1 : row_values(l.window));
  }
  return pitch;
}

Plane plane_of(const Layer& l) {
  const ConvGeometry& g = l.window;
  Plane out;
  while (out.height < g.kernel_h) out.height *= 2;
  const int window = g.kernel_w * out.height;
  out.vectors = (window + kVector - 1) / kVector;
  const int step = g.stride_w * out.height;
  out.way = step == 1 && window + 3 <= kVector ? 1 : step == 4 && window + 4 <= kVector ? 2 : step == 8 ? 3 : 0;
  const int columns = std::max(g.pad_left + g.in_w, static_cast<int>(round_up(g.out_w, 4)) * g.stride_w);
  out.bytes = columns * out.height + (out.vectors + 1) * kVector;
  return out;
}

std::optional<Square> square_of(Family family, const Layer& l) {
  const ConvGeometry& g = l.window;
  const bool fits = g.kernel_h <= 3 && g.kernel_w <= 3 && g.stride_h == g.stride_w && g.stride_w <= 2 && g.dilation_h == 1 && g.dilation_w == 1 && g.in_h > 1 &&
                    g.in_w > 1 && 7 * as64(std::max(1, g.in_w)) * g.in_c <= UINT16_MAX;
  if (family != Family::kMve || l.kind != Kind::kDepthwise || l.by_rows || !fits) return std::nullopt;
  Square out;
  out.window = g;
  out.turned = g.in_h > g.in_w && g.in_h == g.out_h && g.in_w == g.out_w;
  if (out.turned) turn(out.window);
  const ConvGeometry& w = out.window;
  out.bytes = 4 * (std::max(w.pad_left + w.in_w, static_cast<int>(round_up(w.out_w, 4)) * w.stride_w) + 4);
  return out;
}

bool takes_lanes(Family family, const Layer& l) {
  const ConvGeometry& g = l.window;
  if (family != Family::kMve || l.kind != Kind::kDepthwise || !l.by_rows || g.dilation_w != 1 || g.pad_left >= g.kernel_w) return false;
  if (std::count(l.product.weights.begin(), l.product.weights.end(), -128) > 0) return false;
  // Instructions for an output: sixteen channels at once take so many, a row of a channel more the shorter it is.
  const double lanes = 9.5 * static_cast<double>(round_up(g.in_c, kVector)) / g.in_c, plane = 5.0 + 40.0 / g.out_w;
  return lanes < plane;
}

size_t tap_places(const Layer& l) {
  const ConvGeometry& g = l.window;
  if (l.kind != Kind::kDepthwise || (l.pitch && !l.lanes)) return 0;
  return l.lanes ? static_cast<size_t>((g.out_w - 1) * g.stride_w + g.kernel_w) * static_cast<size_t>(g.kernel_h) : g.taps();
}

bool reads_in_place(Family family, const Layer& l) {
  return family_for(family, l) == Family::kMve && l.kind == Kind::kConv && l.window.taps() == 1 && l.window.pad_top == 0 && l.window.pad_left == 0;
}

int band_rows(Family family, const Layer& l) {
  const ConvGeometry& g = l.window;
  if (l.kind != Kind::kDepthwise || l.pitch == 0 || l.by_rows) return 1;
  if (family == Family::kMve) return 1;
  const int64_t row = as64(l.pitch) * 2;
  const int64_t fit = (kPlaneBytes / row - g.kernel_h) / g.stride_h + 1;
  const int most_rows = static_cast<int>(std::clamp<int64_t>(fit, 1, g.out_h));
  const int bands = (g.out_h + most_rows - 1) / most_rows;
  return (g.out_h + bands - 1) / bands;
}

int64_t strip_row(Family family, const Layer& l) {
  const ConvGeometry& g = l.window;
  if (family_for(family, l) != Family::kMve || l.kind != Kind::kConv || g.taps() == 1 || g.kernel_w * g.in_c > kVector) return 0;
  const int64_t row = (as64(g.out_w - 1) * g.stride_w + as64(g.kernel_w - 1) * g.dilation_w + 1) * g.in_c;
  return row * g.kernel_h <= UINT16_MAX ? row : 0;
}

int64_t product_depth(Family family, const Layer& l) {
  const ConvGeometry& g = l.window;
  const int64_t run = as64(g.kernel_w) * g.in_c;
  if (l.nibbles) return round_up(g.kernel_h * run, 2);
  if (l.kind == Kind::kDepthwise) return static_cast<int64_t>(g.taps());
  if (family == Family::kDsp) return g.kernel_h * round_up(run, 4);
  return family == Family::kMve ? round_up(g.kernel_h * run, kVector) : g.kernel_h * run;
}

int64_t scratch_bytes(Family family, const Layer& l) {
  const ConvGeometry& g = l.window;
  const int64_t run = as64(g.kernel_w) * g.in_c;
  if (l.nibbles) return product_depth(family, l);
  switch (l.kind) {
    case Kind::kConv:
      if (family == Family::kDsp) return product_depth(family, l) * 2 * l.pixels + (g.taps() > 1 || g.pad_left || g.pad_top ? round_up(run, 4) : 0);
      if (family == Family::kPlain) return product_depth(family, l);
      if (reads_in_place(family, l)) return 0;
      return strip_row(family, l) ? 2 * product_depth(family, l) + g.kernel_h * strip_row(family, l) : 2 * product_depth(family, l);
    case Kind::kDepthwise:
      if (const auto square = square_of(family, l)) return square->bytes;
      if (l.lanes) return round_up(g.in_c, kVector);
      if (l.pitch == 0) return family == Family::kDsp ? round_up(g.in_c, 4) : g.kernel_h * run;
      if (family == Family::kMve) return plane_of(l).bytes;
      return as64((band_rows(family, l) - 1) * g.stride_h + g.kernel_h) * l.pitch * 2 + (g.taps() == 9 ? 0 : as64(g.kernel_h) * ((g.kernel_w + 1) / 2) * 4);
    case Kind::kGeneral: return l.general.scratch;
    default: return 0;
  }
}

namespace {

std::vector<Work> conv_work(Family family, const Layer& l, const ConvGeometry& g) {
  return window_work(g, family == Family::kDsp ? l.pixels : family == Family::kMve ? 2 : 1, reads_in_place(family, l));
}

}  // namespace

int64_t row_distance(Family family, const Layer& l) {
  if (l.kind == Kind::kAdd) return 0;
  if (l.kind != Kind::kConv || l.window.kernel_h != 1 || l.window.pad_top != 0) return -1;
  ConvGeometry row = l.window;
  row.in_h = row.out_h = row.stride_h = 1;
  return std::max<int64_t>(0, distance_of(conv_work(family_for(family, l), l, row)));
}

std::optional<Overlap> overlap_of(Family family, const Layer& l, size_t) {
  Overlap out;
  family = family_for(family, l);
  switch (l.kind) {
    case Kind::kConv: out.distance = distance_of(conv_work(family, l, l.window)); return out;
    case Kind::kDepthwise:
      if (const auto square = square_of(family, l)) {
        out.unit = square->turned ? kNowhereElse : l.window.in_c;
        return out;
      }
      if (l.pitch == 0 || l.lanes) {
        out.distance = distance_of(window_work(l.window, 1));
        return out;
      }
      out.distance = std::max<int64_t>(0, distance_of(band_work(l.window, band_rows(family, l))));
      out.unit = l.window.in_c;
      return out;
    case Kind::kDense: return std::nullopt;
    case Kind::kGeneral: return l.general.elementwise ? std::optional(out) : std::nullopt;
    default: return out;  // one value after the other, each read before it is written
  }
}

namespace {

constexpr std::string_view kConvSources[] = {"conv_plain", "conv_dsp", "conv_mve"}, kDenseSources[] = {"dense_plain", "dense_dsp", "dense_mve"},
                           kDepthwiseSources[] = {"depthwise_plain", "depthwise_dsp", "depthwise_mve"},
                           kDepthwiseRowSources[] = {"depthwise_plain", "depthwise_row", "depthwise_plain"};

std::vector<std::string_view> sources_of(Family family, const Layer& l) {
  if (l.nibbles)
    return l.low > -128 || l.high < 127 ? std::vector<std::string_view>{"clamp", "window", "conv_nibbles"}
                                        : std::vector<std::string_view>{"window", "conv_nibbles"};
  const auto own = static_cast<size_t>(family);
  std::vector<std::string_view> out;
  if (l.kind == Kind::kGeneral) return l.general.sources;
  if (l.low > -128 || l.high < 127) out.push_back("clamp");
  if (l.kind == Kind::kConv || l.kind == Kind::kDepthwise) out.push_back("window");
  if (is_product(l) && family == Family::kDsp) out.push_back("pairs");
  if ((is_product(l) || l.kind == Kind::kAdd || l.kind == Kind::kAverage) && family == Family::kMve) out.push_back("vectors");
  if (l.kind == Kind::kDepthwise && family == Family::kMve && !l.lanes) out.push_back("fours");
  if (l.kind == Kind::kDepthwise && family == Family::kDsp && l.pitch == 0) out.push_back("taps");
  switch (l.kind) {
    case Kind::kConv: out.push_back(kConvSources[own]); break;
    case Kind::kDepthwise:
      out.push_back(l.lanes ? "depthwise_lanes" : square_of(family, l) ? "depthwise_square" : l.pitch ? kDepthwiseSources[own] : kDepthwiseRowSources[own]);
      break;
    case Kind::kDense: out.push_back(kDenseSources[own]); break;
    case Kind::kAdd: out.push_back("add"); break;
    case Kind::kAverage: out.push_back("mean"); break;
    case Kind::kSoftmax: out.push_back("softmax"); break;
    case Kind::kCopy:
    case Kind::kGeneral: break;
  }
  return out;
}

// A source stands behind those that it uses.
constexpr std::string_view kOrder[] = {"base",
                                       "clamp",
                                       "window",
                                       "pairs",
                                       "vectors",
                                       "fours",
                                       "taps",
                                       "conv_nibbles",
                                       "conv_plain",
                                       "conv_dsp",
                                       "conv_mve",
                                       "depthwise_plain",
                                       "depthwise_dsp",
                                       "depthwise_mve",
                                       "depthwise_square",
                                       "depthwise_row",
                                       "depthwise_lanes",
                                       "dense_plain",
                                       "dense_dsp",
                                       "dense_mve",
                                       "add",
                                       "mean",
                                       "softmax",
                                       "scale",
                                       "next_place",
                                       "any_type",
                                       "fma_f32",
                                       "exp_f32",
                                       "log_f32",
                                       "area",
                                       "product",
                                       "product_i16",
                                       "product_f32",
                                       "product_sum_f32",
                                       "move",
                                       "pad",
                                       "reduce",
                                       "pool",
                                       "softmax_bytes",
                                       "lstm",
                                       "reduce_f32",
                                       "softmax_f32",
                                       "lookup",
                                       "quantize",
                                       "dequantize",
                                       "unary_f32",
                                       "binary_f32",
                                       "binary",
                                       "pool_f32",
                                       "nearest",
                                       "gather",
                                       "cast",
                                       "compare",
                                       "select",
                                       "arg_reduce",
                                       "matmul_f32",
                                       "resize_weighted"};

}  // namespace

std::vector<std::string_view> kernel_sources(Family family, const Network& network) {
  std::set<std::string_view> wanted = {"base"};
  for (const Layer& l : network.layers)
    for (std::string_view s : sources_of(family, l)) wanted.insert(s);
  std::vector<std::string_view> out;
  for (std::string_view s : kOrder)
    if (wanted.count(s)) out.push_back(s);
  return out;
}

}  // namespace verge::codegen
