#include "eval/wfdb.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <sstream>

#include "core/text.h"

namespace verge {
namespace {

constexpr double kPointsPerSecond = 120, kTrendSeconds = 0.8;
constexpr size_t kNeighbours = 10;
constexpr long kMostSteps = 1 << 16;
// Types of annotations: 6 bits of a word whose other 10 are the time since the last one.
constexpr int kLastBeat = 49, kSkip = 59, kNumber = 60, kSubtype = 61, kChannel = 62, kText = 63;

std::string trim(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

Error bad_header(size_t line, const std::string& text, const std::string& wanted) {
  return corrupt("the header's line " + std::to_string(line) + " is '" + text + "', wanted " + wanted);
}

int step(const char* text) { return static_cast<int>(std::clamp<long>(std::strtol(text, nullptr, 10), -kMostSteps, kMostSteps)); }

// "200(1024)/mV": steps a millivolt and the step of 0 mV.
void read_gain(const std::string& text, WfdbHeader::Signal& s, bool* has_baseline) {
  char* end = nullptr;
  const double gain = std::strtod(text.c_str(), &end);
  if (gain > 0) s.gain = gain;
  *has_baseline = *end == '(';
  if (*has_baseline) s.baseline = step(end + 1);
}

Result<WfdbHeader::Signal> parse_signal(const std::string& line, size_t number, int* format) {
  std::istringstream words(line);
  std::string file, form, gain, bits, zero, first, sum, block, name;
  words >> file >> form >> gain >> bits >> zero >> first >> sum >> block;
  std::getline(words >> std::ws, name);
  *format = step(form.c_str());
  if (*format == 0) return bad_header(number, line, "a file and a format");
  WfdbHeader::Signal s{trim(name)};
  bool has_baseline = false;
  read_gain(gain, s, &has_baseline);
  if (!has_baseline) s.baseline = step(zero.c_str());
  return s;
}

int signed12(int v) { return v >= 2048 ? v - 4096 : v; }

// The i-th number of the file.
int step_at(int format, ByteSpan b, size_t i) {
  if (format == 16) return static_cast<int16_t>(b[2 * i] | b[2 * i + 1] << 8);
  const uint8_t* pair = b.data() + i / 2 * 3;  // two of 12 bits in three bytes
  return i % 2 == 0 ? signed12(pair[0] | (pair[1] & 0x0f) << 8) : signed12(pair[2] | (pair[1] & 0xf0) << 4);
}

size_t steps_in(int format, size_t bytes) { return format == 16 ? bytes / 2 : bytes / 3 * 2 + (bytes % 3 == 2 ? 1 : 0); }

int class_of(int code) {
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 11:
    case 34: return 0;  // normal, bundle branch blocks, escape beats
    case 4:
    case 7:
    case 8:
    case 9: return 1;  // premature above the ventricles
    case 5:
    case 10: return 2;  // ventricular
    default: return -1;
  }
}

bool is_beat(int code) { return (code >= 1 && code <= 13) || code == 25 || code == 30 || code == 34 || code == 38; }

// The signal without what moves slower than a beat, in deviations of the record.
std::vector<float> levelled(const std::vector<float>& x, double frequency) {
  const size_t half = static_cast<size_t>(kTrendSeconds * frequency / 2);
  std::vector<double> sums(x.size() + 1);
  for (size_t i = 0; i < x.size(); ++i) sums[i + 1] = sums[i] + static_cast<double>(x[i]);
  std::vector<float> out(x.size());
  double squares = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t from = i > half ? i - half : 0, to = std::min(x.size(), i + half + 1);
    out[i] = x[i] - static_cast<float>((sums[to] - sums[from]) / static_cast<double>(to - from));
    squares += static_cast<double>(out[i]) * static_cast<double>(out[i]);
  }
  const auto deviation = static_cast<float>(std::sqrt(squares / static_cast<double>(std::max<size_t>(1, x.size()))));
  for (float& v : out) v /= std::max(deviation, 1e-6f);
  return out;
}

// kBeatPoints means of neighbouring samples about `peak`; zeros outside the record.
std::vector<float> window(const std::vector<float>& x, double frequency, size_t peak) {
  const double step = frequency / kPointsPerSecond;
  std::vector<float> out(kBeatPoints, 0.0f);
  for (int i = 0; i < kBeatPoints; ++i) {
    const double first = static_cast<double>(peak) + (i - kBeatPoints / 2 - 0.5) * step;
    const int64_t from = std::max<int64_t>(0, std::llround(first)),
                  to = std::min<int64_t>(static_cast<int64_t>(x.size()), std::max<int64_t>(std::llround(first + step), from + 1));
    for (int64_t t = from; t < to; ++t) out[static_cast<size_t>(i)] += x[static_cast<size_t>(t)] / static_cast<float>(to - from);
  }
  return out;
}

std::vector<float> median_of(const std::vector<std::vector<float>>& windows) {
  std::vector<float> out(kBeatPoints, 0.0f), column(windows.size());
  for (size_t i = 0; i < out.size() && !windows.empty(); ++i) {
    for (size_t w = 0; w < windows.size(); ++w) column[w] = windows[w][i];
    const auto middle = column.begin() + static_cast<int64_t>(column.size() / 2);
    std::nth_element(column.begin(), middle, column.end());
    out[i] = *middle;
  }
  return out;
}

// Times between beats as shares of the record's mean and of the ten before.
class Rhythm {
 public:
  explicit Rhythm(const std::vector<WfdbAnnotation>& beats) {
    for (size_t i = 1; i < beats.size(); ++i) gaps_.push_back(static_cast<double>(beats[i].sample - beats[i - 1].sample));
    mean_ = std::max(1.0, std::accumulate(gaps_.begin(), gaps_.end(), 0.0) / static_cast<double>(std::max<size_t>(1, gaps_.size())));
  }
  double before(size_t beat) const { return beat > 0 ? gaps_[beat - 1] / mean_ : 1; }
  double after(size_t beat) const { return beat < gaps_.size() ? gaps_[beat] / mean_ : 1; }
  double beside_last(size_t beat) const {
    const size_t from = beat > kNeighbours + 1 ? beat - kNeighbours - 1 : 0;
    if (beat < 2) return 1;
    const double local =
        std::accumulate(gaps_.begin() + static_cast<int64_t>(from), gaps_.begin() + static_cast<int64_t>(beat - 1), 0.0) / static_cast<double>(beat - 1 - from);
    return gaps_[beat - 1] / std::max(1.0, local);
  }

