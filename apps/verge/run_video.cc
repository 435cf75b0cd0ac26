#include "verge/run_video.h"

#include <csignal>
#include <cstdio>
#include <deque>
#include <fstream>
#include <numeric>

#include "core/text.h"
#include "engine/parted.h"
#include "eval/bench.h"
#include "os/clock.h"
#include "os/sensors.h"
#include "pipeline/preprocess.h"
#include "verge/data_options.h"
#include "verge/detections.h"
#include "video/draw.h"
#include "video/sink.h"
#include "video/stream.h"

namespace verge::cli {
namespace {

using video::Frame, video::Stage;

std::atomic<bool> stop = false;

// The first Ctrl-C ends the stream in order, the second one at once.
void ask_to_stop(int signal) {
  stop = true;
  std::signal(signal, SIG_DFL);
}

using Infer = std::function<Result<std::vector<Tensor>>(const std::vector<Tensor>&)>;

// The model in Verge, or in parts where another engine has nodes of it.
Result<Infer> inference(const ModelOptions& options, const PlacementOptions& placement, LoadedModel& m, LoadOptions load) {
  VERGE_TRY(const std::optional<Engine> engine, engine_in_force(placement));
  if (!engine) return Infer([&m](const std::vector<Tensor>& in) { return m.executable.run(in); });
  VERGE_TRY(auto source, open_parts(options.path, load));
  VERGE_TRY(const std::vector<ops::HostValue> trial, trial_inputs(source->inputs(), load));
  VERGE_TRY(load, load_placed(placement, *engine, options.path, load, trial));
  VERGE_TRY(source, open_parts(options.path, load));
  auto parted = std::make_shared<PartedModel>(source, load);
  return Infer([parted](const std::vector<Tensor>& in) -> Result<std::vector<Tensor>> {
    VERGE_TRY(std::vector<ops::HostValue> values, parted->run({in.begin(), in.end()}));
    std::vector<Tensor> out;
    for (ops::HostValue& v : values) out.push_back(std::move(v.tensor));
    return out;
  });
}

// Results a second over the last ones.
class Rate {
 public:
  double tick() {
    constexpr size_t kLast = 30;
    times_.push_back(now_s());
    if (times_.size() > kLast) times_.pop_front();
    return times_.size() < 2 ? 0 : static_cast<double>(times_.size() - 1) / (times_.back() - times_.front());
  }

