// Where pictures go: a video file, written by FFmpeg, or a window, which is ffplay's.
#pragma once
#include <memory>
#include <string>

#include "core/result.h"
#include "ir/tensor.h"
#include "video/source.h"

namespace verge::video {

class Sink {
 public:
  virtual ~Sink() = default;
  // u8[height, width, 3], RGB, all of one size. False where nobody looks any more.
  virtual Result<bool> write(const Tensor& picture) = 0;
  // After the last picture.
  virtual Result<void> finish() = 0;
  virtual void settle() {}
};

// H.264 in the container that the ending of `path` names. The file gets its name when it is whole: until then it is PATH with ".part" before the ending, and an
// error leaves none. Pictures of a live source are stamped with the clock, others with the source's rate.
Result<std::unique_ptr<Sink>> open_file_sink(const std::string& path, const SourceInfo& source);
// kNotFound without a display.
Result<std::unique_ptr<Sink>> open_window(const SourceInfo& source);

}  // namespace verge::video
