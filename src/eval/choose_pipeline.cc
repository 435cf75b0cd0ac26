#include "eval/choose_pipeline.h"

#include <algorithm>
#include <set>

#include "eval/score.h"
#include "pipeline/decode.h"

namespace verge {
namespace {

std::vector<Declaration> common_normalizations() {
  std::vector<Declaration> out;
  for (const ColorOrder color : {ColorOrder::kRgb, ColorOrder::kBgr}) {
    Declaration raw, unit, centred, imagenet;
    unit.std = {255, 255, 255};
    centred.mean = centred.std = {127.5f, 127.5f, 127.5f};
    imagenet.mean = {123.675f, 116.28f, 103.53f};  // torchvision's statistics times 255, R G B
    imagenet.std = {58.395f, 57.12f, 57.375f};
    if (color == ColorOrder::kBgr) {
      std::reverse(imagenet.mean.begin(), imagenet.mean.end());
      std::reverse(imagenet.std.begin(), imagenet.std.end());
    }
    for (Declaration d : {raw, unit, centred, imagenet}) {
      d.color = color;
      out.push_back(d);
    }
  }
  return out;
}

// At most `most` labelled pictures, spread over the data.
std::shared_ptr<RawData> sample_of(const RawData& data, size_t most) {
  auto out = std::make_shared<RawData>();
  out->classes = data.classes;
  std::vector<const RawFile*> labelled;
  for (const RawFile& f : data.files)
    if (f.label >= 0 && looks_like_image(f.bytes)) labelled.push_back(&f);
  const size_t n = std::min(most, labelled.size());
  for (size_t i = 0; i < n; ++i) out->files.push_back(*labelled[i * labelled.size() / n]);
  return out;
}

}  // namespace

Result<PipelineChoice> choose_pipeline(Executable& executable, std::shared_ptr<const RawData> data, const DataOptions& options) {
  PipelineChoice out;
  out.scored = Json::array();
  const std::shared_ptr<RawData> sample = sample_of(*data, 64);
  if (sample->files.empty()) return out;
  std::set<int> labels;
  for (const RawFile& f : data->files)
    if (f.label >= 0) labels.insert(f.label);
  out.chance = 1.0 / static_cast<double>(std::max<size_t>(labels.size(), 1));
  for (const Declaration& d : common_normalizations()) {
    VERGE_TRY(const std::unique_ptr<Dataset> set, make_dataset(sample, executable.model().input(0), d, options));
    VERGE_TRY(const Predictions p, predict(executable, *set));
    const double score = top1(p);
    out.scored.push_back({{"pipeline", declaration_text(d)}, {"top1", score}});
    if (score <= out.top1) continue;
    out.top1 = score;
    out.declaration = d;
  }
  std::stable_sort(out.scored.begin(), out.scored.end(), [](const Json& a, const Json& b) { return a["top1"] > b["top1"]; });
  return out;
}

}  // namespace verge
