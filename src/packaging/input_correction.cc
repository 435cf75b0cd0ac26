#include "packaging/input_correction.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/text.h"

namespace verge {
namespace {

constexpr size_t kMostChannels = 4;

// Short in a manifest, and so in a delta.
float five_digits(double value) { return std::strtof(format("%.5g", value).c_str(), nullptr); }

}  // namespace

ChannelPlace channel_place(const Shape& input) {
  if (input.rank != 4) return {};
  const auto few = [](int32_t n) { return n >= 1 && n <= static_cast<int32_t>(kMostChannels); };
  if (few(input[3])) return {static_cast<size_t>(input[3]), false};
  if (few(input[1])) return {static_cast<size_t>(input[1]), true};
  return {};
}

Result<InputCorrection> matching(std::span<const double> wanted_mean, std::span<const double> wanted_deviation, std::span<const double> mean,
                                 std::span<const double> deviation) {
  const size_t n = mean.size();
  if (n == 0 || deviation.size() != n || wanted_mean.size() != n || wanted_deviation.size() != n)
    return invalid(format("the inputs that were seen have %zu channels, those of the reference %zu", n, wanted_mean.size()));
  InputCorrection out;
  for (size_t c = 0; c < n; ++c) {
    if (!(deviation[c] > 0) || !(wanted_deviation[c] > 0))
      return invalid(format("channel %zu never changed in the inputs: nothing says how strong it should be", c));
    out.gain.push_back(five_digits(wanted_deviation[c] / deviation[c]));
    out.offset.push_back(five_digits(wanted_mean[c] - static_cast<double>(out.gain[c]) * mean[c]));
  }
  return out;
}

Json correction_json(const InputCorrection& correction) {
  const auto row = [](const std::vector<float>& values) {
    Json out = Json::array();
    for (const float v : values) out.push_back(std::strtod(format("%.5g", static_cast<double>(v)).c_str(), nullptr));
    return out;
  };
  return {{"gain", row(correction.gain)}, {"offset", row(correction.offset)}};
}

Result<std::optional<InputCorrection>> correction_of(const Json& manifest) {
  if (!manifest.is_object() || !manifest.contains("correction")) return std::optional<InputCorrection>();
  try {
    const Json& json = manifest.at("correction");
    InputCorrection out{json.at("gain").get<std::vector<float>>(), json.at("offset").get<std::vector<float>>()};
    if (out.gain.empty() || out.gain.size() > kMostChannels || out.offset.size() != out.gain.size())
      return corrupt(format("the manifest's correction has %zu gains and %zu offsets; 1 to 4 of each are wanted", out.gain.size(), out.offset.size()));
    for (size_t c = 0; c < out.gain.size(); ++c)
      if (!std::isfinite(out.gain[c]) || !std::isfinite(out.offset[c])) return corrupt("the manifest's correction holds what is no number");
    return std::optional(std::move(out));
  } catch (const nlohmann::json::exception& e) {
    return corrupt(std::string("the manifest's correction: ") + e.what());
  }
}

void correct(const InputCorrection& correction, const ChannelPlace& place, std::span<float> values) {
  const size_t n = correction.gain.size(), plane = place.first ? std::max<size_t>(1, values.size() / n) : 1;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t c = i / plane % n;
    values[i] = values[i] * correction.gain[c] + correction.offset[c];
  }
}

}  // namespace verge
