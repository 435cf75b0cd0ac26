#include "verge/run_sound.h"

#include <algorithm>
#include <cstdio>

#include "core/json.h"
#include "eval/score.h"
#include "eval/wav.h"
#include "os/file.h"
#include "pipeline/stream.h"
#include "verge/command.h"

namespace verge::cli {
namespace {

struct Window {
  double begin_s = 0, end_s = 0;
  std::vector<float> values;  // of the first output
};

Result<std::vector<Window>> listen(SoundStream& stream, const std::string& path) {
  VERGE_TRY(const Bytes bytes, read_file(path));
  VERGE_TRY(const Sound sound, read_sound(bytes), "'" + path + "'");
  const int rate = stream.steps().rate;
  if (sound.rate != rate) return invalid("'" + path + "' has " + std::to_string(sound.rate) + " samples a second, the model wants " + std::to_string(rate) + ": resample it (ffmpeg -i IN -ar " + std::to_string(rate) + " OUT.wav)");
  stream.reset();
  VERGE_TRY(const std::vector<SoundStream::Heard> heard, stream.push(sound.samples.values<float>()));
  std::vector<Window> out;
  for (const SoundStream::Heard& h : heard) {
    const auto hop = static_cast<double>(stream.hop());
    out.push_back({(static_cast<double>(h.end) - hop) / rate, static_cast<double>(h.end) / rate, h.outputs.empty() ? std::vector<float>() : real_values(h.outputs[0])});
  }
  return out;
}

// Neighbouring windows whose one score is at least `score`, as times.
std::vector<std::pair<double, double>> spans_of(const std::vector<Window>& windows, float score) {
  std::vector<std::pair<double, double>> out;
  bool inside = false;
  for (const Window& w : windows) {
    const bool above = w.values.size() == 1 && w.values[0] >= score;
    if (above && inside) out.back().second = w.end_s;
    else if (above) out.emplace_back(w.begin_s, w.end_s);
    inside = above;
  }
  return out;
}

std::string label_at(const Json& labels, size_t i) { return labels.is_array() && i < labels.size() && labels[i].is_string() ? labels[i].get<std::string>() : std::to_string(i); }

Json windows_json(const std::vector<Window>& windows) {
  Json out = Json::array();
  for (const Window& w : windows) out.push_back({{"begin_s", w.begin_s}, {"end_s", w.end_s}, {"values", w.values}});
  return out;
}

void print_windows(const std::string& path, const std::vector<Window>& windows, const SoundSteps& steps, const Json& labels) {
  const bool one_score = std::all_of(windows.begin(), windows.end(), [](const Window& w) { return w.values.size() == 1; });
  if (one_score) {
    for (const auto& [begin, end] : spans_of(windows, steps.score)) std::printf("%s  %.2f to %.2f s\n", path.c_str(), begin, end);
    return;
  }
  for (const Window& w : windows) {
    const auto best = static_cast<size_t>(std::max_element(w.values.begin(), w.values.end()) - w.values.begin());
    std::printf("%s  %.2f s  %s %.4g\n", path.c_str(), w.end_s, label_at(labels, best).c_str(), static_cast<double>(w.values[best]));
  }
}

}  // namespace

Result<void> run_sound(LoadedModel& model, const SoundSteps& steps, const std::vector<std::string>& files, bool json) {
  VERGE_TRY(SoundStream stream, SoundStream::create(steps, model.executable));
  Json all = Json::array();
  for (const std::string& path : files) {
    VERGE_TRY(const std::vector<Window> windows, listen(stream, path));
    all.push_back({{"file", path}, {"windows", windows_json(windows)}, {"spans", spans_of(windows, steps.score)}});
    if (!json) print_windows(path, windows, steps, model.manifest.value("labels", Json()));
  }
  if (json) print_json(all);
  return done();
}

}  // namespace verge::cli