 private:
  std::vector<double> gaps_;
  double mean_;
};

}  // namespace

const std::vector<std::string>& beat_classes() {
  static const std::vector<std::string> kClasses = {"N", "S", "V"};
  return kClasses;
}

Result<WfdbHeader> parse_wfdb_header(const std::string& text) {
  WfdbHeader h;
  size_t number = 0, signals = 0, read = 0;
  for (const std::string& raw : split(text, '\n')) {
    const std::string line = trim(raw);
    ++number;
    if (line.empty() || line[0] == '#') continue;
    if (h.name.empty()) {
      std::istringstream words(line);
      words >> h.name >> signals >> h.frequency >> h.samples;
      if (h.name.find('/') != std::string::npos) return unsupported("a recording of several segments");
      if (signals == 0 || signals > 64 || !(h.frequency >= 1 && h.frequency <= 1e5))
        return bad_header(number, line, "a name, the number of signals and their frequency");
      continue;
    }
    if (read == signals) break;
    int format = 0;
    VERGE_TRY(WfdbHeader::Signal s, parse_signal(line, number, &format));
    if ((format != 16 && format != 212) || (h.format != 0 && format != h.format))
      return unsupported("samples in format " + std::to_string(format) + "; one file in format 16 or 212 is read");
    h.format = format;
    h.signals.push_back(std::move(s));
    ++read;
  }
  if (h.name.empty() || read < signals) return corrupt("the header names " + std::to_string(read) + " of " + std::to_string(signals) + " signals");
  return h;
}

