// `verge run MODEL --source`: a detector on a video, a camera or a folder of pictures.
#pragma once
#include <string>

#include "verge/command.h"
#include "verge/placement_options.h"

namespace verge::cli {

struct VideoArguments {
  std::string source, rate, detections;
  double deadline_ms = 0, seconds = 0;
  bool show = false, live = false, in_turn = false;
};
void add_video_options(CLI::App& app, VideoArguments& arguments);

// `output` is the video to write; empty: none. The boxes' steps come from the package or `pipeline`.
Result<void> run_video(const ModelOptions& model, const PlacementOptions& placement, const std::string& pipeline, const std::string& output, const VideoArguments& arguments);

}  // namespace verge::cli