 private:
  std::deque<double> times_;
};

// What the stages work with; lives as long as the stream.
struct Work {
  explicit Work(LoadedModel m) : model(std::move(m)) {}
  LoadedModel model;
  Declaration declaration;
  Json labels;
  std::optional<Preprocessor> before;
  std::optional<Detector> detector;
  Infer infer;
  std::vector<std::unique_ptr<video::Sink>> sinks;
  std::ofstream lines;
  Rate rate;
};

Result<void> find_boxes(Work& w, Frame& f) {
  VERGE_TRY(f.found, w.detector->run(f.tensors));
  const int height = f.picture.shape()[0], width = f.picture.shape()[1];
  const Window window = window_of(w.declaration, w.before->input(), height, width);
  for (Detection& d : f.found) d = in_picture(d, window, height, width);
  if (w.lines.is_open() && !(w.lines << Json({{"frame", f.index}, {"detections", detections_json(f.found, w.labels)}}).dump() << std::endl)) return io_error("--detections: the file cannot be written");
  if (w.sinks.empty()) return done();
  video::draw_detections(f.picture, f.found, [&](int label) { return label_of(w.labels, label); });
  video::draw_caption(f.picture, format("%.1f FPS", w.rate.tick()));
  return done();
}

Result<void> show(Work& w, Frame& f) {
  for (auto& sink : w.sinks) {
    VERGE_TRY(const bool goes_on, sink->write(f.picture));
    if (!goes_on) stop = true;
  }
  return done();
}

std::vector<Stage> stages_of(Work& w) {
  std::vector<Stage> out;
  out.push_back({"prepare", [&w](Frame& f) -> Result<void> {
                   VERGE_TRY(Tensor input, w.before->run(f.picture));
                   f.tensors = {std::move(input)};
                   return done();
                 }});
  out.push_back({"infer", [&w](Frame& f) -> Result<void> {
                   VERGE_TRY(f.tensors, w.infer(f.tensors));
                   return done();
                 }});
  out.push_back({"boxes", [&w](Frame& f) { return find_boxes(w, f); }});
  if (w.sinks.empty()) return out;
  out.push_back({"write", [&w](Frame& f) { return show(w, f); }, [&w] {
                   for (auto& sink : w.sinks) sink->settle();
                 }});
  return out;
}

Result<std::unique_ptr<Work>> load(const ModelOptions& options, const PlacementOptions& placement, const std::string& pipeline) {
  VERGE_TRY(const LoadOptions load, load_options(options));
  VERGE_TRY(LoadedModel loaded, load_model(options.path, load));
  VERGE_TRY(const std::optional<Declaration> declared, declaration_in_force(loaded.manifest, pipeline));
  if (!declared || !declared->detections)
    return invalid("--source runs a detector, and '" + options.path + "' declares no \"detections\": give them with --pipeline (docs/pipeline.md)");
  auto w = std::make_unique<Work>(std::move(loaded));
  w->declaration = *declared;
  w->labels = w->model.manifest.value("labels", Json());
  const rt::Model& model = w->model.executable.model();
  if (model.input_count() != 1) return invalid("a picture goes into one input, the model has " + std::to_string(model.input_count()));
  std::vector<TensorView> outputs;
  for (size_t i = 0; i < model.output_count(); ++i) outputs.push_back(model.output(i));
  VERGE_TRY(w->before, Preprocessor::create(w->declaration, model.input(0)));
  VERGE_TRY(w->detector, Detector::create(*w->declaration.detections, outputs, w->before->input()));
  VERGE_TRY(w->infer, inference(options, placement, w->model, load));
  return w;
}

Result<void> open_sinks(const VideoArguments& arguments, const std::string& output, const video::SourceInfo& source, Work& w) {
  if (!output.empty()) {
    const std::string lower = lower_case(output);
    const bool known = ends_with(lower, ".mp4") || ends_with(lower, ".mkv") || ends_with(lower, ".mov") || ends_with(lower, ".avi");
    if (!known) return invalid("-o '" + output + "': a video is written as .mp4, .mkv, .mov or .avi");
    VERGE_TRY(auto sink, video::open_file_sink(output, source));
    w.sinks.push_back(std::move(sink));
  }
  if (arguments.show) {
    VERGE_TRY(auto window, video::open_window(source));
    w.sinks.push_back(std::move(window));
  }
  if (arguments.detections.empty()) return done();
  w.lines.open(arguments.detections);
  return w.lines ? done() : Result<void>(io_error("--detections '" + arguments.detections + "' cannot be written"));
}

// The standard deviation of the time between two results.
double jitter_ms(const std::vector<double>& intervals_ms) { return intervals_ms.empty() ? 0 : summarize(intervals_ms).std_ms; }

Json summary_json(const video::StreamResult& r, const VideoArguments& arguments, const std::string& output, const std::optional<double>& joules) {
  const double frames = static_cast<double>(std::max<int64_t>(1, r.frames));
  const Latency latency = summarize(r.latencies_ms);
  Json stages = Json::array();
  for (const auto& s : r.stages) stages.push_back({{"name", s.name}, {"mean_ms", s.busy_s * 1e3 / frames}});
  return {{"source", arguments.source}, {"output", output.empty() ? Json() : Json(output)}, {"frames", r.frames}, {"dropped", r.dropped}, {"seconds", r.seconds},
          {"fps", static_cast<double>(r.frames) / r.seconds}, {"latency_ms", {{"p50", latency.p50_ms}, {"p99", latency.p99_ms}, {"max", latency.max_ms}}},
          {"jitter_ms", jitter_ms(r.intervals_ms)}, {"stages", stages}, {"pipelined", !arguments.in_turn},
          {"energy_mj_per_frame", joules ? Json(*joules * 1e3 / frames) : Json()}, {"label", "measured"}};
}

void print_summary(const Json& s) {
  const auto number = [](const Json& v) { return v.get<double>(); };
  std::printf("%lld frames in %.2f s: %.1f FPS%s, %lld dropped\n", static_cast<long long>(s["frames"].get<int64_t>()), number(s["seconds"]), number(s["fps"]),
              s["pipelined"].get<bool>() ? "" : " (one stage at a time)", static_cast<long long>(s["dropped"].get<int64_t>()));
  std::printf("  end to end  p50 %.1f ms, p99 %.1f ms, max %.1f ms; jitter %.1f ms\n", number(s["latency_ms"]["p50"]), number(s["latency_ms"]["p99"]), number(s["latency_ms"]["max"]),
              number(s["jitter_ms"]));
  std::string stages;
  for (const Json& stage : s["stages"]) stages += format("%s%s %.2f ms", stages.empty() ? "" : ", ", stage["name"].get<std::string>().c_str(), number(stage["mean_ms"]));
  std::printf("  each frame  %s\n", stages.c_str());
  if (s["energy_mj_per_frame"].is_null()) std::puts("  energy      not known: this machine has no meter");
  else std::printf("  energy      %.1f mJ a frame\n", number(s["energy_mj_per_frame"]));
  if (!s["output"].is_null()) std::printf("wrote %s\n", s["output"].get<std::string>().c_str());
}

video::StreamOptions stream_options(const VideoArguments& arguments) {
  video::StreamOptions out;
  out.in_turn = arguments.in_turn;
  out.deadline_s = arguments.deadline_ms / 1e3;
  out.most_s = arguments.seconds;
  out.stop = &stop;
  return out;
}

}  // namespace

Result<void> run_video(const ModelOptions& model, const PlacementOptions& placement, const std::string& pipeline, const std::string& output, const VideoArguments& arguments) {
  VERGE_TRY(const std::unique_ptr<Work> work, load(model, placement, pipeline));
  Work& w = *work;
  VERGE_TRY(const auto source, video::open_source(arguments.source, {arguments.live, "", arguments.rate}));
  VERGE_CHECK(open_sinks(arguments, output, source->info(), w));
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  std::optional<EnergyMeter> meter = EnergyMeter::find();
  if (meter) meter->sample(now_s());
  VERGE_TRY(const video::StreamResult result, run_stream(*source, stages_of(w), stream_options(arguments)));
  if (meter) meter->sample(now_s());
  for (auto& sink : w.sinks) VERGE_CHECK(sink->finish());
  if (const std::string words = source->complaints(); !words.empty()) std::fprintf(stderr, "warning: '%s' is damaged, FFmpeg went on: %s\n", arguments.source.c_str(), words.c_str());
  if (result.frames == 0) return invalid("'" + arguments.source + "' gave no picture in time" + (result.dropped ? ": every one was dropped; raise --deadline-ms" : ""));
  const Json summary = summary_json(result, arguments, output, meter ? std::optional(meter->joules()) : std::nullopt);
  if (model.json) print_json(summary);
  else print_summary(summary);
  return done();
}

void add_video_options(CLI::App& app, VideoArguments& a) {
  app.add_option("--source", a.source, "run a detector on a video, a camera (/dev/video0, rtsp://...) or a folder of pictures, one after the other; -o writes the video");
  app.add_flag("--show", a.show, "show the video in a window");
  app.add_flag("--live", a.live, "read a file at its own pace, as if it were a camera: who is late drops pictures");
  app.add_option("--deadline-ms", a.deadline_ms, "drop pictures of a live source that are older than this when work on them would begin")->check(CLI::PositiveNumber);
  app.add_option("--rate", a.rate, "pictures a second: of a folder (25), or what a camera is asked for");
  app.add_option("--seconds", a.seconds, "end after this time; else at the end of the source or on Ctrl-C")->check(CLI::PositiveNumber);
  app.add_option("--detections", a.detections, "write what was found into this file, one line of JSON a picture");
  app.add_flag("--in-turn", a.in_turn, "one stage at a time, FFmpeg included, instead of all at once: to compare");
}

}  // namespace verge::cli
