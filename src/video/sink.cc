#include "video/sink.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "core/text.h"
#include "video/ffmpeg.h"

namespace verge::video {
namespace {

std::string size_text(const Shape& shape) { return std::to_string(shape[1]) + "x" + std::to_string(shape[0]); }

std::vector<std::string> raw_input(const Shape& shape, const std::string& rate) {
  return {"-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", size_text(shape), "-framerate", rate, "-i", "pipe:0"};
}

// Starts with the first picture, whose size all others have.
class Piped : public Sink {
 public:
  explicit Piped(SourceInfo source) : source_(std::move(source)) {}

  Result<bool> write(const Tensor& picture) override {
    if (!process_) {
      shape_ = picture.shape();
      VERGE_TRY(process_, start_ffmpeg(command(shape_), Subprocess::Pipe::kToIt));
    }
    if (!(picture.shape() == shape_)) return invalid("a picture has " + size_text(picture.shape()) + " pixels, those before it " + size_text(shape_) + "; a video has one size");
    if (process_->write(picture.bytes()).ok()) return true;
    return gave_up(process_->wait());
  }
  Result<void> finish() override {
    if (!process_) return done();
    const Subprocess::End end = process_->wait();
    if (end.exit_code == 0 && end.words.empty()) return completed();
    VERGE_TRY(const bool goes_on, gave_up(end));
    (void)goes_on;
    return done();
  }
  void settle() override {
    if (process_) process_->wait_until_idle();
  }

 protected:
  virtual std::vector<std::string> command(const Shape& shape) const = 0;
  // The process ended too early or with an error; false where that is no fault.
  virtual Result<bool> gave_up(const Subprocess::End& end) = 0;
  virtual Result<void> completed() { return done(); }
  const SourceInfo source_;

 private:
  std::optional<Subprocess> process_;
  Shape shape_;
};

class VideoFile : public Piped {
 public:
  VideoFile(std::string path, SourceInfo source) : Piped(std::move(source)), path_(std::move(path)) {
    const std::filesystem::path p(path_);
    part_ = (p.parent_path() / (p.stem().string() + ".part" + p.extension().string())).string();
  }
  ~VideoFile() override {
    if (!complete_) std::remove(part_.c_str());
  }

 private:
  std::vector<std::string> command(const Shape& shape) const override {
    std::vector<std::string> out = {"ffmpeg", "-nostdin", "-v", "error", "-y"};
    if (source_.live) out.insert(out.end(), {"-use_wallclock_as_timestamps", "1"});
    for (const std::string& o : raw_input(shape, source_.rate)) out.push_back(o);
    if (source_.live) out.insert(out.end(), {"-vsync", "vfr", "-enc_time_base", "1:1000"});
    // H.264 of most players wants even sizes. One thread: the others belong to the model.
    out.insert(out.end(), {"-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-c:v", "libx264", "-preset", "superfast", "-threads", "1", "-pix_fmt", "yuv420p", part_});
    return out;
  }
  Result<bool> gave_up(const Subprocess::End& end) override {
    const std::string why = end.words.empty() ? "it ended with code " + std::to_string(end.exit_code) : last_words(end.words);
    return io_error("'" + path_ + "' cannot be written: FFmpeg: " + why);
  }
  Result<void> completed() override {
    if (std::rename(part_.c_str(), path_.c_str()) != 0) return io_error("'" + part_ + "' cannot be named '" + path_ + "'");
    complete_ = true;
    return done();
  }

  std::string path_, part_;
  bool complete_ = false;
};

class Window : public Piped {
 public:
  explicit Window(SourceInfo source) : Piped(std::move(source)) {}

 private:
  std::vector<std::string> command(const Shape& shape) const override {
    std::vector<std::string> out = {"ffplay", "-v", "quiet", "-autoexit", "-fflags", "nobuffer", "-window_title", "verge"};
    for (const std::string& o : raw_input(shape, source_.rate)) out.push_back(o);
    return out;
  }
  Result<bool> gave_up(const Subprocess::End&) override { return false; }  // the window was closed
};

}  // namespace

Result<std::unique_ptr<Sink>> open_file_sink(const std::string& path, const SourceInfo& source) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty() && !std::filesystem::is_directory(parent)) return not_found("'" + path + "': there is no folder '" + parent.string() + "'");
  return std::unique_ptr<Sink>(new VideoFile(path, source));
}

Result<std::unique_ptr<Sink>> open_window(const SourceInfo& source) {
  const auto given = [](const char* name) { return std::getenv(name) && *std::getenv(name); };
  const bool display = given("DISPLAY") || given("WAYLAND_DISPLAY") || given("SDL_VIDEODRIVER");
  if (!display) return not_found("--show needs a display, and neither DISPLAY nor WAYLAND_DISPLAY names one; -o writes a file instead");
  return std::unique_ptr<Sink>(new Window(source));
}

}  // namespace verge::video
