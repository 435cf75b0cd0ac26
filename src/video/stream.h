// Pictures through a chain of stages, each in a thread of its own with a short queue before it, or all in turn.
//
//   source -> stage 0 -> stage 1 -> ... -> last stage
//
// Order is kept. A file's pictures all pass: a stage that is behind makes those before it wait. A live source waits for nobody: where the first stage is
// behind, the oldest picture that waits is dropped, so that what is shown is new; and a picture that is older than the deadline when a stage would begin it is
// dropped there.
#pragma once
#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "core/result.h"
#include "ir/tensor.h"
#include "pipeline/detect.h"
#include "video/source.h"

namespace verge::video {

struct Frame {
  int64_t index = 0;     // of the source's pictures, dropped ones counted
  double read_at_s = 0;  // now_s() when it had been decoded
  Tensor picture;        // u8[height, width, 3]
  std::vector<Tensor> tensors;  // what one stage leaves for the next
  std::vector<Detection> found;  // in the picture's pixels
};

struct Stage {
  std::string name;
  std::function<Result<void>(Frame&)> run;
  std::function<void()> settle = {};  // after each run of in-turn work; may be empty
};

struct StreamOptions {
  bool in_turn = false;              // one thread, one stage at a time, the decoder no further than one picture ahead
  size_t queue = 1;                  // pictures that wait before each stage
  double deadline_s = 0;             // of live sources; 0: none
  double most_s = 0;                 // ends the stream as `stop` does; 0: never
  std::atomic<bool>* stop = nullptr; // set by others: no further pictures are read, those on their way are finished
};

struct StageTime {
  std::string name;
  double busy_s = 0;
};

struct StreamResult {
  int64_t frames = 0, dropped = 0;
  double seconds = 0;                // from the first picture asked for to the last one finished
  std::vector<double> latencies_ms;  // from decoded to finished, each picture
  std::vector<double> intervals_ms;  // between one finished picture and the next
  std::vector<StageTime> stages;     // the source first
};

// The first error of any stage ends the stream, and is returned when every thread has ended.
Result<StreamResult> run_stream(Source& source, const std::vector<Stage>& stages, const StreamOptions& options = {});

}  // namespace verge::video
