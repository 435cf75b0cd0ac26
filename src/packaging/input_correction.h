// A drift of the inputs that is taken back at the head of a Program: x' = gain * x + offset for each channel. The manifest's "correction" repeats what the
// Program does, so that whoever watches the inputs sees what the network sees.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "base/shape.h"
#include "core/json.h"
#include "core/result.h"

namespace verge {

// Where an input has its channels: a picture's 1 to 4, first or last; anything else is one channel.
struct ChannelPlace {
  size_t channels = 1;
  bool first = false;  // [1, channels, h, w]
};
ChannelPlace channel_place(const Shape& input);

struct InputCorrection {
  std::vector<float> gain, offset;  // a number a channel
  static InputCorrection none(size_t channels) { return {std::vector<float>(channels, 1), std::vector<float>(channels, 0)}; }
};

// What brings means and deviations that were seen to those that are wanted, a channel each, in numbers of five digits. kInvalidArgument: other channels, or
// inputs that never changed.
Result<InputCorrection> matching(std::span<const double> wanted_mean, std::span<const double> wanted_deviation, std::span<const double> mean,
                                 std::span<const double> deviation);

Json correction_json(const InputCorrection& correction);
// Of a manifest; none where it has none. kCorrupt names what is wrong.
Result<std::optional<InputCorrection>> correction_of(const Json& manifest);

// In place; values of one input whose channels lie as `place` says.
void correct(const InputCorrection& correction, const ChannelPlace& place, std::span<float> values);

}  // namespace verge
