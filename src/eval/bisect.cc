#include "eval/bisect.h"

#include <cmath>
#include <limits>

#include "eval/bench.h"
#include "eval/score.h"
#include "passes/pipelines.h"

namespace verge {
namespace {

using Outputs = std::vector<std::vector<float>>;  // all outputs of all samples, one after the other

Result<Outputs> outputs_of(Graph graph, const LoadOptions& options, size_t samples) {
  VERGE_TRY(const Lowered lowered, compile(graph, options));
  VERGE_TRY(Executable executable, Executable::open(lowered.program, {options.threads}));
  Outputs out;
  for (size_t s = 0; s < samples; ++s) {
    VERGE_TRY(const std::vector<Tensor> tensors, executable.run(random_inputs(executable.model(), s + 1)));
    for (const Tensor& t : tensors) out.push_back(real_values(t));
  }
  return out;
}

PassEffect effect(const std::string& pass, const Outputs& with, const Outputs& without) {
  PassEffect out;
  out.pass = pass;
  double difference = 0, reference = 0;
  for (size_t i = 0; i < with.size(); ++i)
    for (size_t k = 0; k < with[i].size(); ++k) {
      const double d = static_cast<double>(with[i][k]) - without[i][k];
      difference += d * d;
      reference += static_cast<double>(without[i][k]) * without[i][k];
      out.max_abs = std::max(out.max_abs, std::fabs(d));
    }
  if (difference > 0) out.relative = reference > 0 ? std::sqrt(difference / reference) : std::numeric_limits<double>::infinity();
  return out;
}

}  // namespace

Result<std::vector<PassEffect>> bisect_passes(const std::string& path, const LoadOptions& options, size_t samples,
                                              const std::function<void(size_t done, size_t all)>& progress) {
  VERGE_TRY(const Graph graph, import_file(path, options));
  VERGE_TRY(const Outputs with, outputs_of(graph, options, samples));
  std::vector<PassEffect> out;
  const auto passes = passes::prepare_passes();
  for (const passes::Pass& pass : passes) {
    if (progress) progress(out.size(), passes.size());
    LoadOptions without = options;
    without.skip_passes.push_back(pass.name);
    const Result<Outputs> other = outputs_of(graph, without, samples);
    if (other.ok()) {
      out.push_back(effect(pass.name, with, *other));
    } else {
      out.push_back({pass.name, true});
    }
  }
  return out;
}

}  // namespace verge
