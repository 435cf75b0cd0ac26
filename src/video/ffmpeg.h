// FFmpeg as another process.
#pragma once
#include <string>
#include <vector>

#include "os/subprocess.h"

namespace verge::video {

// kNotFound says how to install it.
Result<Subprocess> start_ffmpeg(const std::vector<std::string>& command, Subprocess::Pipe pipe);
// The last line that is not empty, without FFmpeg's "[mov @ 0x...]".
std::string last_words(const std::string& words);
Error without_ffmpeg(const Error& error, const std::string& program);

}  // namespace verge::video
