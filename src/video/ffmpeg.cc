#include "video/ffmpeg.h"

#include "core/text.h"

namespace verge::video {

Error without_ffmpeg(const Error& error, const std::string& program) {
  if (error.code() != Code::kNotFound) return error;
  return not_found("videos and cameras are read and written by FFmpeg, and there is no '" + program + "' in PATH: install it (Debian: apt-get install ffmpeg); folders of pictures need none");
}

Result<Subprocess> start_ffmpeg(const std::vector<std::string>& command, Subprocess::Pipe pipe) {
  auto process = Subprocess::start(command, pipe);
  if (!process.ok()) return without_ffmpeg(process.error(), command[0]);
  return process;
}

std::string last_words(const std::string& words) {
  std::string last;
  for (const std::string& line : split(words, '\n'))
    if (!line.empty()) last = line;
  const size_t bracket = last[0] == '[' ? last.find("] ") : std::string::npos;
  return bracket == std::string::npos ? last : last.substr(bracket + 2);
}

}  // namespace verge::video
