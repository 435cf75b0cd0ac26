// A bundle's packages (packaging/bundle.h), all open at once, and one of them at work.
#pragma once
#include <vector>

#include "engine/load.h"
#include "engine/variant_choice.h"

namespace verge {

class AdaptiveModel {
 public:
  // The packages from the best to the cheapest. kInvalidArgument where their inputs or outputs differ in type or shape. Each is timed by a few runs on zeros.
  static Result<AdaptiveModel> open(ByteSpan bundle, const LoadOptions& options = {}, const ChoiceRule& rule = {});

  size_t variants() const { return executables_.size(); }
  const Json& manifest(size_t i) const { return manifests_[i]; }
  double latency_ms(size_t i) const { return latency_ms_[i]; }
  // Chooses for this moment; what follows runs on that variant. Memory and weights of all are there already: nothing is loaded.
  size_t adapt(const Conditions& now) { return chooser_.choose(now); }
  size_t current() const { return chooser_.current(); }
  Executable& executable() { return executables_[chooser_.current()]; }
  Executable& executable(size_t i) { return executables_[i]; }

 private:
  AdaptiveModel(std::vector<Executable> executables, std::vector<Json> manifests, std::vector<double> latency_ms, const ChoiceRule& rule)
      : executables_(std::move(executables)), manifests_(std::move(manifests)), latency_ms_(latency_ms), chooser_(std::move(latency_ms), rule) {}

  std::vector<Executable> executables_;
  std::vector<Json> manifests_;
  std::vector<double> latency_ms_;
  VariantChooser chooser_;
};

}  // namespace verge
