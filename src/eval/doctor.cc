#include "eval/doctor.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/text.h"
#include "eval/score.h"

namespace verge {
namespace {

enum class Flip : uint8_t { kNone, kRows, kColumns };

// One reading of what the user did.
struct Reading {
  bool nchw = false;
  Declaration declaration;
  Flip flip = Flip::kNone;
};

// y = slope * x + offset for each channel.
struct Line {
  std::vector<double> slope, offset;
  double explained = -1;
};

struct Sums {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
  void add(double a, double b) { n += 1, x += a, y += b, xx += a * a, xy += a * b, yy += b * b; }
};

// Element (channel, y, x) of a flat tensor.
struct Plane {
  int channels, height, width;
  bool nchw;
  size_t at(int c, int y, int x) const {
    return static_cast<size_t>(nchw ? (c * height + y) * width + x : (y * width + x) * channels + c);
  }
};

Line fit(const std::vector<float>& pixels, const std::vector<float>& user, const Plane& here, const Plane& there, Flip flip) {
  Line out;
  double left = 0, all = 0;
  for (int c = 0; c < here.channels; ++c) {
    Sums s;
    for (int y = 0; y < here.height; ++y)
      for (int x = 0; x < here.width; ++x)
        s.add(pixels[here.at(c, flip == Flip::kRows ? here.height - 1 - y : y, flip == Flip::kColumns ? here.width - 1 - x : x)], user[there.at(c, y, x)]);
    const double spread = s.xx - s.x * s.x / s.n, slope = spread > 0 ? (s.xy - s.x * s.y / s.n) / spread : 0;
    out.slope.push_back(slope);
    out.offset.push_back((s.y - slope * s.x) / s.n);
    const double variance = s.yy - s.y * s.y / s.n;
    all += variance;
    left += std::max(0.0, variance - slope * (s.xy - s.x * s.y / s.n));
  }
  out.explained = all > 0 ? 1 - left / all : 0;
  return out;
}

// The picture as pixels 0..255 in the declared cut, resize and colour order.
Result<std::vector<float>> pixels_for(Declaration d, const ImageInput& to, const Tensor& picture) {
  d.mean = {0, 0, 0};
  d.std = {1, 1, 1};
  d.layout = to.nchw ? Layout::kNchw : Layout::kNhwc;
  const TensorView plain{nullptr, DataType::kF32, to.shape, {}};
  VERGE_TRY(Preprocessor preprocessor, Preprocessor::create(d, plain));
  VERGE_TRY(const Tensor out, preprocessor.run(picture));
  return real_values(out);
}

std::vector<Declaration> variants(const Declaration& declared, int channels) {
  std::vector<Declaration> out = {declared};
  const std::vector<ColorOrder> colours = channels == 3 ? std::vector{ColorOrder::kRgb, ColorOrder::kBgr} : std::vector{declared.color};
  for (const ColorOrder colour : colours)
    for (const Fit cut : {Fit::kStretch, Fit::kCrop, Fit::kLetterbox})
      for (const auto& [mode, antialias] : {std::pair{ResizeMode::kBilinear, true}, {ResizeMode::kBilinear, false}, {ResizeMode::kNearest, false}, {ResizeMode::kArea, false}}) {
        Declaration d = declared;
        d.color = colour, d.fit = cut, d.resize = mode, d.antialias = antialias;
        out.push_back(d);
      }
  return out;
}

std::string resize_text(const Declaration& d) {
  const char* mode = d.resize == ResizeMode::kNearest ? "nearest" : d.resize == ResizeMode::kArea ? "area" : d.antialias ? "bilinear with antialias" : "bilinear without antialias";
  const char* cut = d.fit == Fit::kStretch ? "stretched" : d.fit == Fit::kCrop ? "cropped" : "letterboxed";
  return std::string(mode) + ", " + cut;
}

// What the line says in the terms people use.
std::string range_text(const std::vector<double>& slope, const std::vector<double>& offset) {
  struct Known {
    const char* name;
    double slope, offset;
  };
  static constexpr Known kKnown[] = {{"pixels 0..255", 1, 0}, {"0..1", 1 / 255.0, 0}, {"-1..1", 1 / 127.5, -1}, {"pixels less 128", 1, -128}};
  for (const Known& k : kKnown) {
    const bool all = std::all_of(slope.begin(), slope.end(), [&](double s) { return std::fabs(s - k.slope) < 0.01 * k.slope; }) &&
                     std::all_of(offset.begin(), offset.end(), [&](double o) { return std::fabs(o - k.offset) < 2.55 * k.slope; });
    if (all) return k.name;
  }
  std::string out = "(pixel - mean) / std with mean [", std_text;
  for (size_t c = 0; c < slope.size(); ++c) {
    const double deviation = std::fabs(slope[c]) > 1e-12 ? 1 / slope[c] : 0;
    out += (c ? ", " : "") + format("%.4g", -offset[c] * deviation);
    std_text += (c ? ", " : "") + format("%.4g", deviation);
  }
  return out + "], std [" + std_text + "]";
}

bool near_line(const Line& line, const Declaration& d) {
  for (size_t c = 0; c < line.slope.size(); ++c) {
    const double slope = 1.0 / d.std[c], offset = -d.mean[c] / d.std[c];
    if (std::fabs(line.slope[c] - slope) > 0.02 * std::fabs(slope) || std::fabs(line.offset[c] - offset) > 4 * std::fabs(slope)) return false;
  }
  return true;
}

std::string declared_range(const Declaration& d, int channels) {
  std::vector<double> slope, offset;
  for (int c = 0; c < channels; ++c) slope.push_back(1.0 / d.std[c]), offset.push_back(-d.mean[c] / d.std[c]);
  return range_text(slope, offset);
}

struct Best {
  Reading reading;
  Line line;
};

Result<Best> best_reading(const Declaration& declared, const ImageInput& to, const Tensor& picture, const std::vector<float>& user) {
  constexpr double kClearlyBetter = 1e-4;  // so that the declared way stands where others explain as much
  Best best;
  for (const Declaration& d : variants(declared, to.channels)) {
    VERGE_TRY(const std::vector<float> pixels, pixels_for(d, to, picture));
    for (const bool nchw : {to.nchw, !to.nchw})
      for (const Flip flip : {Flip::kNone, Flip::kRows, Flip::kColumns}) {
        const Line line = fit(pixels, user, {to.channels, to.height, to.width, to.nchw}, {to.channels, to.height, to.width, nchw}, flip);
        if (line.explained > best.line.explained + kClearlyBetter) best = {{nchw, d, flip}, line};
      }
  }
  return best;
}

void name_findings(const Declaration& declared, const ImageInput& to, const Best& best, Diagnosis& out) {
  constexpr double kRecognised = 0.5, kSamePicture = 0.98;
  const Reading& r = best.reading;
  if (best.line.explained < kRecognised) {
    out.findings.push_back({"values", format("no reading of this picture explains more than %.0f %% of them", best.line.explained * 100), "the picture that was given"});
    return;
  }
  const char* layouts[] = {"NHWC", "NCHW"};
  if (r.nchw != to.nchw) out.findings.push_back({"layout", layouts[r.nchw], layouts[to.nchw]});
  if (r.declaration.color != declared.color) out.findings.push_back({"colour order", r.declaration.color == ColorOrder::kBgr ? "BGR" : "RGB", declared.color == ColorOrder::kBgr ? "BGR" : "RGB"});
  if (r.flip != Flip::kNone) out.findings.push_back({"flip", r.flip == Flip::kRows ? "upside down" : "mirrored", "as the file has it"});
  if (resize_text(r.declaration) != resize_text(declared)) out.findings.push_back({"resize", resize_text(r.declaration), resize_text(declared)});
  if (!near_line(best.line, declared)) out.findings.push_back({"range", range_text(best.line.slope, best.line.offset), declared_range(declared, to.channels)});
  if (best.line.explained < kSamePicture) out.findings.push_back({"values", format("%.1f %% of them explained: something else differs too (a crop, a filter, compression)", best.line.explained * 100), "the declared pipeline's"});
}

}  // namespace

Result<Diagnosis> diagnose(const Declaration& declared, const TensorView& input, const Tensor& picture, const Tensor& tensor) {
  VERGE_TRY(Preprocessor preprocessor, Preprocessor::create(declared, input));
  VERGE_TRY(const Tensor wanted, preprocessor.run(picture));
  if (tensor.count() != wanted.count())
    return invalid("the tensor has " + with_commas(tensor.count()) + " elements, the model's input " + TensorType(input.dtype, input.shape).text() + " has " + with_commas(wanted.count()));
  Tensor fed = tensor;
  if (tensor.dtype() == wanted.dtype()) fed.set_quant(wanted.quant());
  const std::vector<float> user = real_values(fed), ours = real_values(wanted);
  Diagnosis out;
  double step = 0;
  for (int c = 0; c < preprocessor.input().channels; ++c) step = std::max(step, 1.0 / std::fabs(declared.std[c]));
  for (size_t i = 0; i < user.size(); ++i) out.max_abs = std::max(out.max_abs, static_cast<double>(std::fabs(user[i] - ours[i])));
  out.matches = out.max_abs <= 2 * step;  // two grey levels: what decoders of JPEG differ by
  if (out.matches) {
    out.explained = 1;
    return out;
  }
  VERGE_TRY(const Best best, best_reading(declared, preprocessor.input(), picture, user));
  out.explained = std::max(0.0, best.line.explained);
  name_findings(declared, preprocessor.input(), best, out);
  return out;
}

}  // namespace verge