Result<std::vector<float>> read_wfdb_signal(const WfdbHeader& h, ByteSpan bytes, size_t signal) {
  const size_t all = steps_in(h.format, bytes.size()), frames = all / h.signals.size();
  if (h.samples > frames) return corrupt("record " + h.name + " holds " + std::to_string(frames) + " of " + std::to_string(h.samples) + " samples");
  const WfdbHeader::Signal& s = h.signals[signal];
  std::vector<float> out(h.samples ? h.samples : frames);
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>((step_at(h.format, bytes, i * h.signals.size() + signal) - s.baseline) / s.gain);
  return out;
}

Result<std::vector<WfdbAnnotation>> read_wfdb_annotations(ByteSpan b) {
  std::vector<WfdbAnnotation> out;
  int64_t time = 0;
  for (size_t at = 0; at + 2 <= b.size();) {
    const int word = b[at] | b[at + 1] << 8, type = word >> 10, value = word & 0x3ff;
    at += 2;
    if (word == 0) return out;
    const size_t more = type == kSkip ? 4 : type == kText ? static_cast<size_t>(value + value % 2) : 0;
    if (more > b.size() - at) return corrupt("the annotations are cut short at byte " + std::to_string(at));
    if (type == kSkip) time += static_cast<int32_t>(static_cast<uint32_t>(b[at + 2] | b[at + 3] << 8) | static_cast<uint32_t>(b[at] | b[at + 1] << 8) << 16);
    at += more;
    if (type == kSkip || type == kNumber || type == kSubtype || type == kChannel || type == kText) continue;
    time += value;
    if (type <= kLastBeat && time >= 0) out.push_back({static_cast<size_t>(time), type});
  }
  return corrupt("the annotations have no end");
}

Result<std::vector<Beat>> read_beats(const WfdbHeader& h, ByteSpan samples, ByteSpan annotations) {
  const auto lead = std::find_if(h.signals.begin(), h.signals.end(), [](const WfdbHeader::Signal& s) { return s.name == "MLII"; });
  VERGE_TRY(const std::vector<float> raw, read_wfdb_signal(h, samples, lead == h.signals.end() ? 0 : static_cast<size_t>(lead - h.signals.begin())));
  VERGE_TRY(std::vector<WfdbAnnotation> beats, read_wfdb_annotations(annotations));
  beats.erase(std::remove_if(beats.begin(), beats.end(), [&](const WfdbAnnotation& a) { return !is_beat(a.code) || a.sample >= raw.size(); }), beats.end());
  for (size_t i = 1; i < beats.size(); ++i)
    if (beats[i].sample < beats[i - 1].sample)
      return corrupt("the annotations of record " + h.name + " go back in time at sample " + std::to_string(beats[i].sample));
  const std::vector<float> x = levelled(raw, h.frequency);
  const Rhythm rhythm(beats);
  std::vector<std::vector<float>> windows;
  for (const WfdbAnnotation& a : beats) windows.push_back(window(x, h.frequency, a.sample));
  const std::vector<float> usual = median_of(windows);
  std::vector<Beat> out;
  for (size_t i = 0; i < beats.size(); ++i) {
    if (class_of(beats[i].code) < 0) continue;
    Beat beat{beats[i].sample, class_of(beats[i].code), Tensor(DataType::kF32, {kBeatPoints, 1, kBeatChannels})};
    float* to = beat.values.mut<float>().data();
    for (size_t p = 0; p < windows[i].size(); ++p, to += kBeatChannels) {
      to[0] = windows[i][p], to[1] = usual[p];
      to[2] = static_cast<float>(rhythm.before(i)), to[3] = static_cast<float>(rhythm.after(i)), to[4] = static_cast<float>(rhythm.beside_last(i));
    }
    out.push_back(std::move(beat));
  }
  return out;
}

}  // namespace verge
