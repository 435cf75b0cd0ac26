// Where pictures come from: a video file or a camera, both decoded by FFmpeg as a process of its own, or a folder of pictures.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "core/result.h"
#include "ir/tensor.h"

namespace verge::video {

struct SourceInfo {
  std::string rate = "25/1";  // pictures a second, as a fraction
  bool live = false;          // pictures come when they come: who is late misses them
};

struct SourceOptions {
  bool own_pace = false;    // read a file no faster than it was filmed, as if it were a camera
  std::string format = "";  // FFmpeg's name of the capture interface, where it is not v4l2
  std::string rate;         // of a folder or a camera; empty: 25/1 for a folder, what the camera gives
};

class Source {
 public:
  virtual ~Source() = default;
  virtual const SourceInfo& info() const = 0;
  // u8[height, width, 3], RGB; none at the end. kCorrupt for what cannot be decoded.
  virtual Result<std::optional<Tensor>> next() = 0;
  // Waits until the decoder has finished what it works on ahead. For measurements.
  virtual void settle() {}
  // What the decoder complained about although it went on; empty at best. After the end.
  virtual std::string complaints() { return ""; }
};

// A folder, a file, a device (/dev/video0) or an address that FFmpeg knows (rtsp://...). kNotFound where there is no such thing or no FFmpeg, kCorrupt where it is
// no video.
Result<std::unique_ptr<Source>> open_source(const std::string& from, const SourceOptions& options = {});

}  // namespace verge::video
