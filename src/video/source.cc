#include "video/source.h"

#include <sys/stat.h>

#include "core/json.h"
#include "core/text.h"
#include "os/file.h"
#include "pipeline/decode.h"
#include "video/ffmpeg.h"

namespace verge::video {
namespace {

class Folder : public Source {
 public:
  static Result<std::unique_ptr<Source>> open(const std::string& path, const SourceOptions& options) {
    auto out = std::make_unique<Folder>();
    VERGE_TRY(const std::vector<std::string> files, list_files(path));
    for (const std::string& file : files) {
      const std::string lower = lower_case(file);
      if (ends_with(lower, ".jpg") || ends_with(lower, ".jpeg") || ends_with(lower, ".png")) out->files_.push_back(path + "/" + file);
    }
    if (out->files_.empty()) return not_found("'" + path + "' holds no pictures (.jpg, .png)");
    if (!options.rate.empty()) out->info_.rate = options.rate;
    return std::unique_ptr<Source>(std::move(out));
  }
  const SourceInfo& info() const override { return info_; }
  Result<std::optional<Tensor>> next() override {
    if (at_ == files_.size()) return std::optional<Tensor>();
    const std::string& path = files_[at_++];
    VERGE_TRY(const Bytes bytes, read_file(path));
    VERGE_TRY(Tensor picture, decode_image(bytes), "'" + path + "'");
    return std::optional<Tensor>(std::move(picture));
  }

 private:
  SourceInfo info_;
  std::vector<std::string> files_;
  size_t at_ = 0;
};

bool is_device(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode);
}

bool is_address(const std::string& from) { return from.find("://") != std::string::npos; }

// What FFmpeg must be told of the input.
std::vector<std::string> input_options(const std::string& from, const SourceOptions& options) {
  std::vector<std::string> out;
  if (is_device(from)) out = {"-f", options.format.empty() ? "v4l2" : options.format};
  if (is_device(from) && !options.rate.empty()) out.insert(out.end(), {"-framerate", options.rate});
  return out;
}

Error no_video(const std::string& from, const std::string& words) {
  return corrupt("'" + from + "' is no video that FFmpeg can read" + (words.empty() ? "" : ": " + last_words(words)));
}

// Pictures as a stream of PPM files (netpbm.sourceforge.net/doc/ppm.html), each with its size.
class Decoder : public Source {
 public:
  static Result<std::unique_ptr<Source>> open(const std::string& from, const SourceOptions& options) {
    VERGE_TRY(const SourceInfo info, probe(from, options));
    std::vector<std::string> command = {"ffmpeg", "-nostdin", "-v", "error", "-threads", "1"};
    if (options.own_pace) command.push_back("-re");
    for (const std::string& o : input_options(from, options)) command.push_back(o);
    for (const char* o : {"-i", from.c_str(), "-map", "0:v:0", "-an", "-f", "image2pipe", "-c:v", "ppm", "pipe:1"}) command.push_back(o);
    VERGE_TRY(Subprocess process, start_ffmpeg(command, Subprocess::Pipe::kFromIt));
    return std::unique_ptr<Source>(new Decoder(from, info, std::move(process)));
  }
  const SourceInfo& info() const override { return info_; }

  Result<std::optional<Tensor>> next() override {
    VERGE_TRY(const std::optional<Shape> shape, header());
    if (!shape) return at_end();
    Tensor picture(DataType::kU8, *shape);
    VERGE_TRY(const size_t got, process_.read(picture.data(), picture.bytes().size()));
    if (got < picture.bytes().size()) return at_end();
    ++count_;
    return std::optional<Tensor>(std::move(picture));
  }
  void settle() override { process_.wait_until_idle(); }
  std::string complaints() override { return last_words(words_); }

 private:
  Decoder(std::string from, SourceInfo info, Subprocess process) : from_(std::move(from)), info_(std::move(info)), process_(std::move(process)) {}

  static Result<SourceInfo> probe(const std::string& from, const SourceOptions& options) {
    std::vector<std::string> command = {"ffprobe", "-v", "error"};
    for (const std::string& o : input_options(from, options)) command.push_back(o);
    for (const char* o : {"-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate", "-of", "json", from.c_str()}) command.push_back(o);
    auto probed = run_to_end(command);
    if (!probed.ok()) return without_ffmpeg(probed.error(), command[0]);
    if (probed->end.exit_code != 0) return no_video(from, probed->end.words);
    VERGE_TRY(const Json json, parse_json(probed->output), "ffprobe");
    if (!json.contains("streams") || json["streams"].empty()) return no_video(from, "it has no pictures");
    SourceInfo info;
    const std::string rate = json["streams"][0].value("avg_frame_rate", "0/0");
    if (!starts_with(rate, "0/")) info.rate = rate;
    info.live = options.own_pace || is_device(from) || is_address(from);
    return info;
  }

  // "P6\nWIDTH HEIGHT\n255\n"; none at the end of the stream.
  Result<std::optional<Shape>> header() {
    std::string text;
    for (int lines = 0; lines < 3;) {
      uint8_t c = 0;
      VERGE_TRY(const size_t got, process_.read(&c, 1));
      if (got == 0) return std::optional<Shape>();
      text += static_cast<char>(c);
      lines += c == '\n' ? 1 : 0;
      if (text.size() > 40) return internal("FFmpeg's stream has no PPM header");
    }
    int width = 0, height = 0;
    if (std::sscanf(text.c_str(), "P6 %d %d 255", &width, &height) != 2 || width < 1 || height < 1 || int64_t{width} * height > kMostPixels)
      return internal("FFmpeg's stream has the PPM header '" + text + "'");
    return std::optional<Shape>(Shape{height, width, 3});
  }

  Result<std::optional<Tensor>> at_end() {
    const Subprocess::End end = process_.wait();
    words_ = end.words;
    if (count_ == 0 || end.exit_code != 0) return no_video(from_, words_);
    return std::optional<Tensor>();
  }

  std::string from_, words_;
  SourceInfo info_;
  Subprocess process_;
  int64_t count_ = 0;
};

}  // namespace

Result<std::unique_ptr<Source>> open_source(const std::string& from, const SourceOptions& options) {
  if (is_directory(from)) return Folder::open(from, options);
  if (is_address(from) || is_file(from) || is_device(from)) return Decoder::open(from, options);
  const bool device = starts_with(from, "/dev/");
  return not_found(device ? "there is no device '" + from + "'; `ls /dev/video*` shows the cameras that Linux knows" : "there is no '" + from + "'");
}

}  // namespace verge::video
