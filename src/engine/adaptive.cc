#include "engine/adaptive.h"

#include <algorithm>

#include "os/clock.h"
#include "packaging/bundle.h"

namespace verge {
namespace {

bool same_borders(const rt::Model& a, const rt::Model& b) {
  if (a.input_count() != b.input_count() || a.output_count() != b.output_count()) return false;
  const auto same = [&](uint32_t x, uint32_t y) { return a.describe(x).dtype == b.describe(y).dtype && a.describe(x).shape == b.describe(y).shape; };
  for (size_t i = 0; i < a.input_count(); ++i)
    if (!same(a.input_tensor(i), b.input_tensor(i))) return false;
  for (size_t i = 0; i < a.output_count(); ++i)
    if (!same(a.output_tensor(i), b.output_tensor(i))) return false;
  return true;
}

// The least of some runs.
Result<double> least_ms(Executable& executable) {
  constexpr int kRuns = 8;
  double least = 1e30;
  for (int i = 0; i < kRuns; ++i) {
    const double start = now_s();
    VERGE_CHECK(executable.run());
    least = std::min(least, 1e3 * (now_s() - start));
  }
  return least;
}

}  // namespace

Result<AdaptiveModel> AdaptiveModel::open(ByteSpan bundle, const LoadOptions& options, const ChoiceRule& rule) {
  VERGE_TRY(const std::vector<Bytes> packages, open_bundle(bundle));
  std::vector<Executable> executables;
  std::vector<Json> manifests;
  std::vector<double> latency_ms;
  for (size_t i = 0; i < packages.size(); ++i) {
    const std::string name = std::to_string(i) + " of the bundle";
    VERGE_TRY(MemoryPackage file, open_package_bytes(packages[i], name, options.verify_package ? Verify::kFull : Verify::kStructure));
    VERGE_TRY(Executable executable, Executable::open_in_place(file.owner, file.program, {options.threads}), "package " + name);
    if (i > 0 && !same_borders(executables[0].model(), executable.model())) return invalid("package " + name + ": its inputs or outputs are not those of the first; variants must be exchangeable");
    VERGE_TRY(const double ms, least_ms(executable), "package " + name);
    executables.push_back(std::move(executable));
    manifests.push_back(std::move(file.manifest));
    latency_ms.push_back(ms);
  }
  return AdaptiveModel(std::move(executables), std::move(manifests), std::move(latency_ms), rule);
}

}  // namespace verge
